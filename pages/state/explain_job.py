"""Ask the model about a picture in the background, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from numpy.typing import NDArray

import lime_core as lc
from lime_core.methods.lime.precision import settle_precision
from lime_core.models.engines.base import Precision, precision_of
from pages.state.background_job import BackgroundJob
from pages.state.guarded_classifier import guarded
from pages.state.question import Question
from pages.state.server import Server


class ExplainJob(BackgroundJob):
    """The answers to a question, growing batch by batch; what there is after a stop stays valid.

    Attributes
    ----------
    question : Question
        What is asked.
    neighborhood : Neighborhood or None
        All answers so far; always a valid neighborhood.
    started_with : int
        Answers that were there already.
    compared : int
        Pictures asked about to compare reduced precision with f32, before the answers begin.
    """

    failure: ClassVar[str] = "The run ended unexpectedly"

    def __init__(self, question: Question, server: Server) -> None:
        super().__init__("explain", total=question.asked.samples)
        self.question = question
        self.compared = 0
        self._seconds = 0.0  # that the model took since the last batch
        self.neighborhood = server.answers_to(question)
        self.started_with = self.done = self.neighborhood.samples if self.neighborhood else 0
        if self.neighborhood is not None:
            self.total = question.size(self.neighborhood.superpixels)
        self._server = server

    @property
    def precision(self) -> Precision:
        """That of the answers so far, or the one asked for."""
        return precision_of(self.neighborhood.provenance.engine) if self.neighborhood else self.question.precision

    def is_needed(self) -> bool:
        """Return whether more answers are wanted than there are."""
        return self.done < self.total

    def work(self) -> None:
        """Settle the precision, then ask batch by batch."""
        classifier, cached = self._settled()
        asked = self.question.asked
        # Cutting and inpainting take seconds, so other visitors must not wait for them.
        scene = self._server.scene(self.question.image, classifier.input_size, asked)
        before, self._seconds = self.done, 0.0
        for grown in lc.stream(
            self.question.image, guarded(classifier, self._in_turn), asked, known=cached, scene=scene
        ):
            self.neighborhood, self.done = grown, grown.samples
            self.total = self.question.size(grown.superpixels)
            # The first batch pays for tracing, so it says nothing about the speed.
            if before > self.started_with:
                self._server.measure(self.question.model, self.precision, self.done - before, self._seconds)
            before, self._seconds = self.done, 0.0

    def clean_up(self) -> None:
        """Keep the answers on the server, and leave the classifier to others."""
        self._server.models.release(self)
        if self.neighborhood is not None:
            self._server.remember(self.question.key, self.neighborhood)

    def _settled(self) -> tuple[lc.Classifier, lc.Neighborhood | None]:
        """Return the classifier to ask, and the answers to go on from."""
        question, cached = self.question, self.neighborhood
        if cached is not None:
            return self._classifier(precision_of(cached.provenance.engine)), cached
        if question.precision == "f32":
            return self._classifier("f32"), None
        both = self._classifier("f32"), self._classifier(question.precision)
        exact, reduced = (guarded(classifier, self._in_comparison) for classifier in both)
        chosen, cached = settle_precision(question.image, exact, reduced, question.asked)
        return both[0] if chosen is exact else both[1], cached

    def _classifier(self, precision: Precision) -> lc.Classifier:
        return self._server.models.wait_for(self.question.model, precision, self)

    def _in_comparison(self, pictures: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        self.compared += pictures
        return self._in_turn(pictures, ask)

    def _in_turn(self, _: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        self.check()
        with self._server.inference:
            began = time.perf_counter()
            answers = ask()
            self._seconds += time.perf_counter() - began
        return answers
