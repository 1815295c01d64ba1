"""A lock that is given in the order of asking."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """A lock for ``with``, given in the order of asking, so that a long run cannot keep a short one waiting."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Event] = deque()
        self._held = False

    def __enter__(self) -> FairLock:
        turn = threading.Event()
        with self._guard:
            if self._held:
                self._queue.append(turn)
            else:
                self._held = True
                turn.set()
        turn.wait()
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False
