"""A pool of workers on a Ray cluster: one a free processor, on this machine or on many.

Ray places the workers, starts a lost one anew and asks it again about the pictures that it was working on. Here is only
what Ray cannot know: that a picture which ends its workers every time is skipped, and the others with it are not.
"""

from __future__ import annotations

import contextlib
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.audits.workers.pool import Job, ModelSource, Outcome
from lime_core.audits.workers.ray_actor import VERSION, Actor, GivenPictures
from lime_core.audits.workers.ray_cluster import connect, last_line, show_messages
from lime_core.collections.addresses import AddressCollection, is_address
from lime_core.collections.archive import ZipCollection
from lime_core.collections.lists import ListedCollection
from lime_core.errors import LimeError
from lime_core.models.labels import as_labels
from lime_core.models.loading import is_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lime_core.collections import CollectedPicture, Collection

AT_A_TIME = 2  # pictures that a worker explains: one is prepared while the model works for the other
IN_FLIGHT = AT_A_TIME + 1  # the next is there already
_RESTARTS = 20  # of one worker, before it is given up
_RETRIES = 1  # by Ray, of a picture whose worker was lost


class RayWorkers:
    """Explain pictures on a Ray cluster.

    limelight must be installed, in the same version, wherever a worker may run. A model file is sent to the workers,
    and so are pictures from files of this machine; they read pictures at an address themselves.

    Parameters
    ----------
    job : Job
    address : str
        ``auto`` for the cluster that this machine belongs to, or ``ray://HOST:PORT``. Where the process is connected to
        a cluster already, that one is used and stays connected.

    Raises
    ------
    LimeError
        When Ray is not installed, there is no cluster, or it has no free processor; when the model is neither named nor
        a file.
    """

    def __init__(self, job: Job, address: str) -> None:
        if not isinstance(job.model, ModelSource):
            raise LimeError("On Ray the model must be given by its name, its file or its address, not as an object.")
        self._collection = None if is_address(job.collection.root) else job.collection
        self._connected = connect(address)
        try:
            self._start(job, job.model)
        except BaseException:
            self.close()
            raise

    def _start(self, job: Job, model: ModelSource) -> None:
        import ray

        free = int(ray.available_resources().get("CPU", 0))
        if free < 1:
            raise LimeError("The Ray cluster has no free processor. Wait for other jobs to end, or add a machine.")
        # Small enough to be sent by value, so that a worker that Ray starts anew has it too.
        reading = GivenPictures() if self._collection is not None else _without_pictures(job.collection)
        self._job, self._model = replace(job, collection=reading), None
        data = _model_file(model)
        if data is not None:
            self._model = ray.put(data)
            # The names may be in a file too.
            labels = None if model.labels is None else list(as_labels(model.labels).names)
            named = replace(model, source=Path(model.source).name, labels=labels)
            self._job = replace(self._job, model=named)
        self._workers = [self._new_worker() for _ in range(free)]

    def explain(self, pictures: Iterable[CollectedPicture]) -> Iterator[Outcome]:
        """Yield the outcome of each picture, as `lime_core.audits.workers.pool.Workers` describes."""
        import ray

        waiting = _Waiting(iter(pictures))
        while True:
            for worker in list(self._workers):
                yield from self._give(worker, waiting)
            busy = {ref: worker for worker in self._workers for ref in worker.under_way}
            if not busy and not waiting.suspects and not waiting.more:
                return
            starting = {worker.starting: worker for worker in self._workers if worker.starting is not None}
            if not busy and not starting:
                self._workers.append(self._new_worker())
                continue
            (ref,), _ = ray.wait([*busy, *starting], num_returns=1)
            if ref in starting:
                self._started(starting[ref])
            else:
                yield from self._received(busy[ref], ref, waiting)

    def close(self) -> None:
        """End the workers, those at work too."""
        import ray

        for worker in getattr(self, "_workers", ()):
            worker.end()
        self._workers = []
        if self._connected:
            self._connected = False
            ray.shutdown()
            show_messages(True)

    def _new_worker(self) -> _Worker:
        import ray

        actor = ray.remote(Actor).options(
            num_cpus=1, max_concurrency=AT_A_TIME, max_restarts=_RESTARTS, max_task_retries=_RETRIES
        )
        return _Worker(actor.remote(VERSION, self._job), self._model)

    def _give(self, worker: _Worker, waiting: _Waiting) -> Iterator[Outcome]:
        """Hand over as many pictures as a worker should have; yield what cannot be read."""
        if worker.starting is not None or (worker.alone and worker.under_way):
            return
        # A picture whose worker was lost is asked alone, so that no other is lost with it.
        worker.alone = bool(waiting.suspects) and not worker.under_way
        if worker.alone:
            yield from self._hand_over(worker, waiting.suspects.popleft())
        if waiting.suspects or worker.alone:
            return
        while len(worker.under_way) < IN_FLIGHT and (picture := waiting.next()) is not None:
            yield from self._hand_over(worker, picture)
        if not worker.under_way and not waiting.more:
            # Its processor may be what a lost worker waits for.
            worker.end()
            self._workers.remove(worker)

    def _hand_over(self, worker: _Worker, picture: CollectedPicture) -> Iterator[Outcome]:
        data = None
        if self._collection is not None:
            try:
                data = self._collection.read(picture.path)
            except LimeError as error:
                yield Outcome(picture, skipped=str(error))
                return
        worker.under_way[worker.actor.explain.remote(picture, data, self._model)] = picture

    def _started(self, worker: _Worker) -> None:
        import ray

        try:
            problem = ray.get(worker.starting)
        except ray.exceptions.RayError as error:
            worker.end()
            self._workers.remove(worker)
            if not self._workers:
                raise LimeError(
                    f"No worker could be started on the Ray cluster ({last_line(error)}). limelight "
                    f"{VERSION} must be installed on every machine of it."
                ) from error
            return
        if problem is not None:
            raise LimeError(problem)
        worker.starting = None

    def _received(self, worker: _Worker, ref: Any, waiting: _Waiting) -> Iterator[Outcome]:
        import ray

        picture = worker.under_way.pop(ref)
        try:
            outcome = ray.get(ref)
        except ray.exceptions.RayTaskError as error:
            yield Outcome(picture, skipped=f"It could not be explained: {last_line(error)}.")
            return
        except ray.exceptions.RayError as error:
            if worker.alone:
                yield Outcome(picture, skipped=f"It ended its worker every time ({last_line(error)}).")
            else:
                waiting.suspects.append(picture)
            if worker.starting is None:
                # Whether it is there again, or lost for good.
                worker.start()
            return
        if isinstance(outcome, str):
            raise LimeError(outcome)
        yield outcome


