"""What runs in each worker on Ray, apart from what hands out the pictures."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.audits.workers.pool import ModelSource
from lime_core.errors import LimeError
from lime_core.models.files.cache import cache_folder

if TYPE_CHECKING:
    from lime_core.audits.workers.explainer import Explainer
    from lime_core.audits.workers.pool import Job, Outcome
    from lime_core.collections import CollectedPicture


# Not imported: that would go against the order of the library's rooms.
VERSION: str = sys.modules["lime_core"].__version__


class Actor:
    """A worker: the model, loaded once, and the pictures that it is asked about.

    Parameters
    ----------
    version : str
        Of limelight, that the job comes from.
    job : Job
        A model in a file has its name as `source`; each call brings the file's contents.
    """

    def __init__(self, version: str, job: Job) -> None:
        self._version, self._job = version, job
        self._starting = threading.Lock()
        self._problem: str | None = None
        self._explainer: Explainer | None = None

    def problem(self, model: bytes | None) -> str | None:
        """Return why the worker cannot work, or None once it is ready."""
        with self._starting:
            if self._explainer is None and self._problem is None:
                # As a text, since an exception would reach the other side as a traceback.
                try:
                    self._core = own_core()
                    self._explainer = self._started(model)
                except LimeError as error:
                    self._problem = str(error)
            return self._problem

    def explain(self, picture: CollectedPicture, data: bytes | None, model: bytes | None) -> Outcome | str:
        """Return the outcome of a picture, or why no picture can be explained."""
        problem = self.problem(model)
        if problem is not None or self._explainer is None:
            return problem or "The worker has no model."
        if isinstance(self._job.collection, GivenPictures) and data is not None:
            self._job.collection.give(picture.path, data)
        try:
            return self._explainer.explain(picture)
        except LimeError as error:
            return str(error)

    def _started(self, model: bytes | None) -> Explainer:
        from lime_core.audits.workers.explainer import Explainer

        if self._version != VERSION:
            raise LimeError(f"A machine of the Ray cluster has limelight {VERSION}; install {self._version} there.")
        job = self._job
        if model is None or not isinstance(job.model, ModelSource):
            return Explainer(job)
        with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
            path = Path(folder, job.model.source)
            path.write_bytes(model)
            return Explainer(replace(job, model=replace(job.model, source=str(path))))


class GivenPictures:
    """The collection of a worker to which pictures are sent; each can be read once."""

    root = "pictures that were sent"
    pictures: tuple[CollectedPicture, ...] = ()

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}

    def give(self, path: str, data: bytes) -> None:
        """Hand over the bytes of a picture."""
        self._data[path] = data

    def read(self, path: str) -> bytes:
        """Return the bytes of a picture."""
        return self._data.pop(path)


def own_core() -> Any:
    """Keep to a core that no other worker on this machine has, as long as the file that is returned is open.

    Without it every worker would start as many threads as there are cores.
    """
    try:
        import fcntl

        cores = sorted(os.sched_getaffinity(0))
    except (ImportError, AttributeError):  # not Linux
        return None
    folder = cache_folder()
    if folder is None:
        return None
    for core in cores:
        try:
            (folder / "cores").mkdir(parents=True, exist_ok=True)
            file = (folder / "cores" / str(core)).open("a")
        except OSError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        for thread in Path("/proc/self/task").iterdir():  # Ray has started some
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(thread.name), [core])
        return file
    return None
