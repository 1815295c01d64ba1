"""The explanation on screen: its instant settings, the classes side by side, and closer looks."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from pages.screens.explain import (
    class_cards,
    contrast_tab,
    downloads,
    fit_tab,
    hidden_superpixels,
    instant_settings,
    large_picture,
    samples_tab,
    superpixels_tab,
)
from pages.state.server import server
from pages.state.session import session
from pages.widgets import labels
from pages.widgets.result_view import ResultView
from pages.widgets.text import percent, plain

_TICK = 1.5  # seconds between two looks at a growing explanation
_TABS = {
    "Superpixels": superpixels_tab.show,
    "Why not the other": contrast_tab.show,
    "Kernel and fit": fit_tab.show,
    "Samples": samples_tab.show,
    "Take away": downloads.show,
}


def show() -> None:
    """Draw the results; while a run goes on they grow."""
    # The rhythm belongs to the call, so the fragment is made anew at each one.
    st.fragment(_results, run_every=_TICK if session().running else None)()


def _results() -> None:
    state = session()
    state.catch_up()
    if state.result is None:
        return
    result = state.result
    headline = st.container()
    try:
        state.change(**instant_settings.show(result))
        attribution = server().attribution(result.neighborhood, state.settings.spec, result.question.method)
    except lc.LimeError as error:
        # What was there before stays, so that one can see what the refused setting would have changed.
        st.error(plain(str(error)))
        if state.drawn is None or state.drawn.result.question.key != result.question.key:
            return
        result, attribution = state.drawn.result, state.drawn.attribution
    state.note_drawn(result, attribution)
    shown = ResultView(state, result, attribution)
    with headline:
        _headline(shown)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        large_picture.show(shown)
    with right:
        class_cards.show(shown)
        hidden_superpixels.show(shown)
    _tabs(shown)


def _headline(shown: ResultView) -> None:
    result, attribution, explanation = shown.result, shown.attribution, shown.explanation
    first = max(attribution.classes, key=lambda item: item.output)
    about = attribution.provenance
    st.markdown(f"#### {labels.model_title(about.model)} says *{plain(first.name)}*, {percent(first.output)}")
    for note in attribution.notes:
        if note not in result.neighborhood.notes:
            st.warning(plain(note), icon=":material/warning:")
    parts = [plain(result.question.title), labels.method(attribution.method)]
    if explanation is not None:
        stopped = labels.STOPPED.get(explanation.stop_reason)
        parts.append(f"{explanation.samples:,} samples{f' ({stopped})' if stopped else ''}")
    else:
        parts.append(f"{attribution.calls:,} model calls")
    parts.append(f"{attribution.superpixels} superpixels")
    if explanation is not None:
        parts.append(f"effective sample size {explanation.effective_sample_size:,.0f}")
    parts += [labels.engine(about.engine), *map(plain, result.neighborhood.notes)]
    st.caption(
        " · ".join(parts),
        help="Samples near the unmodified picture count more. The effective sample size is how many equally weighted "
        "samples would say as much."
        if explanation is not None
        else None,
    )


def _tabs(shown: ResultView) -> None:
    # A closed tab is not drawn at all: its pictures would cost as much as an open one's.
    tabs = st.tabs(list(_TABS), key="tab", on_change="rerun", bind="query-params")
    for tab, body in zip(tabs, _TABS.values(), strict=True):
        if tab.open:
            with tab:
                body(shown)
