"""Walking through a protocol buffer without its schema's library: only what ONNX files are checked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message, in order.

    See https://protobuf.dev/programming-guides/encoding.

    Raises
    ------
    ModelError
        If it is no protocol buffer, or a damaged one.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == _LENGTH:
            length, at = _varint(message, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ModelError(_DAMAGED)
        if number == 0 or length > len(message) - at:
            raise ModelError(_DAMAGED)
        yield number, message[at : at + length]
        at += length


_DAMAGED = "The file is no ONNX model, or a damaged or truncated one: copy it again, or export the model again."


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for position, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return value, at + position + 1
    raise ModelError(_DAMAGED)
