"""Ask the model about a picture in the background, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from numpy.typing import NDArray

import lime_core as lc
from lime_core.answers.origin import provenance_of
from lime_core.methods import mask_method_named
from lime_core.methods.lime.precision import stream_in
from lime_core.models.engines.base import Precision, precision_of
from pages.state.background_job import BackgroundJob
from pages.state.guarded_classifier import guarded
from pages.state.question import Question
from pages.state.server import Server
from pages.state.turns import Place, Run


class ExplainJob(BackgroundJob):
    """The answers to a question, growing batch by batch; what there is after a stop stays valid.

    Parameters
    ----------
    question : Question
    server : Server
        Whose model is asked.
    offered : Neighborhood, optional
        Answers from elsewhere, which are taken if they are this server's model's; it is loaded to tell that.

    Attributes
    ----------
    question : Question
        What is asked.
    neighborhood : Neighborhood or None
        All answers so far; always a valid neighborhood.
    started_with : int
        Answers that were there already.
    """

    failure: ClassVar[str] = "The run ended unexpectedly"

    def __init__(self, question: Question, server: Server, offered: lc.Neighborhood | None = None) -> None:
        super().__init__("explain", total=question.asked.samples)
        self.question, self._offered = question, offered
        self._seconds = 0.0  # that the model took since the last batch
        self.neighborhood = server.answers_to(question)
        self.started_with = self.done = self.neighborhood.samples if self.neighborhood else 0
        if self.neighborhood is not None:
            self.total = question.size(self.neighborhood.superpixels)
        self._server = server
        self._taking_part: Run | None = None

    @property
    def place(self) -> Place | None:
        """Where it stands while it waits for its first turn; None before and after that."""
        return None if self._taking_part is None else self._taking_part.place

    def remaining(self) -> float | None:
        """Return how many seconds the model still has to work for it; None before its speed was measured."""
        speed = self._server.speed(self.question.model, self.precision)
        return (self.total - self.done) / speed if speed else None

    @property
    def precision(self) -> Precision:
        """That of the answers so far, or the one asked for; f32 where that depends on the picture."""
        if self.neighborhood is not None:
            return precision_of(self.neighborhood.provenance.engine)
        return "bf16" if self.question.precision == "bf16" else "f32"

    def is_needed(self) -> bool:
        """Return whether more answers are wanted than there are."""
        return self.done < self.total or self._offered is not None

    def work(self) -> None:
        """Take part in the turns that visitors take, and ask batch by batch."""
        if self._offered is not None:
            self._take(self._offered)
            if self.done >= self.total:
                return
        with self._server.turns.run(self.visitor, self.remaining) as self._taking_part:
            self._ask(self._taking_part)

    def _take(self, offered: lc.Neighborhood) -> None:
        """Take answers from elsewhere, if they are more than there are, and those of the model that would be asked."""
        engine, exact = offered.provenance.engine, self._classifier("f32")
        # In reduced precision it is the same model, and need not run on this machine.
        here = provenance_of(
            self.question.image, exact, {}, engine=exact.engine if precision_of(engine) == "f32" else engine
        )
        if offered.samples > self.done and offered.provenance.is_origin_of(here):
            self.neighborhood = offered
            self.started_with = self.done = offered.samples
            self.total = self.question.size(offered.superpixels)

    def _ask(self, run: Run) -> None:
        question, asked, known = self.question, self.question.asked, self.neighborhood
        # Cutting and inpainting take seconds, so other visitors must not wait for them.
        scene = self._server.scene(question.image, self._classifier("f32").input_size, asked)
        before, self._seconds = self.done, 0.0
        for grown in stream_in(
            question.precision,
            question.image,
            lambda precision: guarded(self._classifier(precision), partial(self._in_turn, run)),
            asked,
            fitted=mask_method_named(question.method).fits,
            known=known,
            scene=scene,
        ):
            if grown.samples < self.done:
                # It begins anew in f32; what there is stays on screen until there is as much of that.
                before = self.started_with = grown.samples
            self.done = grown.samples
            if self.neighborhood is None or grown.samples >= self.neighborhood.samples:
                self.neighborhood = grown
            self.total = question.size(grown.superpixels)
            # The first batch pays for tracing, so it says nothing about the speed.
            if before > self.started_with:
                precision = precision_of(grown.provenance.engine)
                self._server.measure(question.model, precision, self.done - before, self._seconds)
            before, self._seconds = self.done, 0.0
        # By then also where f32 has stopped with fewer samples than reduced precision had taken.
        self.neighborhood = grown

    def clean_up(self) -> None:
        """Keep the answers on the server, and leave the classifier to others."""
        self._server.models.release(self)
        if self.neighborhood is not None:
            self._server.remember(self.question, self.neighborhood)

    def _classifier(self, precision: Precision) -> lc.Classifier:
        return self._server.models.wait_for(self.question.model, precision, self)

    def _in_turn(self, run: Run, _: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        self.check()
        with run.turn():
            began = time.perf_counter()
            answers = ask()
            self._seconds += time.perf_counter() - began
        return answers
