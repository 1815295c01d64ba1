"""The explanation on screen, put to the test: the verdict, the numbers, and the trials."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from pages.screens.trust import trials, verdict_panel
from pages.state.server import server
from pages.state.session import Session, session
from pages.widgets import labels
from pages.widgets.model_choice import download_of
from pages.widgets.result_view import ResultView
from pages.widgets.text import plain

_EXPLAIN = "pages/screens/explain/page.py"


def show() -> None:
    """Draw everything, or what to do first when nothing has been explained."""
    state = session()
    state.catch_up()
    result = state.result
    if result is None:
        if not state.running:
            _nothing_yet(state)
        return
    try:
        attribution = server().attribution(result.neighborhood, state.settings.spec, result.question.method)
    except lc.LimeError as error:
        st.error(plain(str(error)))
        return
    state.note_drawn(result, attribution)
    shown = ResultView(state, result, attribution)
    if not state.answered and not state.running:
        _settings_have_changed(shown)
    verdict_panel.headline(shown)
    verdict_panel.summary(shown)
    trials.show(shown)


def _nothing_yet(state: Session) -> None:
    st.markdown("#### Nothing to judge yet")
    st.markdown(
        "First the model has to be asked about the picture; then this screen says how far to believe the answer."
    )
    with st.container(horizontal=True):
        if state.settings.question is not None:
            st.button("Explain", type="primary", icon=":material/highlight:", key="explain_first", on_click=state.ask)
        st.page_link(_EXPLAIN, label="Choose the settings first", icon=":material/tune:")
    if download := download_of(state.settings.model):
        st.caption(f"*Explain* {download}.")


def _settings_have_changed(shown: ResultView) -> None:
    question = shown.result.question
    st.caption(
        f"This is about {plain(question.title)} and {labels.model_title(question.model)} as explained last; the "
        "settings have changed since. *Explain* asks anew."
    )
