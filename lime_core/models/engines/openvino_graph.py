"""Graphs for OpenVINO: a network with the choice of superpixels in front of it, converted or written down."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError, in_words
from lime_core.models.engines.openvino_runtime import import_openvino

if TYPE_CHECKING:
    from collections.abc import Callable

_FOLDER_IN_MEMORY = "/dev/shm"  # noqa: S108 - on Linux; the folders made in it are private


@dataclass(frozen=True, slots=True)
class Graph:
    """A network with the choice of superpixels in front of it, in OpenVINO's own format.

    Attributes
    ----------
    structure : bytes
        The XML part.
    weights : bytes
        The binary part.
    """

    structure: bytes
    weights: bytes


def convert(function: Any) -> Graph:
    """Convert the `tf.function` of `lime_core.models.engines.base.choosing_function`.

    Raises
    ------
    ModelError
        If OpenVINO is missing, or does not support an operation of the graph.
    """
    openvino = import_openvino()
    try:
        traced = function.get_concrete_function()
        # Named, because OpenVINO would otherwise take what Keras's swish computes for its gradient as further outputs.
        model = openvino.convert_model(traced, output=[tensor.name for tensor in traced.outputs])
    except Exception as error:
        # Users bring layers of every kind, and the converter raises many types of exception for them.
        raise ModelError(f"OpenVINO could not convert the model: {type(error).__name__}: {error}") from error
    return saved_graph(model)


def choosing_graph(network: Callable[[Any], Any], input_size: tuple[int, int], channels: int = 3) -> Graph:
    """Return the graph of a network that is written in OpenVINO's own operations.

    It computes what `lime_core.models.engines.base.choosing_function` computes, without TensorFlow.

    Parameters
    ----------
    network : callable
        Takes the node of the pixels, float32 `(B, h, w, channels)`, and returns the node of the outputs `(B, C)`.
    input_size : (int, int)
        Height and width.
    channels : int
        3 for color pictures, 1 for gray ones.

    Raises
    ------
    ModelError
        If OpenVINO is missing.
    """
    openvino = import_openvino()
    operations = openvino.opset13
    height, width = input_size
    pictures = operations.parameter([-1, height, width, channels], np.float32, name="pictures")
    labels = operations.parameter([height, width], np.int32, name="labels")
    choices = operations.parameter([-1, -1], np.uint8, name="choices")
    chosen = operations.gather(operations.convert(choices, "i32"), labels, np.int32(1))
    pixel_index = np.arange(height * width, dtype=np.int32).reshape(height, width)
    rows = operations.add(operations.multiply(chosen, np.int32(height * width)), pixel_index)
    table = operations.reshape(pictures, np.array([-1, channels], np.int32), special_zero=False)
    inputs = [pictures, labels, choices]
    for node in inputs:
        node.output(0).set_names({node.get_friendly_name()})
    outputs = network(operations.gather(table, rows, np.int32(0)))
    return saved_graph(openvino.Model([outputs], inputs, "network"))


def saved_graph(model: Any) -> Graph:
    """Return a model in OpenVINO's own format, which OpenVINO writes into files only."""
    reasons = []
    # Where the disk is full, Linux has a folder in memory.
    for parent in (None, _FOLDER_IN_MEMORY):
        try:
            with tempfile.TemporaryDirectory(dir=parent) as folder:
                path = Path(folder) / "graph.xml"
                import_openvino().save_model(model, path, compress_to_fp16=False)
                return Graph(path.read_bytes(), path.with_suffix(".bin").read_bytes())
        except (OSError, RuntimeError) as error:
            reasons.append(in_words(error))
    raise ModelError(
        f"The converted model could not be written into the folder for temporary files ({reasons[0]}): make room "
        "there, or set TMPDIR to a folder on another disk."
    )
