"""Reading a PyTorch state dict without PyTorch, and without running code that a pickle may contain.

The format is PyTorch's old, non-zip one: pickles for a magic number, the protocol, facts about the writing machine,
the state dict and the storage keys; then for each key an 8-byte count and the raw little-endian values. A tensor
in the state dict is a view (offset, shape, strides) into one of those storages.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    dtype: np.dtype[Any]
    count: int


@dataclass(frozen=True, slots=True)
class _View:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_view(storage: _Storage, offset: int, shape: Any, strides: Any, *_: Any) -> _View:
    return _View(storage, offset, tuple(shape), tuple(strides))


class _StateDictUnpickler(pickle.Unpickler):
    """Allows only four names, so that a pickle can call nothing else."""

    _ALLOWED: dict[tuple[str, str], Any] = {  # noqa: RUF012 - a constant
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_view,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        try:
            return self._ALLOWED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module_name}.{global_name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, count, _ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"it holds a {kind!r} where a storage is expected")
        return _Storage(key, dtype, count)


def read_state_dict(path: Path) -> dict[str, NDArray[Any]]:
    """Read the tensors of a state dict that PyTorch saved in its old format.

    Parameters
    ----------
    path : Path
        The ``.pth`` file; it need not be trusted.

    Returns
    -------
    dict of str to ndarray
        Arrays float32 or int64 by tensor name, in the file's order, contiguous.

    Raises
    ------
    WeightsError
        If the file cannot be read, is damaged, is in another format, or asks for anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}.") from error
    except Exception as error:
        # A hostile or damaged pickle can raise any exception.
        raise WeightsError(f"{path} is not a usable PyTorch state dict: {error}.") from error


def _read(file: IO[bytes], size: int) -> dict[str, NDArray[Any]]:
    magic, protocol, machine = (_StateDictUnpickler(file).load() for _ in range(3))
    if magic != _MAGIC or protocol != _PROTOCOL:
        raise ValueError("it does not begin with PyTorch's magic number")
    if not machine["little_endian"]:
        raise ValueError("it was written on a big-endian machine")
    views: dict[str, _View] = _StateDictUnpickler(file).load()
    keys: list[str] = _StateDictUnpickler(file).load()
    storages = {view.storage.key: view.storage for view in views.values()}
    values = {key: _read_storage(file, storages[key], size) for key in keys}
    return {name: _tensor(values[view.storage.key], view) for name, view in views.items()}


def _read_storage(file: IO[bytes], storage: _Storage, size: int) -> NDArray[Any]:
    (count,) = struct.unpack("<q", file.read(8))
    if count != storage.count or not 0 <= count * storage.dtype.itemsize <= size:
        raise ValueError(f"storage {storage.key} states {count} values")
    raw = file.read(count * storage.dtype.itemsize)
    return np.frombuffer(raw, dtype=storage.dtype, count=count)


def _tensor(values: NDArray[Any], view: _View) -> NDArray[Any]:
    extent = sum((length - 1) * step for length, step in zip(view.shape, view.strides, strict=True))
    inside = view.offset >= 0 and min(view.shape, default=1) >= 1 and min(view.strides, default=0) >= 0
    # `as_strided` checks no bounds: the view must lie inside its storage and not be larger than it.
    if not inside or view.offset + extent >= len(values) or np.prod(view.shape, dtype=object) > len(values):
        raise ValueError("a tensor reaches outside its storage")
    strides = tuple(step * values.itemsize for step in view.strides)
    window = np.lib.stride_tricks.as_strided(values[view.offset :], view.shape, strides, writeable=False)
    return np.array(window, order="C")
