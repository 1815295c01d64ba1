"""The same question put to several models: who is asked, how far they are, and Stop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import streamlit as st

import lime_core as lc
from lime_core.masks.kernels import chosen_classes
from lime_core.models import CATALOG, DEFAULT_MODEL, is_available
from pages.shell import opening
from pages.state.explain_job import Question, Run
from pages.state.server import first_samples, store
from pages.state.session import Session, session
from pages.widgets import controls
from pages.widgets import labels as words
from pages.widgets.progress import how_far

_KEY = "comparing"
_TICK = 0.5  # seconds between two looks at the runs


@dataclass
class Comparing:
    """One user's comparison.

    Attributes
    ----------
    models : tuple of str
        Who is compared; the sidebar's model first.
    runs : dict of Run
        The latest run of each model that was asked.
    opened : bool
        Whether the screen has been drawn before.
    """

    models: tuple[str, ...] = ()
    runs: dict[str, Run] = field(default_factory=dict)
    opened: bool = False

    @property
    def running(self) -> bool:
        """Whether any answers are on their way."""
        return any(run.active for run in self.runs.values())

    def ask(self, questions: list[Question]) -> None:
        """Put the question to every model; those whose answers are kept cost nothing."""
        self.stop()
        self.runs = {question.model: Run(question, store()) for question in questions}

    def stop(self) -> None:
        """End all runs after the batch that is being asked."""
        for run in self.runs.values():
            run.stop()

    def run_of(self, question: Question) -> Run | None:
        """Return the run that asks this very question."""
        run = self.runs.get(question.model)
        return run if run is not None and run.question.key == question.key else None

    def answers(self, question: Question) -> lc.Neighborhood | None:
        """Return the newest answers to a question, of its run or kept from any other screen."""
        run, samples = self.run_of(question), question.spec.samples
        kept = store().answers(question.key, samples)
        growing = run.neighborhood if run is not None else None
        if growing is None or (kept is not None and kept.samples >= growing.samples):
            return kept
        return first_samples(growing, samples)


def comparing() -> Comparing:
    """Return the present user's comparison."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Comparing()
    return st.session_state[_KEY]


def questions(state: Session, models: tuple[str, ...]) -> list[Question]:
    """Return the question to each model: the same but for the model.

    The picture is always cut at viewing size: cut at the models' own sizes, the superpixels would differ. Precision is
    always f32, so that what differs is the models' and nothing else's.
    """
    if state.picture is None:
        return []
    spec = replace(state.spec, resolution="viewing")
    return [Question(state.picture.image, state.picture.title, model, spec) for model in models]


def on_the_same_masks(answers: list[lc.Neighborhood]) -> list[lc.Neighborhood]:
    """Return the samples that all models have answered.

    Raises
    ------
    LimeError
        When they were asked about different masks, or answer in different classes.
    """
    common = min(answer.samples for answer in answers)
    cut = [first_samples(answer, common) for answer in answers]
    if not all(np.array_equal(answer.masks, cut[0].masks) for answer in cut):
        raise lc.LimeError("The models were asked about different masks; press Compare to ask them anew.")
    if not all(answer.class_names == cut[0].class_names for answer in cut):
        raise lc.LimeError("These models know different classes, so their answers cannot be compared.")
    return cut


def all_classes(answers: list[lc.Neighborhood], spec: lc.ExplainSpec) -> tuple[int, ...]:
    """Return the classes that any of the models would explain, the most probable of any first."""
    best: dict[int, float] = {}
    for answer in answers:
        for index in chosen_classes(answer.original_outputs, spec):
            best[index] = max(best.get(index, 0.0), float(answer.original_outputs[index]))
    return tuple(sorted(best, key=lambda index: -best[index]))


def setup() -> None:
    """Draw the choice of the models and the Compare button; ask at once when the screen is opened."""
    state, mine = session(), comparing()
    opening.arrive()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width="stretch"):
            mine.models = (state.model, *controls.other_models(state.model))
        with st.container(width=140):
            state.spec = replace(state.spec, samples=int(controls.setting("samples")))
        asked = questions(state, mine.models)
        ready = len(asked) > 1
        pressed = st.button("Compare", type="primary", icon=":material/compare:", key="compare", disabled=not ready)
    _end_other_pictures(state, mine)
    first_look = ready and not mine.opened and all(opening.is_cheap(question) for question in asked)
    mine.opened = True
    if pressed or first_look:
        mine.ask(asked)
    _summary(state, mine, asked)


