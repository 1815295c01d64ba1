"""The engine that runs a network: OpenVINO on CPUs where possible, TensorFlow otherwise, and the reason for that."""

from __future__ import annotations

import contextlib
import threading
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from lime_core.errors import ModelError, WeightsError
from lime_core.models.engines.base import BATCH_SIZE, Engine, EngineName, Precision, TensorFlowEngine, choosing_function
from lime_core.models.engines.keras_import import import_tensorflow
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.engines.openvino_graph import Graph, convert
from lime_core.models.engines.openvino_runtime import bf16_available, openvino_available
from lime_core.models.engines.plans import plan_for, remembered_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.models.engines.graph_store import GraphStore

# Largest difference between the engines' outputs, as a part of the largest output or of 1.
TOLERANCE = 1e-4
# Files that drivers of graphics cards make; asking TensorFlow instead takes seconds.
_GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/usr/lib/wsl/lib/libcuda.so.1")
# Keras and the converter use global state while they build.
BUILDING = threading.RLock()


def check_engine(engine: EngineName, precision: Precision) -> None:
    """Raise `ModelError` unless an engine of that name can run in that precision on this machine."""
    if engine not in get_args(EngineName):
        raise ModelError(f"engine must be one of {', '.join(get_args(EngineName))}; got {engine!r}.")
    if precision not in get_args(Precision):
        raise ModelError(f"precision must be one of {', '.join(get_args(Precision))}; got {precision!r}.")
    if engine == "openvino" and not openvino_available():
        raise ModelError(
            "The engine openvino is not installed: `pip install tensorflow keras openvino`. The first load of a Keras "
            "model needs all three; later loads, and those of EfficientNet-Lite, need OpenVINO alone."
        )
    if precision == "bf16" and engine == "tensorflow":
        raise ModelError("The engine tensorflow runs in f32 only; bf16 needs the engine openvino.")
    if precision == "bf16" and not bf16_available():
        raise ModelError("This processor does not compute in bf16, or openvino is not installed; use precision f32.")


def make_engine(
    build: Callable[[], Any],
    input_size: tuple[int, int],
    *,
    engine: EngineName = "auto",
    precision: Precision = "f32",
    batch_size: int | None = None,
    channels: int = 3,
    model_id: str | None = None,
    write_graph: Callable[[], Graph] | None = None,
    store: Callable[[], GraphStore | None] = lambda: None,
) -> tuple[Engine, str | None]:
    """Return the engine for a network, and a note with the reason if OpenVINO was expected and is not used.

    Parameters
    ----------
    build : callable
        Returns the Keras model; called only if TensorFlow runs it, or there is no other way to a graph of it.
    input_size : (int, int)
        Height and width.
    engine : {"auto", "tensorflow", "openvino"}
        ``auto`` is OpenVINO where it is installed, there is no GPU and the model converts, else TensorFlow.
    precision : {"f32", "bf16"}
        Only OpenVINO has bf16; f32 is never used in its place.
    batch_size : int, optional
        Pictures in a batch; the measured best size if left out.
    channels : int
        Of the pictures: 3, or 1 for grey ones.
    model_id : str, optional
        Architecture in the catalog, under which measurements are remembered.
    write_graph : callable, optional
        Returns the graph of the same network, made without TensorFlow; it is converted from the Keras model if left
        out.
    store : callable
        Returns where the graph is stored, or None if it is not stored.

    Raises
    ------
    ModelError
        If the engine is unknown or not available, or cannot run the model.
    """
    check_engine(engine, precision)
    size = batch_size or BATCH_SIZE
    if not 1 <= size <= 255:
        raise ModelError(f"batch_size must be 1 to 255; got {size}.")
    with BUILDING:
        function = cache(lambda: choosing_function(build(), input_size, channels))
        reason = _reason_for_tensorflow() if (engine, precision) == ("auto", "f32") else None
        if engine == "tensorflow" or reason:
            return TensorFlowEngine(function(), size), reason

        def made_graph() -> Graph:
            return _converted(function(), (*input_size, channels)) if write_graph is None else _written(write_graph)

        def compiled(graph: Graph, *, measure_later: bool) -> Engine:
            if not model_id or batch_size:
                plan = Plan(size)
            elif measure_later:
                # The user has just waited for the graph, so measuring is left to the next start.
                plan = remembered_plan(model_id, precision)
            else:
                plan = plan_for(model_id, graph, input_size, precision)
            return OpenVINOEngine(graph, input_size, plan, precision, channels=channels)

        try:
            return _on_openvino(made_graph, store, compiled), None
        except _UnusableError as error:
            if engine == "openvino" or precision != "f32":
                raise ModelError(f"The model cannot run on OpenVINO: {error}") from error
            return TensorFlowEngine(function(), size), f"TensorFlow is used: {error}"


