"""Results by digest, bounded by bytes: what is kept between reruns and shared by all sessions.

Keys are SHA-256 digests of our own (picture, model, settings of a stage), so that no framework has to guess whether
two arrays are equal.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from plotly.graph_objects import Figure

_OWN = ("lime_core", "pages")


def digest(*parts: str) -> str:
    """Return the SHA-256 hex digest of some texts; their borders count."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def size_of(value: Any) -> int:
    """Return about how many bytes a value keeps alive: arrays, texts, and what containers, figures and objects hold.

    What is held more than once counts once.
    """
    return _size_of(value, set())


def _size_of(value: Any, seen: set[int]) -> int:
    if isinstance(value, np.ndarray):
        # A view keeps the array under it alive.
        while isinstance(value.base, np.ndarray):
            value = value.base
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return int(value.nbytes if value.base is None else getattr(value.base, "nbytes", value.nbytes))
    return sys.getsizeof(value) + sum(_size_of(part, seen) for part in _parts(value))


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, tuple | list | set | frozenset):
        # Texts in a collection are names, of classes say, which everything shares.
        return () if isinstance(next(iter(value), None), str) else value
    if isinstance(value, Figure):
        return [value.to_plotly_json()]
    if isinstance(value, partial):
        return [*value.args, *value.keywords.values()]
    if type(value).__module__.partition(".")[0] in _OWN and not isinstance(value, type):
        slots = [name for cls in type(value).__mro__ for name in getattr(cls, "__slots__", ()) if name[:2] != "__"]
        return [*(getattr(value, name, None) for name in slots), *getattr(value, "__dict__", {}).values()]
    return ()


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
