"""A worker process of an audit: pictures come in over a socket, outcomes go out."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from lime_core.errors import LimeError, in_words

if TYPE_CHECKING:
    from lime_core.audits.workers.pool import Job
    from lime_core.collections import CollectedPicture


def main(descriptor: int, cores: list[int]) -> None:
    """Explain what comes until the other side is gone, then end at once."""
    if cores and hasattr(os, "sched_setaffinity"):
        # Before anything is loaded that would count the cores.
        os.sched_setaffinity(0, cores)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):
        _serve(connection)
    os._exit(0)


def _serve(connection: Connection) -> None:
    sending = threading.Lock()

    def send(kind: str, value: object) -> None:
        with sending, contextlib.suppress(OSError):
            connection.send((kind, value))

    data = connection.recv()
    try:
        from lime_core.audits.workers.explainer import AT_A_TIME, Explainer

        job: Job = pickle.loads(data)  # noqa: S301 - from the process that has started this one
        explainer = Explainer(job)
    except BaseException as error:  # the other side says why there is no worker
        send("error", _told("A worker process cannot start", error))
        return
    send("ready", None)

    def explain(picture: CollectedPicture) -> None:
        try:
            send("outcome", explainer.explain(picture))
        except BaseException as error:  # the other side would wait for this picture for ever
            send("error", _told(f"A worker process failed at {picture.path}", error))

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        try:
            while True:
                pool.submit(explain, connection.recv())
        except EOFError:
            # The one that asks is gone: nobody waits for what is under way.
            os._exit(0)


def _told(what: str, error: BaseException) -> LimeError:
    """Return an error that can be pickled: that of the library, or what was raised, in words."""
    if isinstance(error, LimeError):
        return LimeError(str(error))
    words = in_words(error) if isinstance(error, Exception) else str(error)
    return LimeError(f"{what}: {type(error).__name__}: {words}. One worker, in this process, may say more.")
