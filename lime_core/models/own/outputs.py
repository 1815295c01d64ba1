"""The outputs of a network that give one number a class; runs in the child process only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.openvino_runtime import import_openvino
from lime_core.models.own.inputs import FLOATS
from lime_core.models.own.model import MOST_CLASSES, Head

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUANTIZED = ("u8", "i8")
_LAST = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log_softmax"}
_PASSING = ("Convert", "FakeQuantize", "Reshape", "Squeeze", "Unsqueeze")


@dataclass(frozen=True, slots=True)
class NetworkHead(Head):
    """A head, and where it is in the network.

    Attributes
    ----------
    port : openvino.Output
        What computes it.
    notes : tuple of str
        What could have been read in two ways.
    """

    port: Any
    notes: tuple[str, ...]


def read_heads(model: Any, names: Sequence[str] | None) -> list[NetworkHead]:
    """Return the outputs of a model that are of the shape `(B, C)`, or become it by leaving out sides of 1.

    Raises
    ------
    ModelError
        If there are none; the message lists the shapes that there are.
    """
    given = names or [min(port.names, default=f"output {index}") for index, port in enumerate(model.outputs)]
    heads = [
        head
        for name, port in zip(given, model.outputs, strict=True)
        if (head := _head(name, port.get_node())) is not None
    ]
    if not heads:
        shapes = ", ".join(
            f"{name}: {port.partial_shape.to_string()[:60]} {port.element_type.get_type_name()}"
            for name, port in zip(given, model.outputs, strict=True)
        )
        raise ModelError(
            "The model must have an output of the shape (batch, classes), of one floating-point number for each of at "
            f"most {MOST_CLASSES:,} classes; it has {shapes}. A network that finds boxes, outlines objects or names a "
            "single class cannot be explained here."
        )
    return heads


def chosen_head(heads: Sequence[NetworkHead], name: str | None) -> NetworkHead:
    """Return the head of a name, or the only one there is.

    Raises
    ------
    ModelError
        If there is none of that name, or more than one and no name was given.
    """
    found = [head for head in heads if name in (None, head.name)]
    if len(found) == 1:
        return found[0]
    lines = "; ".join(f"{head.name!r} ({head.classes} classes, {_ending(head)})" for head in heads)
    if name is None:
        raise ModelError(
            f"The model has {len(heads)} outputs: {lines}. Choose one by its name: output={heads[0].name!r}."
        )
    raise ModelError(f"The model has no output named {name!r}; it has {lines}.")


def last_operation(head: NetworkHead) -> str | None:
    """Return the activation that a head ends in: ``softmax``, ``sigmoid``, ``log_softmax``, or None for another."""
    node = head.port.get_node()
    while node.get_type_name() in _PASSING:
        node = node.input_value(0).get_node()
    kind = node.get_type_name()
    if kind == "Log" and node.input_value(0).get_node().get_type_name() == "Softmax":
        return "log_softmax"
    return _LAST.get(kind)


def as_scores(head: NetworkHead) -> Any:
    """Return the node of a head's numbers as float32 `(B, C)`."""
    operations = import_openvino().opset13
    port = head.port
    if port.element_type.get_type_name() in _QUANTIZED:
        scores = _dequantized(operations, port)
    else:
        scores = operations.convert(port, "f32")
    if len(port.partial_shape) > 2:
        scores = operations.reshape(scores, np.array([-1, head.classes]), special_zero=False)
    return scores


def _head(name: str, result: Any) -> NetworkHead | None:
    port = result.input_value(0)
    shape, kind = port.partial_shape, port.element_type.get_type_name()
    if shape.rank.is_dynamic or len(shape) < 2 or any(side.is_dynamic for side in list(shape)[1:]):
        return None
    sides = [side.get_length() for side in list(shape)[1:]]
    known = kind in FLOATS or (kind in _QUANTIZED and _ends(port) is not None)
    if not known or max(sides) != np.prod(sides, dtype=object) or not 1 <= max(sides) <= MOST_CLASSES:
        return None
    note = f"The output {name!r} of the shape {shape.to_string()} is read as (batch, {max(sides)})."
    return NetworkHead(name, max(sides), port, (note,) if len(sides) > 1 else ())


def _ending(head: NetworkHead) -> str:
    return last_operation(head) or "no activation"


def _ends(port: Any) -> tuple[float, float, float, float] | None:
    """Return the real numbers at both ends of a quantized output, and the integers that stand for them."""
    node = port.get_node()
    if node.get_type_name() == "Convert":
        node = node.input_value(0).get_node()
    if node.get_type_name() != "FakeQuantize":
        return None
    ends = [node.input_value(index).get_node() for index in range(1, 5)]
    if any(end.get_type_name() != "Constant" or end.get_vector().size != 1 for end in ends):
        return None
    low, high, lowest, highest = (float(end.get_vector()[0]) for end in ends)
    usable = np.isfinite([low, high, lowest, highest]).all() and low < high and lowest < highest
    return (low, high, lowest, highest) if usable else None


def _dequantized(operations: Any, port: Any) -> Any:
    low, high, lowest, highest = _ends(port) or (0.0, 1.0, 0.0, 1.0)
    steps = operations.subtract(operations.convert(port, "f32"), np.float32(lowest))
    step = np.float32((high - low) / (highest - lowest))
    return operations.add(operations.multiply(steps, step), np.float32(low))
