"""How well an audit would use more workers than this machine has, from times that were measured on it."""

from __future__ import annotations

import heapq
from itertools import cycle, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

IN_FLIGHT = 3  # pictures that a worker has: those under way and the next


def simulated_efficiency(
    worker_seconds: Sequence[float], main_seconds: Sequence[float], workers: int, *, pictures: int, in_flight: int = 1
) -> float:
    """Return the efficiency of several workers: the time that one takes, over their number times the time they take.

    Pictures are handed out as in `lime_core.audits.workers.ray_workers`: a worker has some in its queue, and the main
    process spends its time on one outcome after the other (reading and sending the next picture, writing what came).

    Parameters
    ----------
    worker_seconds : sequence of float
        Measured time of single pictures in a worker, in seconds: between two outcomes of one worker, with as many
        pictures at once as it explains, on a core of its own.
    main_seconds : sequence of float
        Measured time of the main process for single pictures, in seconds.
    workers : int
    pictures : int
        How many in all; measured times are repeated.
    in_flight : int
        How many a worker has, with the one that it explains.

    Returns
    -------
    efficiency : float
        1 where nothing is lost; the end, where some workers have nothing left to do, counts.
    """
    alone = _seconds(worker_seconds, main_seconds, 1, pictures, in_flight)
    return alone / (workers * _seconds(worker_seconds, main_seconds, workers, pictures, in_flight))


def _seconds(
    worker_seconds: Sequence[float], main_seconds: Sequence[float], workers: int, pictures: int, in_flight: int
) -> float:
    """Return when the last outcome is written."""
    work = list(islice(cycle(worker_seconds), pictures))
    main = cycle(main_seconds)
    waiting = iter(work)
    free = [0.0] * workers  # when each worker has done all that it was given
    outcomes: list[tuple[float, int]] = []

    def give(worker: int, at: float) -> None:
        seconds = next(waiting, None)
        if seconds is not None:
            free[worker] = max(free[worker], at) + seconds
            heapq.heappush(outcomes, (free[worker], worker))

    now = 0.0
    for worker in list(range(workers)) * in_flight:
        give(worker, now)
    while outcomes:
        done, worker = heapq.heappop(outcomes)
        now = max(now, done) + next(main)
        give(worker, now)
    return now