def _end_other_pictures(state: Session, mine: Comparing) -> None:
    image = state.picture.image if state.picture else None
    if any(run.question.image != image for run in mine.runs.values()):
        mine.stop()
        mine.runs = {}


def _summary(state: Session, mine: Comparing, asked: list[Question]) -> None:
    spec = state.spec
    parts = [
        f"{words.choice(spec.segmentation.method)} superpixels",
        f"hidden ones become {words.choice(spec.fill)}",
        f"sampler {words.choice(spec.sampler)}, seed {spec.seed}",
    ]
    if state.spec.resolution == "model":
        parts.append("cut at viewing size here, so that all models see the same superpixels")
    if len(asked) < 2:
        parts.append("**choose a model to compare with**")
    elif not mine.running and any(mine.answers(question) is None for question in asked):
        parts.append(f"**press Compare**{_estimate(mine, asked)}")
    st.caption(
        f"The same for every model: {' · '.join(parts)}.",
        help="These settings are those of the Explain screen. A model that was explained there with the same settings "
        "is not asked again.",
    )


def _estimate(mine: Comparing, asked: list[Question]) -> str:
    seconds = 0.0
    for question in asked:
        speed, known = store().speed(question.model, question.precision), mine.answers(question)
        if speed:
            seconds += max(0, question.spec.samples - (known.samples if known else 0)) / speed
    return f": about {words.seconds(seconds)}" if seconds else ""


def progress() -> None:
    """Draw how far each model is, or what went wrong with it."""
    mine = comparing()
    if mine.running:
        st.fragment(_watch, run_every=_TICK)()
        return
    for model in mine.models:
        run = mine.runs.get(model)
        if run is not None and run.error is not None:
            _failed(mine, run)
    asked = questions(session(), mine.models)
    stopped = [run for run in map(mine.run_of, asked) if run is not None and run.stopping]
    if stopped:
        counts = ", ".join(f"{words.model_title(run.question.model)} {run.samples:,}" for run in stopped)
        st.caption(f"Stopped; samples so far: {counts}. *Compare* goes on from there.")


def _watch() -> None:
    mine = comparing()
    if not mine.running:
        # The rest of the page has to hear of the end.
        st.rerun()
        return
    bars, button = st.columns([6, 1], vertical_alignment="center")
    for model, run in mine.runs.items():
        run.watched()
        if run.active:
            share, text = how_far(run)
            bars.progress(share, text=f"{words.model_title(model)}: {text}")
            _cancel(bars, model)
    if button.button("Stop", icon=":material/stop:", key="compare.stop", width="stretch", help="Keeps what there is."):
        mine.stop()


def _cancel(place: st.delta_generator.DeltaGenerator, model: str) -> None:
    loading = store().known_loading(model)
    if loading is not None and not loading.finished and loading.bytes_done < loading.bytes_total:
        place.button(f"Cancel the download of {CATALOG[model].title}", key=f"cancel.{model}", on_click=loading.cancel)


def _failed(mine: Comparing, run: Run) -> None:
    model = run.question.model
    st.error(f"{words.model_title(model)}: {words.plain(str(run.error))}")
    with st.container(horizontal=True):
        st.button(
            "Try again", key=f"again.{model}", on_click=lambda: mine.ask([r.question for r in mine.runs.values()])
        )
        st.button("Compare built-in models instead", key=f"built_in.{model}", on_click=_use_built_in)


def _use_built_in() -> None:
    family = CATALOG[DEFAULT_MODEL].family
    built_in = [name for name, card in CATALOG.items() if card.family == family and is_available(card)]
    st.session_state["model"], *others = built_in
    st.session_state["compare.models"] = others[: controls.MOST_OTHERS]
    comparing().opened = False
