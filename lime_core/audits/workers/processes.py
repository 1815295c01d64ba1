"""A pool of processes of this machine, each with its own model and its own share of the cores."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
from collections import deque
from itertools import islice, pairwise
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.audits.workers.pool import Outcome
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lime_core.audits.workers.pool import Job
    from lime_core.collections import CollectedPicture

IN_FLIGHT = 3  # pictures a worker: two that it explains, and the next
_MOST_FAILED_STARTS = 3
_START = """
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from lime_core.audits.workers.child import main
main(int(sys.argv[1]), json.loads(sys.argv[3]))
"""


class WorkerProcesses:
    """Explain pictures in several processes.

    Parameters
    ----------
    job : Job
    count : int
        How many processes.

    Raises
    ------
    LimeError
        Where this platform has no sockets between a process and its children.
    """

    def __init__(self, job: Job, count: int) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise LimeError("Several worker processes need Linux or macOS; use 1 worker, or Ray.")
        self._job = pickle.dumps(job)
        self._workers = [_Worker(self._job, cores) for cores in shares_of_cores(count)]
        self._failed_starts = 0

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes."""
        return tuple(worker.process.pid for worker in self._workers)

    def explain(self, pictures: Iterable[CollectedPicture]) -> Iterator[Outcome]:
        """Yield the outcome of each picture, as `lime_core.audits.workers.pool.Workers` describes."""
        waiting = iter(pictures)
        # Pictures whose worker was lost are asked one at a time, so that it is plain which of them ends a worker.
        suspects: deque[CollectedPicture] = deque()
        while True:
            for index, worker in enumerate(self._workers):
                if not worker.under_way and worker.process.poll() is not None:
                    worker.end()
                    self._workers[index] = _Worker(self._job, worker.cores)
                self._workers[index].give(waiting, suspects)
            busy = {worker.connection: worker for worker in self._workers if worker.under_way}
            if not busy:
                return
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                try:
                    yield from worker.receive()
                except (EOFError, OSError):
                    yield from self._replaced(worker, suspects)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.end()

    def _replaced(self, worker: _Worker, suspects: deque[CollectedPicture]) -> Iterator[Outcome]:
        """Start another process in the place of one that was lost, and yield what is known to have ended it."""
        worker.end()
        if not worker.ready:
            self._failed_starts += 1
            suspects.extend(worker.under_way.values())
            if self._failed_starts >= _MOST_FAILED_STARTS:
                killed = worker.process.returncode == -signal.SIGKILL
                advice = (
                    f"Is there enough memory for {len(self._workers)} workers?"
                    if killed
                    else "Use 1 worker, in this process, to see the reason."
                )
                raise LimeError(
                    f"A worker process ended {_MOST_FAILED_STARTS} times before it had loaded the model "
                    f"({worker.death()}). {advice}"
                )
        elif worker.alone:
            for picture in worker.under_way.values():
                yield Outcome(picture, skipped=f"It ended its worker process twice ({worker.death()}).")
        else:
            suspects.extend(worker.under_way.values())
        self._workers[self._workers.index(worker)] = _Worker(self._job, worker.cores)


class _Worker:
    """One process and the pictures that it has been given."""

    def __init__(self, job: bytes, cores: list[int]) -> None:
        self.cores, self.ready, self.alone = cores, False, False
        self.under_way: dict[str, CollectedPicture] = {}
        ours, theirs = socket.socketpair()
        with theirs:
            path = [str(Path(entry).absolute()) if entry else str(Path.cwd()) for entry in sys.path]
            self.process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [sys.executable, "-c", _START, str(theirs.fileno()), json.dumps(path), json.dumps(cores)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # A signal from the keyboard is for this process alone, which ends the others.
                start_new_session=True,
            )
        self.connection = Connection(ours.detach())
        self._send_quietly(job)

    def give(self, waiting: Iterator[CollectedPicture], suspects: deque[CollectedPicture]) -> None:
        """Hand over as many pictures as the worker should have; one alone if its worker was lost before."""
        if self.under_way and self.alone:
            return
        if suspects:
            if self.under_way:
                return
            self.alone = True
            self._hand_over(suspects.popleft())
            return
        self.alone = False
        for picture in islice(waiting, IN_FLIGHT - len(self.under_way)):
            self._hand_over(picture)

    def receive(self) -> Iterator[Outcome]:
        """Yield the outcome that has arrived, if it is one.

        Raises
        ------
        LimeError
            That of the worker.
        EOFError, OSError
            When the process has ended.
        """
        kind, value = self.connection.recv()
        self.ready = True
        if kind == "error":
            raise value
        if kind == "outcome":
            del self.under_way[value.picture.path]
            yield value

    def death(self) -> str:
        """Return how the process ended, in words."""
        code = self.process.returncode
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"exit status {code}"

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.connection.close()

    def _hand_over(self, picture: CollectedPicture) -> None:
        self.under_way[picture.path] = picture
        self._send_quietly(picture)

    def _send_quietly(self, message: Any) -> None:
        # A process that has ended is noticed where its answers are waited for.
        try:
            self.connection.send(message)
        except OSError:
            return


def shares_of_cores(workers: int) -> list[list[int]]:
    """Return the cores of each worker: disjoint where there are enough; empty where they cannot be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return [[] for _ in range(workers)]
    cores = sorted(os.sched_getaffinity(0))
    if workers >= len(cores):
        return [[cores[index % len(cores)]] for index in range(workers)]
    edges = [index * len(cores) // workers for index in range(workers + 1)]
    return [cores[start:stop] for start, stop in pairwise(edges)]
