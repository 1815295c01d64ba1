"""One trial of an explanation in a thread of its own: it counts its model calls and can be stopped at any batch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

import lime_core as lc
from lime_core.methods.lime.precision import precision_of
from lime_core.models.engines.base import Precision
from lime_core.settings.spec import QUERY_STAGES
from lime_core.trials.suite import SEEDS, TRIALS, Subject, calls_of
from pages.state.explain_job import Question, StoppedError
from pages.state.guarded_classifier import guarded
from pages.state.server import Store, digest

_LOG = logging.getLogger("limelight")
_UNWATCHED = 60.0  # seconds after which a trial that no page looks at ends: its browser tab was closed


@dataclass(frozen=True, slots=True)
class Order:
    """What is tried, of which explanation.

    Attributes
    ----------
    name : str
        One of `lime_core.trials.suite.TRIALS`.
    question : Question
        Picture and model.
    explanation : Explanation
        The answer that is put to the test.
    class_index : int
        One of its classes.
    neighborhood : Neighborhood
        The answers it rests on.
    seeds : tuple of int
        Those of "repeat".
    """

    name: str
    question: Question
    explanation: lc.Explanation
    class_index: int
    neighborhood: lc.Neighborhood
    seeds: tuple[int, ...] = SEEDS

    @property
    def calls(self) -> int:
        """How many pictures the model is asked about, at most."""
        return calls_of(self.name, self.explanation, self.seeds)

    @property
    def precision(self) -> Precision:
        """That of the answers which are put to the test."""
        return precision_of(self.explanation.provenance.engine)

    @property
    def key(self) -> str:
        """Equal for tests with equal results: how the maps are drawn does not count, K does."""
        about, spec = self.explanation.provenance, self.explanation.spec
        judged = replace(lc.ExplainSpec().with_stages_of(spec, *QUERY_STAGES, "fit"), top_k=spec.top_k)
        what = str(self.seeds) if self.name == "repeat" else str(self.class_index)
        stages = (*QUERY_STAGES, "fit", "view")
        model = (about.model, str(about.weights_sha256), about.engine)
        return digest("trial", self.name, what, about.image_sha256, *model, judged.digest(*stages))


class Trial:
    """A test under way.

    Attributes
    ----------
    order : Order
        What is tried.
    done : int
        Pictures the model was asked about so far.
    error : LimeError or None
        Why there is no result.
    """

    def __init__(self, order: Order, store: Store) -> None:
        self.order = order
        self.done = 0
        self.error: lc.LimeError | None = None
        self.began = time.monotonic()
        self._store = store
        self._seen = time.monotonic()
        self._stop = threading.Event()
        self._finished = threading.Event()
        threading.Thread(target=self._work, name=f"trial {order.name}", daemon=True).start()

    @property
    def active(self) -> bool:
        """Whether it goes on."""
        return not self._finished.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def watched(self) -> None:
        """Say that a page still shows it."""
        self._seen = time.monotonic()

    def stop(self) -> None:
        """End before the next batch; nothing of it is kept."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; return whether it came."""
        return self._finished.wait(seconds)

    def _work(self) -> None:
        try:
            self._store.results.put(self.order.key, self._run())
        except StoppedError:
            self._stop.set()
        except lc.LimeError as error:
            self.error = error
        except Exception as error:
            _LOG.exception("A trial failed")
            self.error = lc.ModelError(f"The trial ended unexpectedly: {type(error).__name__}: {error}")
        finally:
            self._finished.set()

    def _run(self) -> Any:
        order = self.order
        guard = partial(guarded, asking=self._ask)
        subject = Subject(
            order.question.image,
            order.question.model,
            guard(self._loaded()),
            order.explanation,
            order.class_index,
            order.neighborhood,
            order.seeds,
            guard,
        )
        return TRIALS[order.name](subject, lambda *_: self._check())

    def _loaded(self) -> lc.Classifier:
        loading = self._store.loading(self.order.question.model, self.order.precision)
        while not loading.wait(0.1):
            self._check()
        if loading.classifier is None:
            raise loading.error or lc.ModelError("The model could not be loaded.")
        return loading.classifier

    def _ask(self, pictures: int, question: Callable[[], np.ndarray]) -> np.ndarray:
        self._check()
        with self._store.inference:
            answers = question()
        self.done += pictures
        return answers

    def _check(self) -> None:
        if self._stop.is_set() or time.monotonic() - self._seen > _UNWATCHED:
            raise StoppedError
