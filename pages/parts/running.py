"""One explanation being computed in a thread of its own: the page stays usable, and can stop it at any batch."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

import lime_core as lc
from pages.parts.store import Store, question_key

_LOG = logging.getLogger("limelight")
_UNWATCHED = 60.0  # seconds after which a run that no page looks at ends: its browser tab was closed


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
    """

    image: lc.Image
    title: str
    model: str
    spec: lc.ExplainSpec

    @property
    def key(self) -> str:
        """Equal for questions whose answers can be added together."""
        return question_key(self.image, self.model, self.spec)


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
    """

    def __init__(self, question: Question, store: Store) -> None:
        self.question = question
        self.error: lc.LimeError | None = None
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
            self._ask(self._loaded())
        except lc.LimeError as error:
            self.error = error
        except Exception as error:
            _LOG.exception("A run failed")
            self.error = lc.ModelError(f"The run ended unexpectedly: {type(error).__name__}: {error}")
        finally:
            if self.neighborhood is not None:
                self._store.remember(self.question.key, self.neighborhood)
            self._finished.set()

    def _loaded(self) -> lc.Classifier | None:
        loading = self._store.loading(self.question.model)
        while not loading.wait(0.1):
            if self._given_up():
                return None
        if loading.error is not None:
            raise loading.error
        return loading.classifier

    def _ask(self, classifier: lc.Classifier | None) -> None:
        if classifier is None:
            return
        question = self.question
        answers = lc.stream(question.image, classifier, question.spec, known=self.neighborhood)
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
                self._store.measure(question.model, grown.samples - before, seconds)

    def _given_up(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._seen > _UNWATCHED
