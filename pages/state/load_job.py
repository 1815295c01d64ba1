"""Load a classifier in the background."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

from streamlit.runtime.scriptrunner import script_runner

import lime_core as lc
from lime_core.models.engines.base import Precision
from pages.state.background_job import BackgroundJob
from pages.state.known_models import known_model


def keep_keras_whole() -> None:
    """Keep Streamlit from clearing Keras's global state at the end of every run of every session's script.

    It does so in the midst of another thread's building (whose layers then get the same names twice) or asking
    (whose compiled kernels are dropped), and spends a fifth of a second on it. No setting turns it off.
    """
    script_runner._clean_problem_modules = lambda: None  # noqa: SLF001


class LoadJob(BackgroundJob):
    """A classifier on its way: fetch the weights if they are not here, then build the network.

    `done` and `total` count the bytes of the download; both are 0 while nothing is fetched. A stop takes effect at
    the next piece of the download; a network that is being built is built to its end.

    Attributes
    ----------
    model : str
        Key of `known_model`.
    precision : {"f32", "bf16"}
        Numbers inside the network.
    on_loaded : callable, optional
        Called once the classifier is there.
    classifier : Classifier or None
        The result, once it is there.
    """

    # All sessions share a model, so it is loaded to the end though the page that asked for it was closed.
    patience: ClassVar[float] = math.inf

    def __init__(
        self, model: str, precision: Precision = "f32", *, on_loaded: Callable[[], None] | None = None
    ) -> None:
        super().__init__(f"load {model}")
        self.model, self.precision, self._on_loaded = model, precision, on_loaded
        self.classifier: lc.Classifier | None = None

    @property
    def failed(self) -> bool:
        """Whether it has ended without a classifier."""
        return not self.active and self.classifier is None

    @property
    def fetching(self) -> bool:
        """Whether the weights are being downloaded."""
        return self.active and self.done < self.total

    def work(self) -> None:
        """Load the classifier."""
        self.classifier = known_model(self.model).load(self.precision, self._progress)

    def after_stop(self) -> None:
        """Say that the download was cancelled."""
        self.error = lc.WeightsError("The download was cancelled; nothing of it was kept.")

    def clean_up(self) -> None:
        """Say that the classifier is there."""
        if self.classifier is not None and self._on_loaded is not None:
            self._on_loaded()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self.check()
