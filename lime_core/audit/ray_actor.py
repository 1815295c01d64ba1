"""What runs in each worker on Ray, apart from what hands out the pictures."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.audit.workers import ModelSource
from lime_core.errors import LimeError
from lime_core.models.files.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lime_core.audit.workers import Job, Outcome
    from lime_core.collections import CollectedPicture


# Not imported: that would go against the order of the library's rooms.
VERSION: str = sys.modules["lime_core"].__version__


class Actor:
    """A worker: the model, loaded once, and the pictures that it is asked about.

    Parameters
    ----------
    version : str
        Of limelight, that the job comes from.
    sent : sequence of ray.ObjectRef
        The `Job`, and the contents of the model's file or None.
    """

    def __init__(self, version: str, sent: Sequence[Any]) -> None:
        import ray

        # Exceptions of this method would reach the other side as a traceback only.
        self._problem: str | None = None
        try:
            self._core = _own_core()
            job, model = (None if ref is None else ray.get(ref) for ref in sent)
            self._begin(version, job, model)
        except LimeError as error:
            self._problem = str(error)

    def _begin(self, version: str, job: Job, model: bytes | None) -> None:
        from lime_core.audit.explainer import Explainer

        if version != VERSION:
            raise LimeError(f"A machine of the Ray cluster has limelight {VERSION}; install {version} there.")
        self._pictures = job.collection
        with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
            if model is not None and isinstance(job.model, ModelSource):
                path = Path(folder, Path(job.model.source).name)
                path.write_bytes(model)
                job = replace(job, model=replace(job.model, source=str(path)))
            self._explainer = Explainer(job)

    def problem(self) -> str | None:
        """Return why the worker cannot work, or None once it is ready."""
        return self._problem

    def explain(self, picture: CollectedPicture, data: bytes | None) -> Outcome | str:
        """Return the outcome of a picture, or why no picture can be explained."""
        if self._problem is not None:
            return self._problem
        if isinstance(self._pictures, GivenPictures) and data is not None:
            self._pictures.give(picture.path, data)
        try:
            return self._explainer.explain(picture)
        except LimeError as error:
            return str(error)


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


def _own_core() -> Any:
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