@dataclass(eq=False, slots=True)
class _Waiting:
    """Pictures that no worker has: those whose worker was lost, and all others."""

    pictures: Iterator[CollectedPicture]
    suspects: deque[CollectedPicture] = field(default_factory=deque)
    more: bool = True

    def next(self) -> CollectedPicture | None:
        picture = next(self.pictures, None) if self.more else None
        self.more = picture is not None
        return picture


@dataclass(eq=False, slots=True)
class _Worker:
    """An actor, the pictures that it has been given by reference, and the reference of its start until it is ready."""

    actor: Any
    model: Any
    under_way: dict[Any, CollectedPicture] = field(default_factory=dict)
    alone: bool = False
    starting: Any = None

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.starting = self.actor.problem.remote(self.model)

    def end(self) -> None:
        import ray

        with contextlib.suppress(Exception):  # it may be gone, and so may the cluster
            ray.kill(self.actor)


def _without_pictures(collection: Collection) -> Collection:
    """Return a collection that reads the same, but does not know which pictures it has."""
    if isinstance(collection, AddressCollection | ListedCollection | ZipCollection):
        return replace(collection, pictures=())
    return collection


def _model_file(model: ModelSource) -> bytes | None:
    """Return the contents of a model's file; None for a model that every machine can load by its name or address."""
    if is_address(model.source) or not is_path(model.source):
        return None
    try:
        return Path(model.source).read_bytes()
    except OSError as error:
        raise LimeError(f"The model file {model.source} cannot be read: {error.strerror}.") from error
