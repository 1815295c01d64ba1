"""The classifiers in memory: loaded when somebody asks for one, few at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict

import lime_core as lc
from lime_core.models.engines.base import Precision
from pages.state.background_job import BackgroundJob
from pages.state.load_job import LoadJob

MOST_LOADED = 3  # a network with its compiled graph takes up to a gigabyte


class LoadedModels:
    """Loadings by model and precision. Of the classifiers that no job uses, the least recently used ones go.

    Parameters
    ----------
    most : int
        How many classifiers stay in memory; those in use stay even when they are more.
    """

    def __init__(self, most: int = MOST_LOADED) -> None:
        self._most = most
        # The least recently used one first.
        self._loadings: OrderedDict[tuple[str, Precision], LoadJob] = OrderedDict()
        self._users: dict[BackgroundJob, set[tuple[str, Precision]]] = {}
        self._guard = threading.RLock()

    def load(self, model: str, precision: Precision = "f32") -> LoadJob:
        """Return the loading of a model, begun now unless it is under way or done; a failed one begins anew.

        Weights that are not on this machine are fetched, so only what somebody pressed a button for may call it for
        such a model.
        """
        key = (model, precision)
        with self._guard:
            job = self._loadings.get(key)
            if job is None or job.failed:
                job = self._loadings[key] = LoadJob(model, precision, on_loaded=self._drop_idle).start()
            self._loadings.move_to_end(key)
            return job

    def loading(self, model: str, precision: Precision = "f32") -> LoadJob | None:
        """Return the latest loading of a model without beginning one."""
        return self._loadings.get((model, precision))

    def classifier(self, model: str, precision: Precision = "f32") -> lc.Classifier | None:
        """Return a classifier that is ready, without waiting for one that is not."""
        job = self.loading(model, precision)
        return job.classifier if job else None

    def wait_for(self, model: str, precision: Precision, user: BackgroundJob) -> lc.Classifier:
        """Return a classifier once it is loaded, for a job that uses it until `release`.

        Raises
        ------
        LimeError
            When it could not be loaded.
        StoppedError
            When the job was stopped while it waited.
        """
        with self._guard:
            job = self.load(model, precision)
            self._users.setdefault(user, set()).add((model, precision))
        while not job.wait(0.1):
            user.check()
        if job.classifier is None:
            raise job.error or lc.ModelError("The model could not be loaded.")
        return job.classifier

    def release(self, user: BackgroundJob) -> None:
        """Note that a job has ended and uses no classifier any more."""
        with self._guard:
            self._users.pop(user, None)
            self._drop_idle()

    @property
    def ready(self) -> tuple[tuple[str, Precision], ...]:
        """Model and precision of every classifier in memory, the least recently used one first."""
        with self._guard:
            return tuple(key for key, job in self._loadings.items() if job.classifier is not None)

    def _drop_idle(self) -> None:
        with self._guard:
            used = set().union(*self._users.values())
            ready = self.ready
            idle = [key for key in ready if key not in used]
            for key in idle[: max(len(ready) - self._most, 0)]:
                del self._loadings[key]
