"""Being told to stop: always with time to clean up, and never halfway through moving files into place."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class TerminatedError(KeyboardInterrupt):
    """The process was asked to end, as by `kill` or `timeout`; to be treated as an interrupt from the keyboard."""


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """Raise `TerminatedError` where the process would end at once; only in the main thread, which gets the signals."""
    before = signal.getsignal(signal.SIGTERM)
    if not _in_main_thread() or before is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put off being told to stop until the block is through."""
    if not _in_main_thread():
        yield
        return
    pending: list[tuple[Any, Any]] = []
    before = {number: signal.getsignal(number) for number in _STOPPING}
    for number in _STOPPING:
        signal.signal(number, lambda *details: pending.append(details))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
    for number, frame in pending[:1]:
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler is signal.SIG_DFL:
            signal.raise_signal(number)


def _terminate(*_: Any) -> NoReturn:
    raise TerminatedError


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
