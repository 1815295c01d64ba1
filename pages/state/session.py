"""What belongs to one user: typed access to `st.session_state`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.models import DEFAULT_MODEL
from lime_core.models.engines.base import Precision
from lime_core.parameters import parameters_of
from lime_core.superpixels.segmentation import SEGMENTATIONS
from pages.state.explain_job import Question, Run
from pages.state.server import store

# The first picture has to be there in seconds; "More samples" goes on from it.
FIRST_LOOK = replace(lc.ExplainSpec(), samples=512)

_KEY = "session"


@dataclass(frozen=True, slots=True)
class Picture:
    """The chosen picture.

    Attributes
    ----------
    image : Image
        Its pixels.
    title : str
        Name for people; may come from an uploaded file, so escape it.
    example : str or None
        Its name in the gallery; None for a picture of the user's own, which never enters a link.
    """

    image: lc.Image
    title: str
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What is on screen: answers, and the question they belong to."""

    question: Question
    neighborhood: lc.Neighborhood


@dataclass
class Session:
    """One user's state, apart from the widgets' own.

    Attributes
    ----------
    picture : Picture or None
        The chosen picture.
    model : str
        The chosen model.
    precision : {"f32", "bf16"}
        Numbers inside the network, as chosen.
    spec : ExplainSpec
        All settings as they stand in the widgets.
    run : Run or None
        The latest run.
    result : Result or None
        What is on screen.
    focus : int or None
        The class shown large.
    superpixel : int or None
        The superpixel that was touched last.
    hidden : frozenset of int
        Superpixels hidden by hand.
    preset_changes : tuple of str
        What the preset chosen last has changed.
    complaint : str
        Why a link could not be followed.
    opened : bool
        Whether the page has been drawn before.
    explanation : (Result, Explanation) or None
        What was drawn last, and of which answers.
    one_scale : bool
        Whether heat maps of all classes share one scale.
    screen : str or None
        The screen that was drawn last.
    """

    picture: Picture | None = None
    model: str = DEFAULT_MODEL
    precision: Precision = "f32"
    spec: lc.ExplainSpec = FIRST_LOOK
    run: Run | None = None
    result: Result | None = None
    focus: int | None = None
    superpixel: int | None = None
    hidden: frozenset[int] = frozenset()
    preset_changes: tuple[str, ...] = ()
    complaint: str = ""
    opened: bool = False
    explanation: tuple[Result, lc.Explanation] | None = None
    one_scale: bool = True
    screen: str | None = None

    @property
    def running(self) -> bool:
        """Whether answers are on their way."""
        return self.run is not None and self.run.active

    @property
    def question(self) -> Question | None:
        """The question that the widgets pose at present."""
        if self.picture is None:
            return None
        return Question(self.picture.image, self.picture.title, self.model, self.spec, self.precision)

    @property
    def answered(self) -> bool:
        """Whether the answers on screen are those to the present question, however many."""
        question = self.question
        return self.result is not None and question is not None and self.result.question.key == question.key

    def choose(self, picture: Picture | None, model: str, precision: Precision) -> None:
        """Take over the shared choice; a run about another picture ends."""
        if picture is not None and self.picture is not None and picture.image != self.picture.image:
            self._forget()
        self.picture, self.model, self.precision = picture or self.picture, model, precision

    def ask(self) -> None:
        """Pose the present question."""
        question = self.question
        if question is None:
            return
        if self.run is not None:
            self.run.stop()
        self.run = Run(question, store())
        self.catch_up()

    def catch_up(self) -> None:
        """Put the newest answers on screen; or those that are kept, when nothing is there for this picture."""
        question = self.question
        if self.run is not None and self.run.neighborhood is not None:
            self._show(self.run.question, self.run.neighborhood)
        elif self.result is None and not self.running and question is not None:
            kept = store().answers(question.key, question.spec.samples)
            if kept is not None:
                self._show(question, kept)

    def _show(self, question: Question, neighborhood: lc.Neighborhood) -> None:
        if self.result is None or self.result.question.key != question.key:
            self.superpixel, self.hidden, self.focus = None, frozenset(), None
        self.result = Result(question, neighborhood)

    def _forget(self) -> None:
        if self.run is not None:
            self.run.stop()
        self.run = self.result = None
        self.superpixel, self.hidden, self.focus = None, frozenset(), None


def session() -> Session:
    """Return the present user's state."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    state: Session = st.session_state[_KEY]
    return state


def widget_key(name: str, method: str | None = None) -> str:
    """Return the key of the widget of a setting; `method` for the parameters of a segmentation."""
    return f"spec.{method}.{name}" if method else f"spec.{name}"


def widget_values(spec: lc.ExplainSpec) -> dict[str, Any]:
    """Return what each widget has to show for these settings, by its key."""
    method = spec.segmentation.method
    values: dict[str, Any] = {name: getattr(spec, name) for name in parameters_of(spec) if name != "segmentation"}
    values["fill_color"] = "#{:02x}{:02x}{:02x}".format(*spec.fill_color)
    values["classes"] = list(spec.classes or ())
    keyed = {widget_key(name): value for name, value in values.items()} | {widget_key("method"): method}
    for other, owner in SEGMENTATIONS.items():
        defaults = spec.segmentation if other == method else owner
        for one in dataclasses.fields(owner):
            if other != "label_map":
                value = getattr(defaults, one.name) if other == method else one.default
                keyed[widget_key(one.name, other)] = value
    return keyed


def set_widgets(spec: lc.ExplainSpec) -> None:
    """Set every widget to these settings; to be called before the widgets are drawn."""
    st.session_state.update(widget_values(spec))
    session().spec = spec
