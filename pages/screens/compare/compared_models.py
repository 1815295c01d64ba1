"""Which models are compared, with how many samples, and the Compare button."""

from __future__ import annotations

import streamlit as st

from pages.screens.compare.same_question import questions
from pages.shell import visit
from pages.state.question import Question
from pages.state.server import server
from pages.state.session import session
from pages.widgets import labels
from pages.widgets.model_choice import download_of, other_models
from pages.widgets.pressed_button import pressed_button
from pages.widgets.setting_widgets import setting
from pages.widgets.text import seconds


def show() -> None:
    """Draw the choice of the models and the Compare button; an opened screen asks the built-in model at once."""
    state = session()
    visit.arrive()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width="stretch"):
            others = other_models(state.settings.model)
        with st.container(width=140):
            samples = int(setting("samples"))
        state.change(others=others, samples=samples)
        asked = questions(state.settings)
        ready = len(asked) > 1
        pressed = pressed_button(
            "Compare", type="primary", icon=":material/compare:", key="compare", disabled=not ready
        )
    if pressed:
        state.comparison.ask(asked)
    elif state.comparison.open():
        # The sidebar's model at most: a visit to a link of another one is no reason to ask the built-in one.
        cheap = [question for question in asked[:1] if visit.is_cheap(question)]
        state.comparison.ask([question for question in asked if question in cheap or _is_answered(question)])
    _summary(asked)


def _is_answered(question: Question) -> bool:
    """Return whether all answers to a question are there, so that asking it costs nothing."""
    cached = server().answers_to(question)
    return cached is not None and cached.samples >= question.size(cached.superpixels)


def _summary(asked: list[Question]) -> None:
    state, spec = session(), session().settings.spec
    parts = [
        f"{labels.choice(spec.segmentation.name)} superpixels",
        f"hidden superpixels become {labels.choice(spec.fill.name)}",
        f"sampler {labels.choice(spec.sampler.name)}, seed {spec.seed}",
    ]
    if spec.resolution == "model":
        parts.append("cut at viewing size here, so that all models see the same superpixels")
    if len(asked) < 2:
        parts.append("**choose a model to compare with**")
    elif not state.comparison.running and any(state.comparison.answers(question) is None for question in asked):
        download = download_of(*(question.model for question in asked))
        parts.append(f"**press Compare**{_estimate(asked)}{f'; it {download}' if download else ''}")
    st.caption(
        f"The same for every model: {' · '.join(parts)}.",
        help="These settings are those of the Explain screen. A model that was explained there with the same settings "
        "is not asked again.",
    )


def _estimate(asked: list[Question]) -> str:
    comparison, duration = session().comparison, 0.0
    for question in asked:
        speed, cached = server().speed(question.model, question.precision), comparison.answers(question)
        if speed:
            duration += max(0, question.asked.samples - (cached.samples if cached else 0)) / speed
    return f": about {seconds(duration)}" if duration else ""
