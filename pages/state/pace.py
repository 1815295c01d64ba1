"""How often something that grows may be drawn anew."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.05  # of the time that passes


class Pace:
    """Keeps the time of drawing below a share of the time that passes."""

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._next = 0.0

    @property
    def due(self) -> bool:
        """Whether it may be drawn now."""
        return time.monotonic() >= self._next

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw in this block; what it costs in processor time decides when the next drawing is due."""
        began = time.thread_time()
        try:
            yield
        finally:
            self._next = time.monotonic() + (time.thread_time() - began) / self._share
