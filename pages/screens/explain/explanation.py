"""The explanation on screen: its instant settings, the classes side by side, and closer looks."""

from __future__ import annotations

import contextlib

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
from pages.screens.explain.parts import HEADLINE, RESULTS, attempt, present_view, view_part
from pages.state.session import Session, session
from pages.widgets import labels
from pages.widgets.result_view import ResultView
from pages.widgets.text import output, plain

_TICK = 1.5  # seconds between two looks at a growing explanation
_TABS = {
    "Superpixels": superpixels_tab.show,
    "Why not the other": contrast_tab.show,
    "Kernel and fit": fit_tab.show,
    "Samples": samples_tab.show,
    "Take away": downloads.show,
}
_TABS_OF_THE_VIEW = (contrast_tab.show, downloads.show)  # as a whole; of the table of superpixels only a part


def show() -> None:
    """Draw the results with the settings that change them at once; while a run goes on only one picture grows."""
    state = session()
    if _ended_meanwhile(state):
        # The settings above were drawn without its answers, and nothing else would draw them anew.
        st.rerun()
    if state.result is not None:
        _explained()


def _ended_meanwhile(state: Session) -> bool:
    """Return whether the run has ended since this run of the page began, with answers that are not on screen."""
    job, result = state.job, state.result
    if job is None or job.active or job.neighborhood is None:
        return False
    return result is None or result.neighborhood is not job.neighborhood


@st.fragment
def _explained() -> None:
    state = session()
    if state.result is None:
        return
    headline = st.container()
    try:
        instant_settings.show(state.result)
    except lc.LimeError as error:
        st.error(plain(str(error)))
    # What a knob changes is drawn by fragments of their own, so that turning it does not draw all the widgets again.
    with headline:
        st.fragment(_headline, key=HEADLINE)()
    st.fragment(_results, key=RESULTS)()


def _results() -> None:
    left, right = st.columns([5, 7], gap="medium")
    with left:
        if session().running:
            # How often a part is drawn is fixed when it is made; this one is made anew when the run has ended.
            view_part(_growing, every=_TICK)
        else:
            view_part(large_picture.show)
    shown = present_view()
    if shown is None:
        return
    if not large_picture.anything_selected(shown):
        with left:
            large_picture.show_outputs(shown)
    with right:
        with st.container():
            view_part(class_cards.show)
        hidden_superpixels.show(shown)
    _tabs(shown)


def _growing(shown: ResultView) -> None:
    """Draw the class in focus as far as the answers go; the other classes wait for the end of the run."""
    state, before = shown.state, shown.result
    # Answers to another question change the whole page, which the progress of the run sees to.
    if state.growth.due and not state.turning_over:
        state.catch_up()
    with state.growth.drawing() if state.result is not before else contextlib.nullcontext():
        large_picture.show(present_view() or shown)


def _headline() -> None:
    shown, refusal = attempt()
    if refusal is not None:
        st.error(plain(str(refusal)))
    if shown is not None:
        _say(shown)


def _say(shown: ResultView) -> None:
    result, attribution, explanation = shown.result, shown.attribution, shown.explanation
    first = max(attribution.classes, key=lambda item: item.output)
    about = attribution.provenance
    st.markdown(f"#### {labels.model_title(about.model)} says *{plain(first.name)}*, {output(first.output, about)}")
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
                view_part(body) if body in _TABS_OF_THE_VIEW else body(shown)
