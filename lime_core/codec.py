"""Arrays and numbers in files.

As JSON, arrays are compressed bytes, exact to the bit, NaN is null and infinity a word. NPZ is NumPy's own form.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DTYPES = ("uint8", "int32", "float32", "float64")
_MAX_BYTES = 1 << 30


def encode_array(array: NDArray[Any]) -> dict[str, Any]:
    """Return a JSON-ready dict that `decode_array` turns back into an equal array."""
    data = np.ascontiguousarray(array)
    packed = zlib.compress(data.astype(data.dtype.newbyteorder("<")).tobytes(), 6)
    return {
        "shape": list(data.shape),
        "dtype": data.dtype.name,
        "zlib_base64": base64.b64encode(packed).decode("ascii"),
    }


def decode_array(encoded: Any) -> NDArray[Any]:
    """Return the array that `encode_array` packed.

    Raises
    ------
    LimeError
        When the text is damaged, or would unpack to more than 1 GiB or to another size than it states.
    """
    try:
        dtype, shape = encoded["dtype"], tuple(int(side) for side in encoded["shape"])
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        if dtype not in _DTYPES or min(shape, default=0) < 0 or not 0 <= size <= _MAX_BYTES:
            raise LimeError(f"A stored array of dtype {dtype!r} and shape {shape} is not allowed.")
        data = zlib.decompressobj().decompress(base64.b64decode(encoded["zlib_base64"], validate=True), size + 1)
        if len(data) != size:
            raise LimeError(f"A stored array holds {len(data)} bytes where its shape {shape} needs {size}.")
    except (KeyError, TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise LimeError(f"A stored array is damaged: {error}") from error
    return np.frombuffer(data, np.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)


def to_null(value: Any) -> Any:
    """Return a number in a form that JSON has: NaN as None, infinity as a word; anything else unchanged."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinite"
    return value


def from_null(value: Any) -> Any:
    """Return the number that `to_null` was given."""
    return math.nan if value is None else math.inf if value == "infinite" else value


def numbers_to_list(values: NDArray[np.float64]) -> list[Any]:
    """Return a float array ``(S,)`` as a JSON-ready list."""
    return [to_null(value) for value in values.tolist()]


def numbers_from_list(values: list[Any]) -> NDArray[np.float64]:
    """Return the float64 array that `numbers_to_list` was given."""
    return np.array([from_null(value) for value in values], dtype=np.float64)


@contextmanager
def opened_npz(source: str | os.PathLike[str] | BinaryIO) -> Iterator[Any]:
    """Open an NPZ file without objects of Python in it; any exception may come of a damaged one.

    NumPy alone would leave the file open where it is damaged.
    """
    with ExitStack() as stack:
        file = stack.enter_context(Path(source).open("rb")) if isinstance(source, str | os.PathLike) else source
        yield stack.enter_context(np.load(file, allow_pickle=False))
