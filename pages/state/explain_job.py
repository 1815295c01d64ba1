"""One explanation being computed in a thread of its own: the page stays usable, and can stop it at any batch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import lime_core as lc
from lime_core.methods.lime.precision import precision_of, settle_precision
from lime_core.models.engines.base import Precision
from pages.state.guarded_classifier import guarded
from pages.state.server import Store, question_key

_LOG = logging.getLogger("limelight")
_UNWATCHED = 60.0  # seconds after which a run that no page looks at ends: its browser tab was closed


class StoppedError(Exception):
    """Somebody pressed stop, or nobody looks any more."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which model about which picture.

    Attributes
    ----------
    image : Image
        The picture, before framing.
    title : str
        What people call it.
    model : str
        Catalog id.
    spec : ExplainSpec
        All settings.
    precision : {"f32", "bf16"}
        Numbers inside the network; bf16 is used only if it passes its check on this picture.
    """

    image: lc.Image
    title: str
    model: str
    spec: lc.ExplainSpec
    precision: Precision = "f32"

    @property
    def key(self) -> str:
        """Equal for questions whose answers can be added together."""
        return question_key(self.image, self.model, self.spec, self.precision)


class Run:
    """The answers to a question, growing batch by batch.

    Attributes
    ----------
    question : Question
        What is asked.
    neighborhood : Neighborhood or None
        All answers so far; always a valid neighborhood.
    error : LimeError or None
        Why it ended early.
    compared : int
        Pictures asked about to compare reduced precision with f32, before the answers begin.
    """

    def __init__(self, question: Question, store: Store) -> None:
        self.question = question
        self.error: lc.LimeError | None = None
        self.compared = 0
        self.neighborhood = store.answers(question.key, question.spec.samples)
        self.started_with = self.neighborhood.samples if self.neighborhood else 0
        self._store = store
        self._seen = time.monotonic()
        self._stop = threading.Event()
        self._finished = threading.Event()
        if self.samples >= question.spec.samples:
            self._finished.set()
            return
        threading.Thread(target=self._work, name="explain", daemon=True).start()

    @property
    def samples(self) -> int:
        """How many answers there are."""
        return self.neighborhood.samples if self.neighborhood else 0

    @property
    def precision(self) -> Precision:
        """That of the answers so far, or the one asked for."""
        return precision_of(self.neighborhood.provenance.engine) if self.neighborhood else self.question.precision

    @property
    def active(self) -> bool:
        """Whether more answers are on their way."""
        return not self._finished.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def watched(self) -> None:
        """Say that a page still shows it."""
        self._seen = time.monotonic()

    def stop(self) -> None:
        """End after the batch that is being asked; what there is stays valid."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; return whether it came."""
        return self._finished.wait(seconds)

    def _work(self) -> None:
        try:
            self._ask(*self._settled())
        except StoppedError:
            self._stop.set()
        except lc.LimeError as error:
            self.error = error
        except Exception as error:
            _LOG.exception("A run failed")
            self.error = lc.ModelError(f"The run ended unexpectedly: {type(error).__name__}: {error}")
        finally:
            if self.neighborhood is not None:
                self._store.remember(self.question.key, self.neighborhood)
            self._finished.set()

    def _settled(self) -> tuple[lc.Classifier, lc.Neighborhood | None]:
        """Return the classifier to ask, and the answers to go on from."""
        question, known = self.question, self.neighborhood
        if known is not None:
            return self._loaded(precision_of(known.provenance.engine)), known
        if question.precision == "f32":
            return self._loaded("f32"), None
        both = self._loaded("f32"), self._loaded(question.precision)
        exact, reduced = (guarded(classifier, self._in_turn) for classifier in both)
        chosen, known = settle_precision(question.image, exact, reduced, question.spec)
        return both[0] if chosen is exact else both[1], known

    def _loaded(self, precision: Precision) -> lc.Classifier:
        loading = self._store.loading(self.question.model, precision)
        while not loading.wait(0.1):
            self._check()
        if loading.classifier is None:
            raise loading.error or lc.ModelError("The model could not be loaded.")
        return loading.classifier

    def _in_turn(self, pictures: int, ask: Callable[[], np.ndarray]) -> np.ndarray:
        self._check()
        self.compared += pictures
        with self._store.inference:
            return ask()

    def _check(self) -> None:
        if self._given_up():
            raise StoppedError

    def _ask(self, classifier: lc.Classifier, known: lc.Neighborhood | None) -> None:
        question = self.question
        answers = lc.stream(question.image, classifier, question.spec, known=known)
        while not self._given_up():
            before = self.samples
            with self._store.inference:
                began = time.perf_counter()
                grown = next(answers, None)
                seconds = time.perf_counter() - began
            if grown is None:
                return
            self.neighborhood = grown
            # The first batch pays for tracing and cutting, so it says nothing about the speed.
            if before > self.started_with:
                self._store.measure(question.model, self.precision, grown.samples - before, seconds)

    def _given_up(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._seen > _UNWATCHED
