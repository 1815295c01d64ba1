"""LIME in seven steps on the user's own picture: the stepper, and what the steps are drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import streamlit as st

import lime_core as lc
from lime_core.masks.samplers import draw_masks
from lime_core.models import CATALOG
from pages.state.explain_job import Question
from pages.state.server import store
from pages.state.session import Result, Session, session
from pages.widgets import controls
from pages.widgets import labels as words
from pages.widgets.current import Shown

_TICK = 1.5  # seconds between two looks at a growing explanation
_LEAFED = 64  # samples to choose one from; more are of no use to a person


@dataclass(frozen=True, slots=True)
class Walk:
    """What a step is drawn from: everything belongs to the present settings.

    Attributes
    ----------
    state : Session
        Whose screen it is.
    question : Question
        What is asked.
    scene : Scene
        The cut picture.
    masks : ndarray of uint8, shape (n, S)
        The first samples' masks; the model need not have answered them yet.
    sample : int
        The one of them that is looked at.
    neighborhood : Neighborhood or None
        The model's answers, when there are any.
    shown : Shown or None
        The explanation, when there are answers and it can be fitted.
    problem : str
        Why it cannot.
    """

    state: Session
    question: Question
    scene: lc.Scene
    masks: np.ndarray
    sample: int
    neighborhood: lc.Neighborhood | None
    shown: Shown | None
    problem: str = ""

    @property
    def mask(self) -> np.ndarray:
        """The mask of the sample that is looked at, uint8 ``(S,)``."""
        return self.masks[self.sample]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, the sentence under it, its choice, and how it is told and shown."""

    name: str
    sentence: str
    choice: str
    choose: Callable[[Session], dict[str, Any]]
    tell: Callable[[Walk], None]
    show: Callable[[Walk], None]
    needs: Literal["scene", "answers", "fit"] = "scene"
    leaf: bool = False  # whether one sample of many is looked at


def show(steps: tuple[Step, ...]) -> None:
    """Draw the present step; while answers come in it grows."""
    # The rhythm belongs to the call, so the fragment is made anew at each one.
    st.fragment(_show, run_every=_TICK if session().running else None)(steps)


def _show(steps: tuple[Step, ...]) -> None:
    state = session()
    state.catch_up()
    if state.question is None:
        st.info("Choose a picture in the sidebar first.")
        return
    place = _stepper(steps)
    step = steps[place]
    st.markdown(f"#### {place + 1}. {step.name}")
    st.markdown(step.sentence)
    left, right = st.columns([7, 5], gap="large")
    told, chosen = right.container(), right.container(border=True)
    with chosen:
        st.markdown(f"**The choice here:** {step.choice}")
        try:
            state.spec = replace(state.spec, **step.choose(state))
        except lc.LimeError as error:
            st.error(words.plain(str(error)))
    with left:
        walk = _walk(state, step)
    if walk is not None:
        with left:
            _picture(step, walk)
        with told:
            _words(step, walk)


def _stepper(steps: tuple[Step, ...]) -> int:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        place = controls.step([step.name for step in steps])
        for label, icon, move, key, shortcut in (
            ("Back", "arrow_back", -1, "walk.back", "P"),
            ("Next", "arrow_forward", 1, "walk.next", "N"),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                icon_position="right" if move > 0 else "left",
                type="primary" if move > 0 else "secondary",
                key=key,
                shortcut=shortcut,
                disabled=not 0 <= place + move < len(steps),
                on_click=_turn_to,
                args=(place + move,),
            )
    return place


def _turn_to(place: int) -> None:
    st.session_state[controls.STEP] = place


def _walk(state: Session, step: Step) -> Walk | None:
    """Return what the step is drawn from, and draw the choice of a sample where it has one."""
    question = state.question
    try:
        scene = store().scene(question.image, CATALOG[question.model].input_size, question.spec)
    except lc.LimeError as error:
        st.error(words.plain(str(error)))
        return None
    neighborhood = _answers(state, question)
    masks = neighborhood.masks[:_LEAFED] if neighborhood is not None else _first_masks(question.spec, scene.superpixels)
    sample = controls.sample(len(masks)) if step.leaf else 0
    walk = Walk(state, question, scene, masks, sample, neighborhood, None)
    if neighborhood is None:
        return walk
    try:
        explanation = store().explanation(neighborhood, state.spec)
    except lc.LimeError as error:
        return replace(walk, problem=str(error))
    result = Result(question, neighborhood)
    state.explanation = (result, explanation)
    return replace(walk, shown=Shown(state, result, explanation))


def _answers(state: Session, question: Question) -> lc.Neighborhood | None:
    if state.result is not None and state.answered:
        return state.result.neighborhood
    return store().answers(question.key, question.spec.samples)


def _first_masks(spec: lc.ExplainSpec, superpixels: int) -> np.ndarray:
    # The masks of a longer run begin with these.
    return draw_masks(
        spec.sampler,
        min(spec.samples, _LEAFED),
        superpixels,
        seed=spec.seed,
        keep_probability=spec.keep_probability,
        max_hide_rate=spec.max_hide_rate,
        include_original=spec.include_original,
    )


def _picture(step: Step, walk: Walk) -> None:
    if step.needs in ("answers", "fit") and walk.neighborhood is None:
        _ask(walk)
    elif step.needs == "fit" and walk.shown is None:
        st.error(words.plain(walk.problem))
    else:
        step.show(walk)


def _words(step: Step, walk: Walk) -> None:
    ready = {"answers": walk.neighborhood is not None, "fit": walk.shown is not None}
    if ready.get(step.needs, True):
        step.tell(walk)


def _ask(walk: Walk) -> None:
    if walk.state.running:
        st.info("The model is being asked; the first answers come in a moment.")
        return
    st.info("From here on the model's answers are needed, and with these settings it has not been asked yet.")
    speed, samples = store().speed(walk.question.model, walk.question.precision), walk.question.spec.samples
    pace = f", about {words.seconds(samples / speed)}" if speed else ""
    if st.button(f"Ask the model: {samples:,} samples{pace}", type="primary", key="walk.ask"):
        walk.state.ask()
        # The progress stands above this part of the page.
        st.rerun()
