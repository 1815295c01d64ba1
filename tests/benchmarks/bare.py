"""The network and nothing else, on the engine and at the batch of a classifier: what no explanation can undercut."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.models import model_card
from lime_core.models.engines.keras_import import import_tensorflow
from lime_core.models.networks.preprocessing import preprocess
from tests.benchmarks.classifiers import keras_network

Passes = Callable[[int], None]


def bare_passes(classifier: lc.Classifier, image: NDArray[np.uint8], count: int) -> Callable[[], float]:
    """Return a function that runs the network on `count` pictures and says how many seconds that took.

    Compiled from the Keras model without our graph in front: no superpixels, no masks; the pictures, uint8
    ``(h, w, 3)`` at the input size, are ready, and the outputs are thrown away.
    """
    engine: Any = classifier._engine
    batch = engine.batch_size
    pictures = preprocess(np.repeat(image[None], batch, axis=0), model_card(classifier.id).preprocessing)
    function = _function(keras_network(classifier.id), pictures.shape)
    if engine.name == "tensorflow":
        run = _on_tensorflow(function, pictures)
    else:
        precision = "bf16" if engine.name.endswith("bf16") else "f32"
        run = _on_openvino(function, pictures, engine.streams, precision)
    batches = math.ceil(count / batch)

    def timed() -> float:
        started = time.perf_counter()
        run(batches)
        return time.perf_counter() - started

    return timed


def _function(model: Any, shape: tuple[int, ...]) -> Any:
    tf = import_tensorflow()
    signature = [tf.TensorSpec(shape, tf.float32)]
    return tf.function(lambda pictures: model(pictures, training=False), input_signature=signature, autograph=False)


def _on_tensorflow(function: Any, pictures: NDArray[np.float32]) -> Passes:
    def run(batches: int) -> None:
        for _ in range(batches):
            function(pictures).numpy()

    return run


def _on_openvino(function: Any, pictures: NDArray[np.float32], streams: int, precision: str) -> Passes:
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
        "NUM_STREAMS": streams,
    }
    model = openvino.convert_model(function.get_concrete_function())
    queue = openvino.AsyncInferQueue(openvino.Core().compile_model(model, "CPU", settings), streams)

    def run(batches: int) -> None:
        for _ in range(batches):
            queue.start_async({0: pictures}, share_inputs=True)
        queue.wait_all()

    return run
