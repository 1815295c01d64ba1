"""Compare explanation methods in the background, method by method; it can be stopped at any batch."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from numpy.typing import NDArray

import lime_core as lc
from lime_core.methods import Method, method_named
from lime_core.methods.gradients.base import GradientMethod
from lime_core.methods.gradients.grad_cam import LayerMethod
from lime_core.settings.spec import QUERY_STAGES
from lime_core.trials.question_groups import RUNS, grouped, seeds_from
from lime_core.trials.ranking import questions_of_comparison
from pages.state.background_job import BackgroundJob
from pages.state.cache import digest
from pages.state.guarded_classifier import guarded
from pages.state.question import Question
from pages.state.server import Server
from pages.state.turns import Place, Run


def takes_a_layer(name: str) -> bool:
    """Return whether a method looks at one layer of the network, which can be chosen."""
    return isinstance(lc.METHODS[name], LayerMethod)


def layers_of(model: str, server: Server) -> tuple[str, ...]:
    """Return the layers of a model that can be chosen; none before a comparison has built the network for them."""
    return server.results.get(_layers_key(model)) or ()


def _layers_key(model: str) -> str:
    return digest("layers", model)


@dataclass(frozen=True, slots=True)
class MethodsOrder:
    """Which methods are compared, on what.

    Attributes
    ----------
    question : Question
        Picture, model and settings: the number of samples is the budget of every method, the classes are those that
        are compared on, and K of the view says how many superpixels count as the strongest. Always LIME's and in f32,
        so that only the methods differ.
    methods : tuple of str
        Keys of `lime_core.METHODS`.
    layer : str or None
        The layer that Grad-CAM and Grad-CAM++ look at; None for the last one.
    """

    question: Question
    methods: tuple[str, ...]
    layer: str | None = None

    @property
    def key(self) -> str:
        """Equal for comparisons with equal results: how the maps are drawn does not count, K does."""
        question = self.question
        settings = (question.spec.digest(*QUERY_STAGES, "fit"), str(question.spec.top_k))
        return digest("methods", question.image.sha256, question.model, *settings, str(self.layer), *self.methods)

    @property
    def chosen(self) -> tuple[Method, ...]:
        """The methods, with their layer where they take one."""
        return tuple(method_named(name, layer=self.layer if takes_a_layer(name) else None) for name in self.methods)

    def of_classes(self, classes: tuple[int, ...] | None) -> MethodsOrder:
        """Return the same order for these classes."""
        return replace(self, question=replace(self.question, spec=replace(self.question.spec, classes=classes)))

    @property
    def seeds(self) -> tuple[int, ...]:
        """Those of methods that draw something at random."""
        return seeds_from(self.question.spec.seed, RUNS)

    def pictures(self, superpixels: int) -> int:
        """Return how many pictures the model is asked about at most, over all methods and seeds."""
        groups = grouped(self.chosen, self.question.spec, self.seeds, superpixels)
        return questions_of_comparison(groups, superpixels, classes=1)


class MethodsJob(BackgroundJob):
    """A comparison under way; `done` and `total` count pictures that the model is asked about.

    Attributes
    ----------
    order : MethodsOrder
        Which comparison; once the model has answered, of the class that was left to it, and without the methods that
        it does not allow.
    comparison : MethodComparison or None
        Of the methods that are done so far; what there is after a stop stays valid.
    """

    failure: ClassVar[str] = "The comparison ended unexpectedly"

    def __init__(self, order: MethodsOrder, server: Server) -> None:
        super().__init__("compare methods")
        self.order = order
        self.comparison: lc.MethodComparison | None = server.results.get(order.key)
        self._server = server
        self._taking_part: Run | None = None

    @property
    def question(self) -> Question:
        """What is asked of which model."""
        return self.order.question

    @property
    def place(self) -> Place | None:
        """Where it stands while it waits for its first turn; None before and after that."""
        return None if self._taking_part is None else self._taking_part.place

    def remaining(self) -> float | None:
        """Return how many seconds the model still has to work for it; None before its speed was measured."""
        speed = self._server.speed(self.question.model)
        return (self.total - self.done) / speed if speed and self.total else None

    def is_needed(self) -> bool:
        """Return whether the result is not there already."""
        return self.comparison is None

    def work(self) -> None:
        """Take part in the turns that visitors take, and keep the result on the server when it is whole."""
        question, server = self.question, self._server
        with server.turns.run(self.visitor, self.remaining) as self._taking_part:
            classifier = server.models.wait_for(question.model, "f32", self)
            asked = guarded(classifier, partial(self._in_turn, self._taking_part))
            self.order = _with_existing_classes(_allowed(self.order, asked), classifier)
            self._build_for_gradients(classifier)
            for comparison in lc.stream_methods(
                question.image,
                asked,
                self.order.chosen,
                question.spec,
                seeds=self.order.seeds,
                known=server.answers_to(question),
                on_progress=self._progress,
            ):
                self.order = self.order.of_classes(comparison.spec.classes)
                self.comparison = comparison
        # What failed may be tried again.
        if self.comparison is not None and not self.comparison.failed:
            server.results.put(self.order.key, self.comparison)

    def clean_up(self) -> None:
        """Leave the classifier to others."""
        self._server.models.release(self)

    def _build_for_gradients(self, classifier: lc.Classifier) -> None:
        """Build the network that is differentiated, if any is: that takes seconds, for which no visitor should wait."""
        if any(isinstance(lc.METHODS[name], GradientMethod) for name in self.order.methods):
            # What is wrong with it is said by each method that fails.
            with suppress(lc.LimeError):
                layers = tuple(layer.name for layer in lc.feature_layers(classifier))
                self._server.results.put(_layers_key(self.question.model), layers)

    def _in_turn(self, run: Run, _: int, ask: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        self.check()
        with run.turn():
            return ask()

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        self.check()


def _allowed(order: MethodsOrder, classifier: lc.Classifier) -> MethodsOrder:
    """Return an order without the methods that a model does not allow; `SpecError` where none is left."""
    methods = tuple(name for name in order.methods if lc.METHODS[name].obstacle(classifier) is None)
    if not methods:
        raise lc.SpecError("None of the chosen methods can explain this model; choose another one.")
    return replace(order, methods=methods)


def _with_existing_classes(order: MethodsOrder, classifier: lc.Classifier) -> MethodsOrder:
    """Return an order without the classes that a model does not have; of its first class where none is left."""
    classes, count = order.question.spec.classes, len(classifier.class_names)
    if classes is None or not count:
        return order
    return order.of_classes(tuple(index for index in classes if index < count) or None)
