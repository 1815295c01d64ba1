"""The input of a network: which size, which layout and which type of numbers; runs in the child process only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.openvino_runtime import import_openvino

_CHANNELS = (1, 3)
_LONGEST_SIDE = 4096
_MOST_PIXELS = 1 << 22
FLOATS = ("f32", "f16", "f64", "bf16")
_BYTES = (0.0, 255.0)
_NO_BATCH = (
    "The model takes batches of one size only: the number of pictures is built into it. Export it with an open batch "
    "size (ONNX: dynamic_axes, TensorFlow Lite: an input of shape (None, ...))."
)


@dataclass(frozen=True, slots=True)
class PictureInput:
    """The input of a network, as it was read.

    Attributes
    ----------
    size : (int, int)
        Height and width.
    channels : int
        1 or 3.
    channels_first : bool
        Whether the shape is `(B, channels, h, w)` and not `(B, h, w, channels)`.
    type : str
        Type of the numbers, as OpenVINO names it.
    range : (float, float)
        Lowest and highest number of a picture, for integers; for floating-point numbers a guess.
    notes : tuple of str
        What could have been read in two ways.
    """

    size: tuple[int, int]
    channels: int
    channels_first: bool
    type: str
    range: tuple[float, float]
    notes: tuple[str, ...]


def read_input(model: Any, input_size: tuple[int, int] | None, *, channels_first: bool) -> PictureInput:
    """Read the shape and the type of a model's input.

    Parameters
    ----------
    model : openvino.Model
        As its file describes it.
    input_size : (int, int), optional
        Height and width, where the model leaves them open.
    channels_first : bool
        Which reading to take where the shape allows both.

    Raises
    ------
    ModelError
        If there is not one input, it is no batch of colour or grey pictures, or the size is missing or another one.
    """
    if len(model.inputs) != 1:
        names = ", ".join(sorted(_name(port) for port in model.inputs)) or "none"
        raise ModelError(f"The model must have one input, a picture; it has {len(model.inputs)}: {names}.")
    port = model.inputs[0]
    shape = _sides(port)
    first, notes = layout(shape, channels_first=channels_first)
    channels = shape[1] if first else shape[3]
    if channels is None:
        channels = 3
        notes.append("The model leaves the number of channels open; 3 (colour) is taken.")
    size = _size(shape[2:] if first else shape[1:3], input_size)
    kind = port.element_type.get_type_name()
    return PictureInput(size, channels, first, kind, _range(model, kind, notes), tuple(notes))


def reshaped(model: Any, picture: PictureInput) -> None:
    """Give a model's input its size, and an open number of pictures.

    Raises
    ------
    ModelError
        If the model allows neither.
    """
    if _sides(model.inputs[0])[0] == 1:
        # OpenVINO does that itself for the simplest of them only.
        _open_reshapes(model)
    sides = [picture.channels, *picture.size] if picture.channels_first else [*picture.size, picture.channels]
    try:
        model.reshape({model.inputs[0]: [-1, *sides]})
    except RuntimeError as error:
        given = f"{picture.size[0]} x {picture.size[1]} with {picture.channels} channels"
        raise ModelError(
            f"The model does not take batches of pictures of {given}: export it with an open batch size. "
            f"({_last(error)})"
        ) from error
    for port in model.outputs:
        if port.partial_shape.rank.is_static and len(port.partial_shape) and port.partial_shape[0].is_static:
            raise ModelError(_NO_BATCH)


def numbers_before(picture: PictureInput, pixels: Any) -> Any:
    """Return the node of what a network takes, from that of the pixels float32 `(B, h, w, channels)`."""
    operations = import_openvino().opset13
    if picture.type in ("u8", "i8"):
        pixels = _quantized(operations, picture, pixels)
    elif picture.type != "f32":
        pixels = operations.convert(pixels, picture.type)
    return operations.transpose(pixels, np.array([0, 3, 1, 2])) if picture.channels_first else pixels


def _quantized(operations: Any, picture: PictureInput, pixels: Any) -> Any:
    lowest, highest = picture.range
    integers = np.iinfo(np.uint8 if picture.type == "u8" else np.int8)
    step = np.float32((highest - lowest) / 255)
    steps = operations.divide(operations.subtract(pixels, np.float32(lowest)), step)
    rounded = operations.round(operations.add(steps, np.float32(integers.min)), "half_to_even")
    return operations.convert(operations.clamp(rounded, float(integers.min), float(integers.max)), picture.type)


def _sides(port: Any) -> list[int | None]:
    """Return the sides of a port's shape, None for open ones."""
    shape = port.partial_shape
    if shape.rank.is_dynamic:
        raise ModelError("The model leaves the shape of its input open: export it for pictures of one size.")
    sides = [side.get_length() if side.is_static else None for side in shape]
    if len(sides) != 4:
        raise ModelError(
            f"The input must be a batch of pictures, such as (batch, height, width, 3); its shape is {_shown(sides)}."
        )
    return sides


