"""The explanation on screen: its instant settings, the classes side by side, and closer looks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

import lime_core as lc
from pages.screens.explain import cards
from pages.screens.explain import detail_tabs as closer
from pages.screens.explain import downloads as takeaway
from pages.screens.explain import large_picture as touch
from pages.state.server import store
from pages.state.session import Result, Session, session
from pages.widgets import controls
from pages.widgets import labels as words
from pages.widgets.current import Shown

_TICK = 1.5  # seconds between two looks at a growing explanation


def show() -> None:
    """Draw the results; while a run goes on they grow."""
    state = session()
    # The rhythm belongs to the call, so the fragment is made anew at each one.
    st.fragment(_results, run_every=_TICK if state.running else None)()


def _results() -> None:
    state = session()
    state.catch_up()
    if state.result is None:
        return
    result = state.result
    headline = st.container()
    try:
        state.spec = _knobs(state, result)
        explanation = store().explanation(result.neighborhood, state.spec)
    except lc.LimeError as error:
        # What was there before stays, so that one can see what the refused setting would have changed.
        st.error(words.plain(str(error)))
        if state.explanation is None or state.explanation[0].question.key != result.question.key:
            return
        result, explanation = state.explanation
    state.explanation = (result, explanation)
    shown = Shown(state, result, explanation)
    with headline:
        _headline(shown)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        touch.picture(shown)
    with right:
        cards.show(shown)
        touch.answers(shown)
    _tabs(shown)


def _headline(shown: Shown) -> None:
    result, explanation = shown.result, shown.explanation
    first = max(explanation.classes, key=lambda explained: explained.probability)
    about = explanation.provenance
    st.markdown(
        f"#### {words.model_title(about.model)} says *{words.plain(first.name)}*, {words.percent(first.probability)}"
    )
    for note in explanation.notes:
        if note not in result.neighborhood.notes:
            st.warning(words.plain(note), icon=":material/warning:")
    enough = words.STOPPED.get(explanation.stop_reason)
    parts = [
        words.plain(result.question.title),
        f"{explanation.samples:,} samples{f' ({enough})' if enough else ''}",
        f"{result.neighborhood.superpixels} superpixels",
        f"effective sample size {explanation.effective_sample_size:,.0f}",
        words.engine(about.engine),
        *map(words.plain, result.neighborhood.notes),
    ]
    st.caption(
        " · ".join(parts),
        help="Samples near the original picture count more. The effective sample size is how many equally weighted "
        "samples would say as much.",
    )


def _knobs(state: Session, result: Result) -> lc.ExplainSpec:
    """Draw the instant settings: none of them asks the model."""
    values: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, width, options in (
            ("view", 145, {}),
            ("sign", 110, {"choices": ("positive", "both") if state.spec.surrogate == "tree" else None}),
            ("top_k", 150, {"high": result.neighborhood.superpixels}),
            ("kernel_width", 160, {}),
        ):
            with st.container(width=width):
                values[name] = controls.setting(name, **options)
        look = st.popover("Look", icon=":material/palette:", help="How the maps are drawn")
        fit = st.popover("Fit", icon=":material/show_chart:", help="Distance, kernel, surrogate and target")
        classes = st.popover("Classes", icon=":material/list:", help="Which classes are explained")
    with look:
        values["opacity"] = controls.setting("opacity")
        values["smoothing"] = controls.setting("smoothing") if values["view"] == "jet" else state.spec.smoothing
        values["hide_unsure"] = controls.setting("hide_unsure")
        state.one_scale = controls.one_scale()
    with fit:
        values |= _fit_settings()
    with classes:
        values["classes"] = controls.classes(result.neighborhood.class_names)
        if values["classes"] is None:
            values["top_classes"] = controls.setting("top_classes")
    return replace(state.spec, **values)


def _fit_settings() -> dict[str, Any]:
    values: dict[str, Any] = {}
    left, right = st.columns(2)
    with left:
        values["target"] = controls.setting("target")
        if values["target"] == "log_odds":
            values["log_odds_cut"] = controls.setting("log_odds_cut")
        for name in ("distance", "kernel"):
            values[name] = controls.setting(name)
        values["normalize_weights"] = controls.setting("normalize_weights")
    with right:
        values |= surrogate_settings()
    return values


def surrogate_settings() -> dict[str, Any]:
    """Draw the choice of the simple model, and return it."""
    values = {"surrogate": controls.setting("surrogate")}
    if values["surrogate"] in ("ridge", "lasso"):
        values["alpha"] = controls.setting("alpha")
    # A tree selects by itself.
    values["selection"] = "none" if values["surrogate"] == "tree" else controls.setting("selection")
    if values["selection"] != "none":
        values["max_features"] = controls.setting("max_features")
    return values


def _tabs(shown: Shown) -> None:
    names = ["Superpixels", "Why not the other", "Kernel and fit", "Samples", "Take away"]
    # A closed tab is not drawn at all: its pictures would cost as much as an open one's.
    tabs = st.tabs(names, key="tab", on_change="rerun", bind="query-params")
    bodies = (closer.superpixels, closer.contrast, closer.fit, closer.samples, takeaway.show)
    for tab, body in zip(tabs, bodies, strict=True):
        if tab.open:
            with tab:
                body(shown)
