"""A process that holds a model file's network and answers questions, ended when nobody needs it any more."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from lime_core.errors import ModelError, in_words
from lime_core.models.file_gradients.messages import receive_header, send
from lime_core.models.own.process import death, end_child, kill_child, start_child
from lime_core.models.own.returned import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lime_core.models.own.kept_file import KeptFile

_T = TypeVar("_T")
_WORK = "computes the model's gradients"
_MODULE = "lime_core.models.file_gradients.child"
_FILE = "model.keras"
_IDLE = 300.0  # seconds after which a process that nobody asks is ended
_LONGEST_LIFE = 3600  # seconds after which it is replaced; its processor time is limited to that of so many
_DYING = 5.0  # seconds for a process that has closed its output to end by itself
_MOST_AT_ONCE = 3  # each takes 0.7 to 2 GB of memory; where all are busy there may be more
_running: weakref.WeakSet[GradientProcess] = weakref.WeakSet()
_starters: dict[int, ThreadPoolExecutor] = {}
_STARTING, _LISTING = threading.Lock(), threading.Lock()


class EndedError(Exception):
    """A process was ended, because it was idle or another one was needed more, just before it was asked."""


class GradientProcess:
    """A process with TensorFlow and the network of a model file; threads may share it, and wait for each other.

    It ends with this object, with this process, when it takes too long for an answer, and when it is idle for minutes.

    Parameters
    ----------
    file : KeptFile
        The model; an answer may take as long as reading the file.
    request : mapping
        For `lime_core.models.file_gradients.child.main`, but for the name of the file.

    Raises
    ------
    ModelError
        If it could not be started, or the network not be built.
    """

    def __init__(self, file: KeptFile, request: Mapping[str, Any]) -> None:
        self._limits, self._owner, self._started = file.limits, os.getpid(), time.monotonic()
        self._asking, self._idle = threading.Lock(), _IdleTimer()
        self.last_used = self._started
        _make_room()
        folder = Path(tempfile.mkdtemp(prefix="limelight-"))
        try:
            file.copy_to(folder / _FILE)
            limits = replace(file.limits, seconds=_LONGEST_LIFE + file.limits.seconds)
            self._process = _start(folder, {**request, "file": _FILE}, limits)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._release = weakref.finalize(self, _released, self._process, folder, self._owner, self._idle)
        try:
            self._within_time(self._header)
        except BaseException:
            self.end()
            raise
        with contextlib.suppress(OSError):
            (folder / _FILE).unlink()
        with _LISTING:
            _running.add(self)
        self._idle.restart(self)

    @property
    def usable(self) -> bool:
        """Whether it can be asked: it has not ended, was started by this process, and is not to be replaced."""
        if not self._release.alive or os.getpid() != self._owner:
            return False
        if self._process.poll() is None and time.monotonic() - self._started < _LONGEST_LIFE:
            return True
        # Where a question is still being answered, its thread comes to know by itself how the process ends.
        return not self.end_if_idle() and self._process.poll() is None

    def ask(
        self,
        question: Mapping[str, Any],
        images: NDArray[Any],
        read: Callable[[Mapping[str, Any], IO[bytes]], _T],
    ) -> _T:
        """Ask a question.

        Parameters
        ----------
        question : mapping
            Its header.
        images : ndarray of float32
            What follows it.
        read : callable
            Is given the header of the answer and what follows it, and returns the result; `KeyError`, `TypeError` and
            `ValueError` mean that the answer cannot be used.

        Raises
        ------
        EndedError
            If it had ended before: nothing was asked, and another one may be.
        ModelError
            The process's own message, if it has one; or if it took too long, has ended, or its answer cannot be used.
            It is then not usable any more, but after a message of its own.
        """

        def talk() -> _T:
            send(self._input, question, [images])
            return read(self._header(), self._output)

        with self._asking:
            if not self._release.alive:
                raise EndedError
            self._idle.cancel()
            try:
                return self._within_time(talk)
            finally:
                if self._release.alive:
                    self.last_used = time.monotonic()
                    self._idle.restart(self)

    def end_if_idle(self) -> bool:
        """End it, unless a question is being answered; return whether it has ended."""
        if not self._asking.acquire(blocking=False):
            return False
        try:
            self.end()
        finally:
            self._asking.release()
        return True

    def end(self) -> None:
        """End the process and delete its folder."""
        self._release()

    @property
    def _input(self) -> IO[bytes]:
        if self._process.stdin is None:
            raise EOFError
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise EOFError
        return self._process.stdout

    def _header(self) -> dict[str, Any]:
        header = receive_header(self._output)
        if "error" in header:
            raise _RefusalError(plain_text(header["error"]))
        return header

    def _within_time(self, talk: Callable[[], _T]) -> _T:
        """Return what a function returns that talks to the process; kill the process where that takes too long."""
        expired = threading.Event()

        def stop() -> None:
            expired.set()
            kill_child(self._process)

        timer = threading.Timer(self._limits.seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            return talk()
        except _RefusalError as refusal:
            raise ModelError(str(refusal)) from None
        except (EOFError, OSError) as error:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_DYING)
            self.end()
            raise ModelError(self._end_in_words(expired=expired.is_set())) from error
        except (KeyError, TypeError, ValueError) as error:
            self.end()
            raise ModelError(f"The process that {_WORK} gave an answer that cannot be used.") from error
        except BaseException:
            # What is left of the answer would be taken for the next one.
            self.end()
            raise
        finally:
            timer.cancel()
            timer.join()
            if expired.is_set():
                self.end()

    def _end_in_words(self, *, expired: bool) -> str:
        if expired:
            return (
                f"Computing the model's gradients took longer than {self._limits.seconds} seconds and was stopped: "
                "take fewer pictures or classes at a time, or a smaller model."
            )
        return death(self._process.returncode, self._limits, _WORK)


class _RefusalError(Exception):
    """The process's own message; it goes on."""


