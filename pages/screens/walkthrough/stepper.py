"""The stepper: one step at a time, its text, its choice and its picture."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import lime_core as lc
from pages.screens.walkthrough.walkthrough_state import Step, WalkthroughState, begin
from pages.state import widget_state
from pages.state.question import Question
from pages.state.server import server
from pages.state.session import Session, session
from pages.widgets.model_choice import download_of
from pages.widgets.sample_choice import sample
from pages.widgets.text import plain, seconds

_TICK = 1.5  # seconds between two looks at a growing explanation


def show(steps: tuple[Step, ...]) -> None:
    """Draw the present step; while answers come in it grows."""
    # How often a fragment is drawn is fixed when it is made, so it is made anew at each run of the script.
    st.fragment(_show, run_every=_TICK if session().running else None)(steps)


def _show(steps: tuple[Step, ...]) -> None:
    state = session()
    state.catch_up()
    if state.settings.question is None:
        st.info("Choose a picture in the sidebar first.")
        return
    index = _navigation(steps)
    step = steps[index]
    st.markdown(f"#### {index + 1}. {step.name}")
    st.markdown(step.sentence)
    left, right = st.columns([7, 5], gap="large")
    text, choice = right.container(), right.container(border=True)
    with choice:
        _choice(state, step)
    with left:
        walk = _walk(state, step, state.settings.question)
        if walk is not None:
            _picture(step, walk)
    if walk is not None and step.is_ready(walk):
        with text:
            step.describe(walk)


def _navigation(steps: tuple[Step, ...]) -> int:
    """Draw all steps in a row with Back and Next, and return the index of the present one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        chosen = st.segmented_control(
            "Step",
            range(len(steps)),
            required=True,
            format_func=lambda index: f"{index + 1} {steps[index].name}",
            key=widget_state.STEP,
            label_visibility="collapsed",
            persist_state="session",
        )
        index = chosen or 0
        _turn_button("Back", "P", index - 1, len(steps))
        _turn_button("Next", "N", index + 1, len(steps))
    session().change(step=index)
    return index


def _turn_button(label: str, shortcut: str, target: int, count: int) -> None:
    forward = label == "Next"
    st.button(
        label,
        icon=":material/arrow_forward:" if forward else ":material/arrow_back:",
        icon_position="right" if forward else "left",
        type="primary" if forward else "secondary",
        key=f"walk.{label.lower()}",
        shortcut=shortcut,
        disabled=not 0 <= target < count,
        on_click=_turn_to,
        args=(target,),
    )


def _turn_to(index: int) -> None:
    session().change(step=index)


def _choice(state: Session, step: Step) -> None:
    st.markdown(f"**The choice here:** {step.choice}")
    try:
        state.change(**step.choose(state))
    except lc.LimeError as error:
        st.error(plain(str(error)))


def _walk(state: Session, step: Step, question: Question) -> WalkthroughState | None:
    """Return what the step is drawn from, and draw the choice of a sample where it has one."""
    if state.cut_waits:
        st.info("This cut takes minutes, so it waits for a button: Explain on the first screen. Step 2 has others.")
        return None
    try:
        walk = begin(state, replace(question, spec=state.settings.spec))
    except lc.LimeError as error:
        st.error(plain(str(error)))
        return None
    if walk.result is not None and walk.explanation is not None:
        state.note_drawn(walk.result, walk.explanation)
    return replace(walk, sample=sample(len(walk.masks))) if step.one_sample else walk


def _picture(step: Step, walk: WalkthroughState) -> None:
    if step.is_ready(walk):
        step.show(walk)
    elif walk.result is None:
        _ask(walk)
    else:
        st.error(plain(walk.problem))


def _ask(walk: WalkthroughState) -> None:
    if walk.state.running:
        st.info("The model is being asked; the first answers come in a moment.")
        return
    st.info("From here on the model's answers are needed, and with these settings it has not been asked yet.")
    speed, samples = server().speed(walk.question.model, walk.question.precision), walk.question.spec.samples
    pace = f", about {seconds(samples / speed)}" if speed else ""
    if download := download_of(walk.question.model):
        pace = f"{pace}; {download}"
    label = f"Ask the model: {samples:,} samples{pace}"
    st.button(label, type="primary", key="walk.ask", on_click=_ask_with_lime)


def _ask_with_lime() -> None:
    session().change(method="lime")
    session().ask()
    # The progress stands above the part of the page with the button, which is not drawn meanwhile.
    st.rerun()
