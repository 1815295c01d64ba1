"""What belongs to one user. `Session.change` is the one way to change a setting, and to write into its widget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.superpixels import Segmentation
from pages.state import widget_state
from pages.state.background_job import BackgroundJob
from pages.state.comparison_runs import ComparisonRuns
from pages.state.explain_job import ExplainJob
from pages.state.gallery import FIRST
from pages.state.known_models import BroughtModel, bring
from pages.state.pace import Pace
from pages.state.question import Question, Result, cuts_slowly
from pages.state.read_job import ReadJob
from pages.state.server import server
from pages.state.settings import Settings
from pages.state.trial_runs import TrialRuns

_KEY = "session"
MOST_OWN = 4  # models that a visitor has brought, besides those in use

# The widget of each setting outside `ExplainSpec`; a picture of the user's own has none that could be set.
_WIDGETS = {
    "model": widget_state.MODEL,
    "precision": widget_state.PRECISION,
    "method": widget_state.METHOD,
    "focus": widget_state.FOCUS,
    "one_scale": widget_state.ONE_SCALE,
    "step": widget_state.STEP,
    "sample": widget_state.SAMPLE,
    "superpixel": widget_state.SUPERPIXEL,
    "others": widget_state.OTHERS,
    "compared_class": widget_state.COMPARED_CLASS,
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn last, and from which answers."""

    result: Result
    attribution: lc.Attribution