class _IdleTimer:
    """Ends a process some time after its last answer; it does not keep it from being released."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def restart(self, process: GradientProcess) -> None:
        """Count the time from now."""
        self.cancel()
        self._timer = threading.Timer(_IDLE, _end_idle, (weakref.ref(process), process.last_used))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Count no more."""
        if self._timer is not None:
            self._timer.cancel()


def _end_idle(reference: weakref.ref[GradientProcess], last_used: float) -> None:
    process = reference()
    # Unless it was asked just when the time was over.
    if process is not None and process.last_used == last_used:
        process.end_if_idle()


def _released(process: subprocess.Popen[bytes], folder: Path, owner: int, idle: _IdleTimer) -> None:
    # A copy of this process, made by a fork, has the object too, but the process is not its own.
    if os.getpid() != owner:
        return
    idle.cancel()
    end_child(process)
    for stream in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()
    shutil.rmtree(folder, ignore_errors=True)


def _make_room() -> None:
    """End the process that was idle longest where too many run."""
    with _LISTING:
        running = sorted(_running, key=lambda each: each.last_used)
    running = [each for each in running if each.usable]
    excess = len(running) - _MOST_AT_ONCE + 1
    for process in running:
        if excess > 0 and process.end_if_idle():
            excess -= 1


def _start(folder: Path, request: Mapping[str, Any], limits: Any) -> subprocess.Popen[bytes]:
    """Start the process in a thread that lasts as long as this process: it would end with a shorter one."""
    with _STARTING:
        # A copy of this process, made by a fork, has none of its threads.
        if os.getpid() not in _starters:
            _starters[os.getpid()] = ThreadPoolExecutor(1, "limelight-starter")
        starter = _starters[os.getpid()]
    try:
        return starter.submit(start_child, folder, _MODULE, request, limits, piped=True).result()
    except RuntimeError as error:  # while the interpreter ends
        raise ModelError(f"The process that {_WORK} could not be started: {in_words(error)}.") from error
