"""Progress of many pieces of work as one count with a fixed total."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lime_core.answers.query import Progress


class Meter:
    """Counts pieces of work one after the other.

    Parameters
    ----------
    on_progress : callable or None
        Called as ``on_progress(done, total)``.
    total : int
        Of all pieces.

    Attributes
    ----------
    raised : Exception or None
        What `on_progress` raised to stop the work.
    """

    def __init__(self, on_progress: Progress | None, total: int) -> None:
        self._on_progress, self._total = on_progress, total
        self._done = 0
        self.raised: Exception | None = None

    @contextmanager
    def part(self, size: int) -> Iterator[Progress]:
        """Give a callback for a piece that counts for `size`, whatever total it reports; at its end it is all done."""
        start = self._done
        self._done += size

        def report(done: int, total: int) -> None:
            self._report(start + size * min(done, total) // max(total, 1))

        yield report
        self._report(self._done)

    def _report(self, done: int) -> None:
        if self._on_progress is None:
            return
        try:
            self._on_progress(done, self._total)
        except Exception as stop:
            self.raised = stop
            raise
