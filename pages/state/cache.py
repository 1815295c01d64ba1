"""Results by digest, bounded by bytes: what is kept between reruns and shared by all sessions.

Keys are SHA-256 digests of our own (picture, model, settings of a stage), so that no framework has to guess whether
two arrays are equal.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import OrderedDict
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def digest(*parts: str) -> str:
    """Return the SHA-256 hex digest of some texts; their borders count."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def size_of(value: Any) -> int:
    """Return about how many bytes a value occupies: arrays, texts, and dataclasses and sequences of them."""
    if isinstance(value, np.ndarray):
        # A view keeps the array under it alive.
        return int(value.nbytes if value.base is None else getattr(value.base, "nbytes", value.nbytes))
    if is_dataclass(value):
        return 64 + sum(size_of(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple | list):
        return 64 + sum(size_of(item) for item in value)
    return sys.getsizeof(value)


class LruCache:
    """Values by key; the least recently used ones go when their bytes exceed a bound. Threads may share it.

    Parameters
    ----------
    max_bytes : int
        The bound, as `size_of` counts.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """Return the value, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: str, value: Any) -> None:
        """Keep a value; one larger than the bound is not kept at all."""
        size = size_of(value)
        with self._lock:
            self._drop(key)
            if size > self.max_bytes:
                return
            self._values[key] = (value, size)
            self.bytes += size
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._values)))

    def _drop(self, key: str) -> None:
        _, size = self._values.pop(key, (None, 0))
        self.bytes -= size
