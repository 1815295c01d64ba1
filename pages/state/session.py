"""What belongs to one user. `Session.change` is the one way to change a setting, and to write into its widget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.superpixels import Segmentation
from pages.state import widget_state
from pages.state.background_job import BackgroundJob
from pages.state.brought import Brought
from pages.state.comparison_runs import ComparisonRuns
from pages.state.explain_job import ExplainJob
from pages.state.folder_runs import FolderRuns
from pages.state.gallery import FIRST
from pages.state.known_models import BroughtModel, bring
from pages.state.method_runs import MethodRuns
from pages.state.methods_job import MethodsOrder
from pages.state.pace import Pace
from pages.state.presses import Presses
from pages.state.question import Drawn, Question, Result, cuts_slowly
from pages.state.server import server
from pages.state.settings import Settings
from pages.state.shown_settings import WIDGETS, widget_values_of
from pages.state.trial_runs import TrialRuns

_KEY = "session"


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
    methods : MethodRuns
        The run of the Methods screen.
    folder : FolderRuns
        The audits of the Folder screen.
    trials : TrialRuns
        The trials of the Trust screen.
    reported : (ExplainSpec, ExplainSpec) or None
        The settings before and after a preset or an advice, for a line that says what it has changed.
    growth : Pace
        How often an explanation that grows is drawn anew.
    complaint : str
        Why a link could not be followed.
    brought : Brought
        What the visitor has brought for models: files of their own, and weights.
    popovers_in_use : set of str
        Keys of popovers whose widgets hold what is needed, or not taken over yet, even when they are closed.
    presses : Presses
        Of buttons on the present screen.
    """

    def __init__(self) -> None:
        self.settings = Settings()
        self.job: ExplainJob | None = None
        self.result: Result | None = None
        self.drawn: Drawn | None = None
        self.comparison = ComparisonRuns()
        self.methods = MethodRuns()
        self.folder = FolderRuns()
        self.trials = TrialRuns()
        self.reported: tuple[lc.ExplainSpec, lc.ExplainSpec] | None = None
        self.growth = Pace()
        self.complaint = ""
        self.brought = Brought()
        self.popovers_in_use: set[str] = set()
        self.presses = Presses()
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
        return result is None or result.question.shown_as != job.question.shown_as

    @property
    def working(self) -> bool:
        """Whether anything is under way: a run, a comparison of models or of methods, a trial."""
        return any(job.active for job in self._jobs)

    @property
    def _jobs(self) -> list[BackgroundJob]:
        runs = [job for job in (self.job, self.methods.latest, self.folder.latest) if job is not None]
        return [*runs, *self.comparison.jobs.values(), *self.trials.jobs.values()]

    @property
    def answered(self) -> bool:
        """Whether the answers on screen are those to the present question, however many."""
        question = self.settings.question
        return self.result is not None and question is not None and self.result.question.shown_as == question.shown_as

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
        widget_state.write(widget_values_of(after, changes))
        if before.picture is not None and after.picture is not None and before.picture.image != after.picture.image:
            after = replace(after, focus=None, superpixel=None, hidden=frozenset())
            self._forget()
        self.settings = after
        if report:
            self.reported = (before.spec, spec)

    def bring(self, model: BroughtModel) -> None:
        """Take a visitor's own model over and choose it.

        Raises
        ------
        ModelError
            When there is no room for it.
        """
        bring(model)
        self.brought.models[model.id] = model
        self.brought.take(model.id, self.settings.model)
        self.change(model=model.id)
        self.brought.keep_few({model.id, *(self.settings.others or ())})

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
        """Let widgets that are about to be drawn show values, by field of `Settings`; the settings stay as they are.

        For settings that hold no choice yet, or one that does not exist here, such as the class in focus among the
        classes of other answers.
        """
        widget_state.write({WIDGETS[name]: value for name, value in values.items()})

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
            self.presses.forget()
            widget_state.write_anew(widget_values_of(self.settings, dict.fromkeys(("spec", *WIDGETS))))
            widget_state.prime(widget_state.SOURCE, widget_state.PICTURE_SOURCES[0])
            widget_state.prime(widget_state.PICTURE, FIRST)

    def ask(self, *, keep_report: bool = False, offered: lc.Neighborhood | None = None) -> None:
        """Pose the present question, with answers from elsewhere; `keep_report` leaves the line about changes."""
        question = self.settings.question
        if question is None:
            return
        self._linked_cut = None
        if self.job is not None:
            self.job.stop()
        if not keep_report:
            self.reported = None
        self.job = ExplainJob(question, server(), offered).start()
        self.catch_up()

    def compare_methods(self, order: MethodsOrder) -> None:
        """Begin a comparison of methods."""
        self._linked_cut = None
        self.methods.ask(order)

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
        before = self.result
        if before is None or before.question.shown_as != question.shown_as:
            # Another model has other classes; superpixels may be others with any question.
            same_classes = before is None or before.question.model == question.model
            self.change(superpixel=None, hidden=frozenset(), focus=self.settings.focus if same_classes else None)
        self.result = Result(question, neighborhood)
        self.trials.keep_only(question, neighborhood)

    def _forget(self) -> None:
        if self.job is not None:
            self.job.stop()
        self.job = self.result = self.drawn = None
        self.comparison.forget()
        self.methods.forget()
        self.trials.keep_only(None, None)


def session() -> Session:
    """Return the present user's state."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
    state: Session = st.session_state[_KEY]
    return state
