"""Work in a thread of its own: the page stays usable, sees how far it is, and can stop it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from abc import ABC, abstractmethod
from typing import ClassVar, Self

import lime_core as lc
from pages.state.visitor import connection, visitor

_LOG = logging.getLogger("limelight")
_NICENESS = 5  # a page then gets about three quarters of a core that both want


class StoppedError(Exception):
    """Raised inside a job's own work when it was stopped, or when no page looks at it any more."""


class BackgroundJob(ABC):
    """Work that goes on between the reruns of a page.

    A subclass does its work in `work`, calls `check` between two pieces of it, and counts in `done`.

    Parameters
    ----------
    name : str
        Of the thread, for logs.
    total : int
        How much there is to do; 0 while that is not known.

    Attributes
    ----------
    done, total : int
        Progress, in the job's own unit (samples, model calls, bytes).
    error : LimeError or None
        Why there is no result.
    began : float
        Time of the start, seconds of `time.monotonic`.
    visitor : hashable
        Whose page began it.
    patience : float
        Seconds after which a job ends whose page was closed; a browser that lost its connection is back sooner.
    failure : str
        How the message about an unexpected error begins.
    """

    patience: ClassVar[float] = 20.0
    failure: ClassVar[str] = "The work ended unexpectedly"

    def __init__(self, name: str, total: int = 0) -> None:
        self.name = name
        self.done, self.total = 0, total
        self.error: lc.LimeError | None = None
        self.began = self._last_seen = time.monotonic()
        self.visitor = visitor()
        self._is_connected = connection()
        self._stop = threading.Event()
        self._finished = threading.Event()

    def start(self) -> Self:
        """Begin, and return itself; call it once."""
        if self.is_needed():
            threading.Thread(target=self._run, name=self.name, daemon=True).start()
        else:
            self._finished.set()
        return self

    @property
    def active(self) -> bool:
        """Whether it has not ended yet."""
        return not self._finished.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was stopped."""
        return self._stop.is_set()

    @property
    def share(self) -> float:
        """The share that is done, 0..1; 0 while the total is not known."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    def stop(self) -> None:
        """End it at the next `check`."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; return whether it came."""
        return self._finished.wait(seconds)

    def check(self) -> None:
        """Go on only when the job is still wanted.

        Raises
        ------
        StoppedError
            When it was stopped, or its page was closed `patience` seconds ago.
        """
        now = time.monotonic()
        if self._is_connected():
            self._last_seen = now
        if self._stop.is_set() or now - self._last_seen > self.patience:
            raise StoppedError

    def is_needed(self) -> bool:
        """Return whether there is anything to do; without work no thread is started."""
        return True

    @abstractmethod
    def work(self) -> None:
        """Do the work, in the job's own thread."""

    def after_stop(self) -> None:  # noqa: B027 - most jobs have nothing to add
        """Add what has to be said when the work was stopped."""

    def clean_up(self) -> None:  # noqa: B027 - most jobs leave nothing behind
        """Keep what there is, however the work ended; called before the job counts as ended."""

    def _run(self) -> None:
        _give_way()
        try:
            self.work()
        except StoppedError:
            self._stop.set()
            self.after_stop()
        except lc.LimeError as error:
            self.error = error
        except Exception as error:
            _LOG.exception("%s failed", self.name)
            self.error = lc.ModelError(f"{self.failure}: {type(error).__name__}: {error}")
        finally:
            self.clean_up()
            self._finished.set()


def _give_way() -> None:
    """Let the threads of pages go first, before this one and before those that it starts.

    Among these are the threads in which a model works that a job has loaded, whoever asks it afterwards.
    """
    if sys.platform == "linux":  # elsewhere the whole process would give way
        with contextlib.suppress(OSError):
            usual = os.getpriority(os.PRIO_PROCESS, os.getpid())  # of the first thread; jobs start jobs
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), usual + _NICENESS)
