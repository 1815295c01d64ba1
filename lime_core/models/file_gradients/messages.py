"""What both processes send each other: a header in JSON, then the bytes of arrays whose shapes the receiver knows."""

from __future__ import annotations

import json
import struct
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import DTypeLike, NDArray

_LENGTH = struct.Struct("<I")
_LONGEST_HEADER = 4 << 20


def send(stream: IO[bytes], header: Mapping[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
    """Write a message; `OSError` if nobody reads it any more."""
    text = json.dumps(header).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    for array in arrays:
        # An empty array has no memory that could be looked at.
        if array.size:
            stream.write(np.ascontiguousarray(array).data.cast("B"))
    stream.flush()


def receive_header(stream: IO[bytes]) -> dict[str, Any]:
    """Read the header of a message.

    Raises
    ------
    EOFError
        If the stream has ended.
    ValueError
        If it is longer than 4 MB, or no JSON object.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header is longer than {_LONGEST_HEADER >> 20} MB")
    try:
        header = json.loads(_exactly(stream, length))
    except (ValueError, RecursionError) as error:
        raise ValueError("its header is damaged") from error
    if type(header) is not dict:
        raise ValueError("its header is damaged")
    return header


def receive_array(stream: IO[bytes], shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    """Read an array of a known shape and type; `EOFError` if the stream ends before its end."""
    return np.frombuffer(_exactly(stream, int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize), dtype).reshape(
        tuple(shape)
    )


def _exactly(stream: IO[bytes], count: int) -> bytearray:
    content = bytearray(count)
    view, done = memoryview(content), 0
    while done < count:
        read = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not read:
            raise EOFError
        done += read
    return content
