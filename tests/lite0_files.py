"""The built-in network written as a file of each format that can be brought."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lime_core.models.engines.keras_import import import_tensorflow
from lime_core.models.networks.lite_in_keras import build_keras

SIDE = 224


def _keras(model: Any, path: Path) -> None:
    model.save(path)


def _onnx(model: Any, path: Path) -> None:
    model.export(path, format="onnx", verbose=False)


def _tflite(model: Any, path: Path) -> None:
    tf = import_tensorflow()
    signature = [tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32)]
    module = tf.Module()
    module.f = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    path.write_bytes(converter.convert())


WRITERS: dict[str, Callable[[Any, Path], None]] = {"keras": _keras, "onnx": _onnx, "tflite": _tflite}


def write(folder: Path) -> dict[str, Path]:
    """Write all of them into a folder; return their paths by ending."""
    model = build_keras("lite0")
    # Keras exports a model only once it was called.
    model(np.zeros((1, SIDE, SIDE, 3), np.float32))
    paths = {ending: folder / f"lite0.{ending}" for ending in WRITERS}
    with warnings.catch_warnings():
        # The exporters use what NumPy and TensorFlow have deprecated.
        warnings.simplefilter("ignore")
        for ending, path in paths.items():
            WRITERS[ending](model, path)
    return paths
