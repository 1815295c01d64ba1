"""What the process that reads a model file may use, set by itself before it looks at the file."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIGKILL = 9
# As many cores; every further one would cost address space for its threads.
_CORES = 4
# Beyond those that the user's processes have already: the libraries start some threads a core.
_THREADS = 512
_OPEN_FILES = 512


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a process.

    Attributes
    ----------
    seconds : int
        Time on the clock, and processor time of each core.
    memory : int
        Bytes of address space.
    written : int
        Bytes of the largest file it writes.
    """

    seconds: int
    memory: int
    written: int


def apply(limits: Limits) -> None:
    """Limit the process that calls this, and cut it off from the network, as far as the platform allows."""
    if sys.platform == "linux":
        _leave_the_network()
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    if resource is None:
        return
    # In seconds of one core.
    _limit("RLIMIT_CPU", limits.seconds * _CORES)
    _limit("RLIMIT_AS", limits.memory)
    _limit("RLIMIT_FSIZE", limits.written)
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_NOFILE", _OPEN_FILES)
    if (running := _threads_of_user()) is not None:
        _limit("RLIMIT_NPROC", running + _THREADS)


def unlimited_here() -> str | None:
    """Return a sentence on what this platform does not limit, or None where everything is limited."""
    if resource is None:
        return (
            "On this platform the process that read the file was limited in time only, not in memory, processor time, "
            "size of files or number of processes."
        )
    if sys.platform != "linux":
        return (
            "On this platform the process that read the file was not cut off from the network, and its memory and the "
            "number of its processes were not limited."
        )
    return None


def _limit(name: str, value: int) -> None:
    # macOS has not all of them, and refuses some values.
    with contextlib.suppress(AttributeError, ValueError, OSError):
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        lowest = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lowest, lowest))


def _leave_the_network() -> None:
    """Move into a network of its own with no way out, gain no rights any more, and end together with the parent."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # Without the right to the first, the second may be allowed; many containers allow neither.
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _threads_of_user() -> int | None:
    """Return how many threads the user's processes have, as the system counts them for its limit; None if unknown."""
    user, count = os.getuid(), 0
    try:
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                with contextlib.suppress(OSError):
                    if process.stat().st_uid == user:
                        count += len(list((process / "task").iterdir()))
    except OSError:
        return None
    return count or None
