"""What the steps are drawn from: the present question, its answers and its explanation, as far as they are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.masks.samplers import draw_masks
from pages.state.known_models import known_model
from pages.state.question import Question, Result
from pages.state.server import server
from pages.state.session import Session
from pages.widgets.result_view import ResultView

_LEAFED = 64  # samples to choose one from; more are of no use to a person


@dataclass(frozen=True, slots=True)
class WalkthroughState:
    """What a step is drawn from: everything belongs to the present settings.

    Attributes
    ----------
    state : Session
        Whose screen it is.
    question : Question
        What is asked; the walkthrough is about LIME, whatever method was chosen.
    scene : Scene
        The cut picture.
    masks : ndarray of uint8, shape (n, S)
        The first samples' masks; the model need not have answered them yet.
    sample : int
        The one of them that is looked at.
    result : Result or None
        The model's answers, when there are any.
    explanation : Explanation or None
        Their fit, when there are answers and they can be fitted.
    problem : str
        Why they cannot.
    """

    state: Session
    question: Question
    scene: lc.Scene
    masks: NDArray[np.uint8]
    sample: int = 0
    result: Result | None = None
    explanation: lc.Explanation | None = None
    problem: str = ""

    @property
    def spec(self) -> lc.ExplainSpec:
        """The settings as they stand."""
        return self.state.settings.spec

    @property
    def ids(self) -> NDArray[np.int64]:
        """What people call the superpixels, int64 ``(S,)``."""
        return self.spec.segmentation.superpixel_ids(self.scene.superpixels)

    @property
    def mask(self) -> NDArray[np.uint8]:
        """The mask of the sample that is looked at, uint8 ``(S,)``."""
        mask: NDArray[np.uint8] = self.masks[self.sample]
        return mask

    @property
    def answers(self) -> lc.Neighborhood:
        """The model's answers; `LimeError` when there are none."""
        if self.result is None:
            raise lc.LimeError("The model has not been asked yet.")
        return self.result.neighborhood

    @property
    def fitted(self) -> lc.Explanation:
        """The explanation; `LimeError` when there is none."""
        if self.explanation is None:
            raise lc.LimeError(self.problem or "The model has not been asked yet.")
        return self.explanation

    @property
    def shown(self) -> ResultView:
        """The explanation as the other screens show it; `LimeError` when there is none."""
        if self.result is None:
            raise lc.LimeError("The model has not been asked yet.")
        return ResultView(self.state, self.result, self.fitted)

    @property
    def focus(self) -> lc.ClassExplanation:
        """The class that is looked at; `LimeError` when there is no explanation."""
        return self.fitted[self.shown.focus.index]

    @property
    def superpixel(self) -> int:
        """The selected superpixel, or the strongest of the class; `LimeError` when there is no explanation."""
        selected, coefficients = self.state.settings.superpixel, self.focus.coefficients
        if selected is not None and selected < len(coefficients):
            return selected
        return int(np.abs(coefficients).argmax())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walkthrough.

    Attributes
    ----------
    name, sentence : str
        Its heading and the sentence under it.
    choice : str
        What its settings decide, after "The choice here:".
    choose : callable
        Draws the settings, and returns what `Session.change` takes.
    describe, show : callable
        Draw the text and the picture.
    needs : {"scene", "answers", "fit"}
        What has to be there.
    one_sample : bool
        Whether one sample of many is looked at.
    """

    name: str
    sentence: str
    choice: str
    choose: Callable[[Session], dict[str, Any]]
    describe: Callable[[WalkthroughState], None]
    show: Callable[[WalkthroughState], None]
    needs: Literal["scene", "answers", "fit"] = "scene"
    one_sample: bool = False

    def is_ready(self, walk: WalkthroughState) -> bool:
        """Return whether everything is there that the step needs."""
        return {"scene": True, "answers": walk.result is not None, "fit": walk.explanation is not None}[self.needs]


def begin(state: Session, question: Question) -> WalkthroughState:
    """Return what there is for the present question.

    Raises
    ------
    LimeError
        When the picture cannot be cut with these settings.
    """
    question = replace(question, method="lime")
    scene = server().scene(question.image, known_model(question.model).input_size, question.spec)
    neighborhood = _answers(state, question)
    if neighborhood is None:
        return WalkthroughState(state, question, scene, _first_masks(question.spec, scene.superpixels))
    walk = WalkthroughState(state, question, scene, neighborhood.masks[:_LEAFED], result=Result(question, neighborhood))
    try:
        return replace(walk, explanation=server().explanation(neighborhood, question.spec))
    except lc.LimeError as error:
        return replace(walk, problem=str(error))


def _answers(state: Session, question: Question) -> lc.Neighborhood | None:
    if state.result is not None and state.result.question.key == question.key:
        return state.result.neighborhood
    return server().answers_to(question)


def _first_masks(spec: lc.ExplainSpec, superpixels: int) -> NDArray[np.uint8]:
    # The masks of a longer run begin with these.
    return draw_masks(
        spec.sampler,
        min(spec.samples, _LEAFED),
        superpixels,
        seed=spec.seed,
        include_original=spec.include_original,
    )