def layout(shape: list[int | None], *, channels_first: bool) -> tuple[bool, list[str]]:
    """Return whether a shape with four sides has its channels first, and a note where it can be read in two ways."""
    first, last = shape[1] in _CHANNELS, shape[3] in _CHANNELS
    if first != last:
        return first, []
    if not first and None not in (shape[1], shape[3]):
        raise ModelError(
            "The input must have 3 channels (colour) or 1 (grey), in the first or last place behind the batch; its "
            f"shape is {_shown(shape)}."
        )
    if (shape[1] is None) != (shape[3] is None):
        return shape[1] is None, []
    order = "(batch, channels, height, width)" if channels_first else "(batch, height, width, channels)"
    return channels_first, [f"The input's shape {_shown(shape)} can be read in two ways; {order} is taken."]


def _size(sides: list[int | None], wanted: tuple[int, int] | None) -> tuple[int, int]:
    if wanted is None and None in sides:
        raise ModelError(
            f"The model leaves the size of its pictures open ({_shown(sides)}): give it, such as input_size=(224, 224)."
        )
    size = tuple(own if own is not None else asked for own, asked in zip(sides, wanted or sides, strict=True))
    if wanted is not None and size != tuple(wanted):
        raise ModelError(f"The model takes pictures of {_shown(sides)} pixels; input_size is {tuple(wanted)}.")
    height, width = int(size[0] or 0), int(size[1] or 0)
    if not (1 <= height <= _LONGEST_SIDE and 1 <= width <= _LONGEST_SIDE and height * width <= _MOST_PIXELS):
        raise ModelError(
            f"The model takes pictures of {height} x {width} pixels; at most {_MOST_PIXELS:,} pixels, and "
            f"{_LONGEST_SIDE:,} a side, are allowed."
        )
    return height, width


def _range(model: Any, kind: str, notes: list[str]) -> tuple[float, float]:
    if kind in FLOATS:
        return -1.0, 1.0
    if kind == "u8":
        notes.append("The input is uint8: it is given the picture's own numbers, 0..255, rounded.")
        return _BYTES
    found = _quantization(model) if kind == "i8" else None
    if found is None:
        hint = " without a scale and a zero point" if kind == "i8" else ""
        raise ModelError(
            f"The input's numbers are of type {kind}{hint}; float32, float16 and uint8 can be used: export the model "
            "with one of them."
        )
    lowest, highest = found
    notes.append(
        f"The input is int8 and stands for numbers from {lowest:.6g} to {highest:.6g}: pictures are given in these."
    )
    return found


def _quantization(model: Any) -> tuple[float, float] | None:
    """Return the numbers that -128 and 127 stand for in a quantized input, or None if the model does not say."""
    waiting = [model.inputs[0]]
    while waiting:
        for target in waiting.pop().get_target_inputs():
            node = target.get_node()
            if node.get_type_name() == "FakeQuantize":
                ends = [node.input_value(index).get_node() for index in range(1, 5)]
                if any(end.get_type_name() != "Constant" or end.get_vector().size != 1 for end in ends):
                    return None
                low, high, lowest, highest = (float(end.get_vector()[0]) for end in ends)
                whole = (low, high) == (-128.0, 127.0) and np.isfinite([lowest, highest]).all() and lowest < highest
                return (lowest, highest) if whole else None
            if node.get_type_name() in ("Convert", "Transpose"):
                waiting.append(node.output(0))
    return None


def _open_reshapes(model: Any) -> None:
    """Let the first side of every reshape follow its input, where the file fixes it at one picture."""
    operations = import_openvino().opset13
    for node in model.get_ops():
        if node.get_type_name() != "Reshape":
            continue
        target, given = node.input_value(1).get_node(), node.input_value(0).partial_shape
        if target.get_type_name() != "Constant" or given.rank.is_dynamic or not len(given) or given[0] != 1:
            continue
        sides, keeps = target.get_vector().astype(np.int64), node.get_attributes()["special_zero"]
        if len(sides) < 2 or sides[0] != 1 or (not keeps and (sides == 0).any()):
            continue
        sides[0] = 0 if (sides == -1).any() else -1
        opened = operations.reshape(node.input_value(0), sides, special_zero=True)
        opened.set_friendly_name(node.get_friendly_name())
        names = node.output(0).names
        for consumer in node.output(0).get_target_inputs():
            consumer.replace_source_output(opened.output(0))
        opened.output(0).set_names(names)


def _name(port: Any) -> str:
    return min(port.names, default="without a name")


def _shown(sides: list[int | None]) -> str:
    return f"({', '.join('open' if side is None else str(side) for side in sides)})"


def _last(error: Exception) -> str:
    return str(error).strip().splitlines()[-1].strip()[:300]