class Session:
    """One user's state. Screens read it; `change` alone changes settings.

    Attributes
    ----------
    settings : Settings
        As they stand; the widgets show the same.
    job : ExplainJob or None
        The latest run.
    result : Result or None
        What is on screen.
    drawn : Drawn or None
        What was drawn last.
    comparison : ComparisonRuns
        The runs of the Compare screen.
    trials : TrialRuns
        The trials of the Trust screen.
    reported : (ExplainSpec, ExplainSpec) or None
        The settings before and after a preset or an advice, for a line that says what it has changed.
    reading : ReadJob or None
        The file with the visitor's own model that was read last.
    refused_model : LimeError or None
        Why the visitor's own model was not taken.
    growth : Pace
        How often an explanation that grows is drawn anew.
    complaint : str
        Why a link could not be followed.
    own_models : dict of str to FileModel or ServedModel
        The models that the visitor has brought, by key; they live as long as the session.
    refused_weights : dict of str to LimeError
        Why the latest file with a model's weights was not taken, by the model's id.
    """

    def __init__(self) -> None:
        self.settings = Settings()
        self.job: ExplainJob | None = None
        self.result: Result | None = None
        self.drawn: Drawn | None = None
        self.comparison = ComparisonRuns()
        self.trials = TrialRuns()
        self.reported: tuple[lc.ExplainSpec, lc.ExplainSpec] | None = None
        self.growth = Pace()
        self.complaint = ""
        self.own_models: dict[str, BroughtModel] = {}
        self.reading: ReadJob | None = None
        self.refused_model: lc.LimeError | None = None
        self.refused_weights: dict[str, lc.LimeError] = {}
        self._opened = False
        self._screen: str | None = None
        self._linked_cut: Segmentation | None = None

    @property
    def opened(self) -> bool:
        """Whether a screen has been drawn before."""
        return self._opened

    @property
    def running(self) -> bool:
        """Whether answers are on their way."""
        return self.job is not None and self.job.active

    @property
    def turning_over(self) -> bool:
        """Whether the run has its first answers, and those on screen, if any, are to another question."""
        job, result = self.job, self.result
        if job is None or job.neighborhood is None:
            return False
        return result is None or result.question.key != job.question.key

    @property
    def working(self) -> bool:
        """Whether anything is under way: a run, a comparison, a trial."""
        return any(job.active for job in self._jobs)

    @property
    def _jobs(self) -> list[BackgroundJob]:
        runs = [] if self.job is None else [self.job]
        return [*runs, *self.comparison.jobs.values(), *self.trials.jobs.values()]

    @property
    def answered(self) -> bool:
        """Whether the answers on screen are those to the present question, however many."""
        question = self.settings.question
        return self.result is not None and question is not None and self.result.question.key == question.key

    def change(self, *, report: bool = False, **changes: Any) -> None:
        """Change settings, and the widgets that show them. Everything is checked first: a refused change loses nothing.

        To be called before the widgets in question are drawn, in a callback, or with the values that they show.

        Parameters
        ----------
        report : bool
            Whether the page says what has changed.
        **changes
            Fields of `Settings` or of `ExplainSpec`, or flat names such as ``kernel_width``.

        Raises
        ------
        LimeError
            When a value is not allowed; nothing is changed then.
        """
        before = self.settings
        page = {name: value for name, value in changes.items() if name in Settings.__dataclass_fields__}
        explanation = {name: value for name, value in changes.items() if name not in page}
        spec = replace(page.pop("spec", before.spec), **explanation)
        after = replace(before, spec=spec, **page)
        widget_state.write(_widget_values(after, changes))
        if before.picture is not None and after.picture is not None and before.picture.image != after.picture.image:
            after = replace(after, focus=None, superpixel=None, hidden=frozenset())
            self._forget()
        self.settings = after
        if report:
            self.reported = (before.spec, spec)

    def bring(self, model: BroughtModel) -> None:
        """Take a visitor's own model over and choose it; of very many the oldest ones go.

        Raises
        ------
        ModelError
            When there is no room for it.
        """
        bring(model)
        self.own_models.pop(model.id, None)
        self.own_models[model.id] = model
        self.change(model=model.id)
        others = self.settings.others or ()
        for key in [key for key in self.own_models if key != model.id and key not in others][:-MOST_OWN]:
            del self.own_models[key]

    def follow(self, **changes: Any) -> None:
        """Change settings as a link asks; what takes minutes waits until the visitor asks for it, see `cut_waits`."""
        self.change(**changes)
        self._linked_cut = self.settings.spec.segmentation

    @property
    def cut_waits(self) -> bool:
        """Whether a link asks for a cut that takes minutes, and its visitor has neither asked for it nor changed it."""
        cut = self.settings.spec.segmentation
        return cut == self._linked_cut and cuts_slowly(cut)

    def display(self, **values: Any) -> None:
        """Let widgets that are about to be drawn show what they can, and leave the settings as they are.

        For settings that hold no choice yet, or one that does not exist here, such as the class in focus among the
        classes of other answers.

        Parameters
        ----------
        **values
            What to show, by the field of `Settings`.
        """
        widget_state.write({_WIDGETS[name]: value for name, value in values.items()})

    def complain(self, message: str) -> None:
        """Keep why a link could not be followed."""
        self.complaint = message

    def open(self) -> bool:
        """Note that a screen is drawn; return whether it is the first one of the session."""
        first, self._opened = not self._opened, True
        return first

    def turn_to(self, screen: str) -> None:
        """Note which screen is drawn, and let its widgets show the settings as they stand.

        Streamlit tells widgets of one key apart by page, so one that two screens have would begin anew on the second.
        """
        if screen != self._screen:
            self._screen = screen
            widget_state.write_anew(_widget_values(self.settings, dict.fromkeys(("spec", *_WIDGETS))))
            widget_state.prime(widget_state.SOURCE, widget_state.PICTURE_SOURCES[0])
            widget_state.prime(widget_state.PICTURE, FIRST)

    def ask(self, *, keep_report: bool = False) -> None:
        """Pose the present question; `keep_report` leaves the line about what a preset or an advice has changed."""
        question = self.settings.question
        if question is None:
            return
        self._linked_cut = None
        if self.job is not None:
            self.job.stop()
        if not keep_report:
            self.reported = None
        self.job = ExplainJob(question, server()).start()
        self.catch_up()

    def catch_up(self) -> None:
        """Put the newest answers on screen; or cached ones, when nothing is there for this picture."""
        question = self.settings.question
        if self.job is not None and self.job.neighborhood is not None:
            self._put_on_screen(self.job.question, self.job.neighborhood)
        elif self.result is None and not self.running and question is not None:
            cached = server().answers_to(question)
            if cached is not None:
                self._put_on_screen(question, cached)

    def note_drawn(self, result: Result, attribution: lc.Attribution) -> None:
        """Keep what was drawn, for a refused setting that leaves it on screen."""
        self.drawn = Drawn(result, attribution)

    def _put_on_screen(self, question: Question, neighborhood: lc.Neighborhood) -> None:
        if self.result is None or self.result.question.key != question.key:
            self.change(superpixel=None, hidden=frozenset(), focus=None)
        self.result = Result(question, neighborhood)
        self.trials.keep_only(question, neighborhood)

    def _forget(self) -> None:
        if self.job is not None:
            self.job.stop()
        self.job = self.result = self.drawn = None
        self.comparison.forget()
        self.trials.keep_only(None, None)


def session() -> Session:
    """Return the present user's state."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    state: Session = st.session_state[_KEY]
    return state


def _widget_values(settings: Settings, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what the widgets of the changed settings have to show."""
    if "spec" in changes:
        values = widget_state.widget_values(settings.spec)
    else:
        values = widget_state.widget_values(settings.spec, changes)
    for name in changes.keys() & _WIDGETS.keys():
        value = getattr(settings, name)
        if value is not None:
            values[_WIDGETS[name]] = list(value) if isinstance(value, tuple) else value
    picture = changes.get("picture")
    if picture is not None and picture.example is not None:
        values |= {widget_state.SOURCE: widget_state.PICTURE_SOURCES[0], widget_state.PICTURE: picture.example}
    return values
