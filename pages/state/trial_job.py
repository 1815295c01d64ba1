"""Run one trial of an attribution in the background; it can be stopped at any batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from numpy.typing import NDArray

import lime_core as lc
from lime_core.models import CATALOG
from lime_core.models.engines.base import Precision, precision_of
from lime_core.trials.shared import means_the_same
from lime_core.trials.suite import NO_LAYERS, SEEDS, TRIALS, Subject, calls_of
from pages.state.background_job import BackgroundJob
from pages.state.guarded_classifier import guarded
from pages.state.question import Question
from pages.state.server import Server
from pages.state.trials_made import TrialKeys
from pages.state.turns import Run


@dataclass(frozen=True, slots=True)
class TrialOrder:
    """Which trial, of which attribution.

    Attributes
    ----------
    name : str
        One of `lime_core.trials.suite.TRIALS`.
    question : Question
        Picture and model.
    attribution : Attribution
        What is put to the test.
    class_index : int
        One of its classes.
    neighborhood : Neighborhood
        The answers it rests on.
    top_k : int
        How many superpixels count as the strongest.
    seeds : tuple of int
        Those of "repeat".
    """

    name: str
    question: Question
    attribution: lc.Attribution
    class_index: int
    neighborhood: lc.Neighborhood
    top_k: int
    seeds: tuple[int, ...] = SEEDS

    @property
    def calls(self) -> int:
        """How many pictures the model is asked about, at most."""
        return calls_of(self.name, self.attribution, self.seeds)

    @property
    def obstacle(self) -> str:
        """Why the trial can say nothing of this attribution; empty where it can."""
        method, spec = lc.METHODS[self.attribution.method], self.attribution.spec
        if self.name == "repeat" and means_the_same(method, replace(spec, seed=0), replace(spec, seed=1)):
            return f"{method.title} draws nothing at random: another seed gives the same result."
        if self.name == "sanity" and self.question.model not in CATALOG:
            return NO_LAYERS
        return "" if self.calls else "This trial would ask the model nothing, so it has nothing to find out."

    @property
    def precision(self) -> Precision:
        """That of the answers which are put to the test."""
        return precision_of(self.attribution.provenance.engine)

    @property
    def key(self) -> str:
        """Equal for trials with equal results: how the maps are drawn does not count, K does."""
        keys = TrialKeys(self.attribution, self.top_k)
        return keys.of_repeat(self.seeds) if self.name == "repeat" else keys.of(self.name, self.class_index)


class TrialJob(BackgroundJob):
    """A trial under way; `done` and `total` count model calls. Nothing is kept of one that was stopped.

    Attributes
    ----------
    order : TrialOrder
        Which trial.
    """

    failure: ClassVar[str] = "The trial ended unexpectedly"

    def __init__(self, order: TrialOrder, server: Server) -> None:
        super().__init__(f"trial {order.name}", total=order.calls)
        self.order = order
        self._server = server

    def work(self) -> None:
        """Run the trial and keep its result on the server."""
        order, server = self.order, self._server
        with server.turns.run(self.visitor, self._remaining) as run:
            guard = partial(guarded, asking=partial(self._in_turn, run))
            classifier = server.models.wait_for(order.question.model, order.precision, self)
            subject = Subject(
                order.question.image,
                order.question.model,
                guard(classifier),
                order.attribution,
                order.class_index,
                order.neighborhood,
                order.top_k,
                order.seeds,
                guard,
            )
            server.results.put(order.key, TRIALS[order.name](subject, lambda *_: self.check()))

    def clean_up(self) -> None:
        """Leave the classifier to others."""
        self._server.models.release(self)

    def _in_turn(self, run: Run, pictures: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        self.check()
        with run.turn():
            answers = ask()
        self.done += pictures
        return answers

    def _remaining(self) -> float | None:
        speed = self._server.speed(self.order.question.model, self.order.precision)
        return (self.total - self.done) / speed if speed else None