class _UnusableError(Exception):
    """OpenVINO cannot run this model, though the model may be fine."""


def _on_openvino(
    make_graph: Callable[[], Graph],
    find_store: Callable[[], GraphStore | None],
    compiled: Callable[..., Engine],
) -> Engine:
    """Compile the stored graph; if there is none, or it cannot be used, make and store it first."""
    try:
        store = find_store()
    except ModelError as error:
        raise _UnusableError(str(error)) from error
    stored = store.load() if store else None
    if stored is not None:
        # An intact file may still hold an unsuitable graph; then it is made again.
        with contextlib.suppress(ModelError):
            return compiled(stored, measure_later=False)
    graph = make_graph()
    stored_now = store is not None and store.save(graph)
    try:
        return compiled(graph, measure_later=bool(stored_now))
    except ModelError as error:
        raise _UnusableError(str(error)) from error


def _written(write_graph: Callable[[], Graph]) -> Graph:
    try:
        return write_graph()
    except WeightsError:
        # TensorFlow could not use such weights either.
        raise
    except ModelError as error:
        raise _UnusableError(str(error)) from error


def _converted(function: Any, picture_shape: tuple[int, int, int]) -> Graph:
    """Convert a `tf.function` and check the graph's outputs against its own."""
    try:
        graph = convert(function)
        height, width, channels = picture_shape
        engine = OpenVINOEngine(graph, (height, width), channels=channels)
        difference = _difference(function, engine, picture_shape)
    except ModelError as error:
        raise _UnusableError(str(error)) from error
    if not difference <= TOLERANCE:
        raise _UnusableError(f"OpenVINO's outputs differ from TensorFlow's by {difference:.1e}.")
    return graph


def _difference(function: Any, engine: Engine, picture_shape: tuple[int, int, int]) -> float:
    """Return how far an engine's outputs are from TensorFlow's, on half-hidden noise."""
    rng = np.random.default_rng(0)
    pictures = rng.uniform(-1, 1, (2, *picture_shape)).astype(np.float32)
    pictures[1] = 127.5 + 127.5 * pictures[1]
    labels = rng.integers(0, 4, picture_shape[:2], dtype=np.int32)
    choices = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], [0, 1, 1, 0]], np.uint8)
    expected = TensorFlowEngine(function, len(choices)).choose(pictures, labels, choices)
    outputs = engine.choose(pictures, labels, choices)
    if outputs.shape != expected.shape:
        return np.inf
    return float(np.abs(outputs - expected).max(initial=0) / max(1.0, np.abs(expected).max(initial=0)))


@cache
def _reason_for_tensorflow() -> str | None:
    if not openvino_available():
        return "TensorFlow is used because OpenVINO is not installed."
    if _has_gpu():
        return "TensorFlow is used because there is a GPU."
    return None


def _has_gpu() -> bool:
    likely = any(Path(name).exists() for name in _GPU_FILES)
    with contextlib.suppress(metadata.PackageNotFoundError):
        likely = likely or bool(metadata.version("tensorflow-metal"))
    if not likely:
        return False
    try:
        return bool(import_tensorflow().config.list_physical_devices("GPU"))
    except ModelError:
        return False
