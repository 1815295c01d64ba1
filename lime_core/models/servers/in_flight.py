"""Several requests at a time, and their answers in order."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")


def in_order(
    ask: Callable[[NDArray[np.float32], threading.Event], T], batches: Sequence[NDArray[np.float32]], threads: int
) -> list[T]:
    """Ask about several batches at a time, and return the answers in the order of the batches.

    The first failure is raised at once. The threads are daemons, so that an interrupted process need not wait for a
    slow server.
    """
    stopped = threading.Event()
    if len(batches) <= 1:
        return [ask(batch, stopped) for batch in batches]
    waiting: SimpleQueue[int] = SimpleQueue()
    finished: SimpleQueue[tuple[int, T | BaseException]] = SimpleQueue()

    def work() -> None:
        while not stopped.is_set():
            try:
                index = waiting.get_nowait()
            except Empty:
                return
            try:
                finished.put((index, ask(batches[index], stopped)))
            except BaseException as error:
                finished.put((index, error))

    for index in range(len(batches)):
        waiting.put(index)
    for _ in range(min(threads, len(batches))):
        threading.Thread(target=work, name="model-server", daemon=True).start()
    answers: dict[int, T] = {}
    try:
        while len(answers) < len(batches):
            index, answer = finished.get()
            if isinstance(answer, BaseException):
                raise answer
            answers[index] = answer
    finally:
        stopped.set()
    return [answers[index] for index in range(len(batches))]
