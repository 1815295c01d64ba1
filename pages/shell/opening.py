"""What happens when a page is opened: a link is followed, and the first picture is explained."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG, bf16_available, is_available
from pages.shell import links
from pages.state.explain_job import Question
from pages.state.server import store
from pages.state.session import session, set_widgets
from pages.widgets import controls
from pages.widgets import labels as words

# An opened link may ask for more than a visitor wants to wait for; beyond this somebody has to press the button.
_AT_ONCE = 1024


def follow_link() -> None:
    """Set the widgets as the link asks for, once a session and before they are drawn."""
    state = session()
    if state.opened:
        return
    query = {name: st.query_params.get_all(name) for name in st.query_params}
    try:
        wanted = links.follow(query)
    except lc.LimeError as error:
        state.complaint = f"The link cannot be followed: {error}"
        return
    chosen = {"picture": wanted.picture, "model": wanted.model, controls.PRECISION: wanted.precision}
    st.session_state.update({key: value for key, value in chosen.items() if value is not None})
    if wanted.precision == "bf16" and not bf16_available():
        state.complaint = "The link asks for bf16, which this processor does not compute in; f32 is used."
    if query:
        set_widgets(wanted.spec or lc.ExplainSpec())


def carry_settings(screen: str) -> None:
    """Give the widgets of a screen that is turned to the settings as they stand.

    Streamlit tells widgets of one key apart by page, so one that two screens have would begin anew on the second.
    """
    state = session()
    if screen != state.screen:
        state.screen = screen
        set_widgets(state.spec)


def arrive() -> bool:
    """Say what a link asked for in vain; return whether this is the first screen of the session."""
    state = session()
    if state.complaint:
        st.warning(words.plain(state.complaint))
    first, state.opened = not state.opened, True
    return first


def is_cheap(question: Question) -> bool:
    """Return whether a question may be asked without anybody pressing a button."""
    return question.spec.samples <= _AT_ONCE and is_available(CATALOG[question.model])


def first_look() -> None:
    """Explain at once when a page is opened, so that there is something to look at; ask nothing for a costly link."""
    state = session()
    first = arrive()
    state.catch_up()
    question = state.question
    if first and question is not None and is_cheap(question):
        known = store().answers(question.key, question.spec.samples)
        if known is None or known.samples < question.spec.samples:
            state.ask()
