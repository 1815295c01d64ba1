"""The tensors of a served model: what its input looks like, pictures packed for it, and its outputs checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.protocol import as_size
from lime_core.models.servers.fields import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Layout = Literal["NHWC", "NCHW"]

# Little-endian, as the protocol's binary form asks for.
INPUT_TYPES: dict[str, np.dtype[Any]] = {"UINT8": np.dtype("u1"), "FP16": np.dtype("<f2"), "FP32": np.dtype("<f4")}
OUTPUT_TYPES: dict[str, np.dtype[Any]] = {
    **INPUT_TYPES,
    "FP64": np.dtype("<f8"),
    "INT8": np.dtype("i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor as a server describes it; -1 in the shape stands for an open size."""

    name: str
    datatype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PictureInput:
    """The image input of a served model.

    Attributes
    ----------
    name : str
        The tensor's name.
    datatype : {"UINT8", "FP16", "FP32"}
        What its numbers are, in the words of the Open Inference Protocol.
    layout : {"NHWC", "NCHW"}
        Whether the channels come last or first.
    size : (int, int)
        Height and width.
    channels : {1, 3}
        Grey or RGB.
    single : bool
        Whether it takes one picture at a time only.
    """

    name: str
    datatype: str
    layout: Layout
    size: tuple[int, int]
    channels: int
    single: bool

    @property
    def takes_bytes(self) -> bool:
        """Whether it takes whole numbers 0..255 only."""
        return INPUT_TYPES[self.datatype].kind == "u"

    def pack(self, pixels: NDArray[np.float32]) -> NDArray[Any]:
        """Return prepared pictures float32 `(B, h, w, channels)` as the tensor that the model takes, in one piece.

        Raises
        ------
        ModelError
            If the model takes whole numbers, and these are others.
        """
        dtype = INPUT_TYPES[self.datatype]
        if self.takes_bytes and not _are_bytes(pixels):
            raise ModelError(
                "The model takes whole numbers 0..255 (UINT8), but the preprocessing makes others: leave the "
                "preprocessing out, the model scales them itself."
            )
        if self.layout == "NCHW":
            pixels = pixels.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(pixels, dtype)


def read_input(
    inputs: Sequence[TensorInfo],
    input_size: int | tuple[int, int] | None = None,
    layout: Layout | None = None,
) -> PictureInput:
    """Find out from a server's description how a model takes pictures.

    Parameters
    ----------
    inputs : sequence of TensorInfo
        All inputs of the model.
    input_size : int or (int, int), optional
        Height and width, needed where the server leaves them open.
    layout : {"NHWC", "NCHW"}, optional
        Needed where the shape can be read both ways.

    Raises
    ------
    ModelError
        If the model does not take one batch of pictures with 1 or 3 channels, or a size or layout is missing.
    """
    if len(inputs) != 1:
        raise ModelError(
            f"The model must have one input, the pictures; its inputs are {listed(tensor.name for tensor in inputs)}."
            if inputs
            else "The server does not describe the model's input: declare its inputs there, with name, datatype and "
            "shape (MLServer: `inputs` in model-settings.json)."
        )
    tensor = inputs[0]
    if tensor.datatype not in INPUT_TYPES:
        raise ModelError(
            f"The model's input {quoted(tensor.name)} takes {quoted(tensor.datatype)}; pictures can be sent as "
            f"{', '.join(INPUT_TYPES)}."
        )
    if len(tensor.shape) != 4:
        raise ModelError(
            f"The model's input {quoted(tensor.name)} must have four axes, the batch, height, width and channels; its "
            f"shape is {quoted(tensor.shape)}."
        )
    batch, *sides = tensor.shape
    if batch > 1:
        raise ModelError(
            f"The model takes exactly {batch} pictures at a time: serve it with an open batch size (-1), or with 1."
        )
    found = _layout(tensor, layout)
    channels = sides[2] if found == "NHWC" else sides[0]
    open_size = (sides[0], sides[1]) if found == "NHWC" else (sides[1], sides[2])
    return PictureInput(
        name=tensor.name,
        datatype=tensor.datatype,
        layout=found,
        size=_size(open_size, input_size),
        channels=3 if channels < 1 else channels,
        single=batch == 1,
    )


def as_outputs(values: Any, rows: int) -> NDArray[np.float32]:
    """Return the numbers of a server as outputs float32 `(rows, C)`.

    Raises
    ------
    ModelError
        If they have another shape, or are not finite numbers.
    """
    try:
        outputs = np.asarray(values)
    except ValueError as error:
        raise ModelError("The server's outputs have rows of different lengths.") from error
    if outputs.dtype.kind not in "fiu":
        raise ModelError("The server's outputs hold something other than numbers.")
    if outputs.ndim != 2 or len(outputs) != rows or outputs.shape[1] == 0:
        raise ModelError(
            f"The server must answer with one row of class outputs a picture, shape ({rows}, C); got {outputs.shape}."
        )
    with np.errstate(over="ignore"):
        outputs = outputs.astype(np.float32)
    if not np.isfinite(outputs).all():
        raise ModelError("The server's outputs are not finite numbers; check the model's weights and preprocessing.")
    return outputs


def _layout(tensor: TensorInfo, wanted: Layout | None) -> Layout:
    _, first, _, last = tensor.shape
    if wanted is not None:
        if wanted not in ("NHWC", "NCHW"):
            raise ModelError(f"layout must be NHWC or NCHW; got {wanted!r}.")
        if (last if wanted == "NHWC" else first) not in (-1, 0, 1, 3):
            raise ModelError(f"The model's input has the shape {quoted(tensor.shape)}, which is not {wanted} pictures.")
        return wanted
    channels_first, channels_last = first in (1, 3), last in (1, 3)
    if channels_first != channels_last:
        return "NCHW" if channels_first else "NHWC"
    if channels_first or min(first, last) < 1:
        raise ModelError(
            f"The model's input has the shape {quoted(tensor.shape)}, which does not tell where the channels are: say "
            "layout='NHWC' (channels last) or layout='NCHW' (channels first)."
        )
    raise ModelError(
        f"The model's input has the shape {quoted(tensor.shape)}; pictures have 1 or 3 channels, first or last."
    )


def _size(served: tuple[int, int], wanted: int | tuple[int, int] | None) -> tuple[int, int]:
    given = None if wanted is None else as_size(wanted)
    if given is None:
        if min(served) < 1:
            raise ModelError("The model takes pictures of any size: say which to send, input_size=(height, width).")
        return served
    if any(side not in (asked, -1, 0) for side, asked in zip(served, given, strict=True)):
        raise ModelError(f"The model takes pictures of height and width {served}; got input_size={given}.")
    return given


def _are_bytes(pixels: NDArray[np.float32]) -> bool:
    return bool(pixels.size == 0 or (pixels.min() >= 0 and pixels.max() <= 255 and (pixels == np.rint(pixels)).all()))
