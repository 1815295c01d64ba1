"""The explanation on screen, put to the test: the verdict, the numbers, and the trials."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from pages.screens.trust import trial_tabs as trials
from pages.screens.trust import verdict_panel as judged
from pages.state.server import store
from pages.state.session import Session, session
from pages.widgets import labels as words
from pages.widgets.current import Shown

_EXPLAIN = "pages/screens/explain/page.py"


def show() -> None:
    """Draw everything, or what to do first when nothing has been explained."""
    state = session()
    state.catch_up()
    if state.result is None:
        if not state.running:
            _nothing_yet(state)
        return
    try:
        explanation = store().explanation(state.result.neighborhood, state.spec)
    except lc.LimeError as error:
        st.error(words.plain(str(error)))
        return
    shown = Shown(state, state.result, explanation)
    _other_question(state)
    judged.headline(shown)
    judged.summary(shown)
    trials.show(shown)


def _nothing_yet(state: Session) -> None:
    st.markdown("#### Nothing to judge yet")
    st.markdown(
        "First the model has to be asked about the picture; then this screen says how far to believe the answer."
    )
    with st.container(horizontal=True):
        if state.question is not None:
            st.button("Explain", type="primary", icon=":material/highlight:", key="explain_first", on_click=state.ask)
        st.page_link(_EXPLAIN, label="Choose the settings first", icon=":material/tune:")


def _other_question(state: Session) -> None:
    if state.result is not None and not state.answered and not state.running:
        st.caption(
            f"This is about {words.plain(state.result.question.title)} and "
            f"{words.model_title(state.result.question.model)} as explained last; the settings have changed since. "
            "*Explain* asks anew."
        )
