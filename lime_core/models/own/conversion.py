"""From a network as its file describes it to the graph that the engine runs; runs in the child process only."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.base import BATCH_SIZE
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.engines.openvino_graph import Graph, choosing_graph
from lime_core.models.own.inputs import PictureInput, numbers_before, read_input, reshaped
from lime_core.models.own.outputs import as_scores, chosen_head, last_operation, read_heads

if TYPE_CHECKING:
    from lime_core.models.own.sources import Network

# Operations that scale, and those that may stand between them and the input.
_SCALING = ("Multiply", "Subtract", "Add", "Divide", "BatchNormInference")
_PASSING = ("Convert", "Transpose", "FakeQuantize", "Reshape")
# Largest difference between a picture's outputs alone and among others, as a part of the largest output or of 1.
_TOLERANCE = 1e-3


def converted(network: Network, input_size: tuple[int, int] | None, output: str | None) -> tuple[Graph, dict[str, Any]]:
    """Return the graph of a network, and the facts about it that `lime_core.models.own.returned` reads.

    Raises
    ------
    ModelError
        If the network does not take one batch of pictures, gives no scores of classes, or does not treat each
        picture of a batch by itself; if `input_size` or `output` is needed, or does not fit.
    """
    model = network.model
    picture = read_input(model, input_size, channels_first=network.channels_first)
    reshaped(model, picture)
    heads = read_heads(model, network.names)
    head = chosen_head(heads, output)
    scales = picture.type == "u8" or network.scales_inside or scales_its_input(model)
    ends_in = last_operation(head)
    scores = as_scores(head)
    graph = choosing_graph(lambda pixels: _connected(model, picture, pixels, scores), picture.size, picture.channels)
    seconds = _try(graph, picture)
    facts = {
        "input_size": list(picture.size),
        "channels": picture.channels,
        "outputs": [[item.name, item.classes] for item in heads],
        "output": head.name,
        "last_operation": ends_in,
        "scales_inside": scales,
        "labels": network.labels,
        "metadata": network.metadata,
        "seconds_per_picture": seconds,
        "notes": [*picture.notes, *head.notes],
    }
    return graph, facts


def scales_its_input(model: Any) -> bool:
    """Return whether a model first multiplies its input by constants, or adds constants to it."""
    waiting = [model.inputs[0]]
    while waiting:
        for target in waiting.pop().get_target_inputs():
            node = target.get_node()
            kind = node.get_type_name()
            if kind in _SCALING and any(_is_constant(other) for other in node.inputs() if other != target):
                return True
            if kind in _PASSING:
                waiting.append(node.output(0))
    return False


def _is_constant(target: Any) -> bool:
    node = target.get_source_output().get_node()
    while node.get_type_name() in ("Convert", "Reshape", "Transpose", "Unsqueeze") and node.get_input_size():
        node = node.input_value(0).get_node()
    return bool(node.get_type_name() == "Constant")


def _connected(model: Any, picture: PictureInput, pixels: Any, scores: Any) -> Any:
    """Put the pixels in the place of a model's input, and return the node of the scores."""
    given = numbers_before(picture, pixels)
    for target in model.inputs[0].get_target_inputs():
        target.replace_source_output(given.output(0))
    return scores


def _try(graph: Graph, picture: PictureInput) -> float:
    """Run a graph on two pictures, alone and in a batch as the engine will; return the seconds that a picture takes."""
    shape = (2, *picture.size, picture.channels)
    pictures = np.random.default_rng(0).uniform(*picture.range, shape).astype(np.float32)
    labels = np.zeros(picture.size, np.int32)
    choices = np.array([[0], [1]], np.uint8)
    single, usual = (
        OpenVINOEngine(graph, picture.size, Plan(batch), channels=picture.channels) for batch in (1, BATCH_SIZE)
    )
    alone = single.choose(pictures, labels, choices)
    began = time.perf_counter()
    together = usual.choose(pictures, labels, choices)
    seconds = (time.perf_counter() - began) / BATCH_SIZE
    scale = max(1.0, float(np.abs(alone[np.isfinite(alone)]).max(initial=0)))
    if alone.shape != together.shape or not np.allclose(
        alone, together, rtol=0, atol=_TOLERANCE * scale, equal_nan=True
    ):
        raise ModelError(
            "The model's outputs for a picture depend on the other pictures of its batch, or on chance: it was made "
            "for one picture at a time, or for training. Export it with an open batch size (ONNX: dynamic_axes), "
            "and in inference mode."
        )
    return seconds
