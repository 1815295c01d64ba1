"""The explanation on screen: its instant settings, the classes side by side, and closer looks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core import render
from pages.parts import controls, words
from pages.parts.session import Result, Session, session
from pages.parts.store import store

_TICK = 1.5  # seconds between two looks at a growing explanation
_CARDS_A_ROW = 3


def show() -> None:
    """Draw the results; while a run goes on they grow."""
    state = session()
    st.fragment(_results, run_every=_TICK if state.running else None)()


def _results() -> None:
    state = session()
    state.catch_up()
    if state.result is None:
        return
    result = state.result
    try:
        spec = _knobs(state, result)
        explanation = store().explanation(result.neighborhood, spec)
    except lc.LimeError as error:
        st.error(str(error))
        return
    _cards(result, explanation)


def _knobs(state: Session, result: Result) -> lc.ExplainSpec:
    superpixels = result.neighborhood.superpixels
    values: dict[str, Any] = {}
    columns = st.columns([2, 2, 2, 2, 2])
    with columns[0]:
        values["view"] = controls.setting("view")
    with columns[1]:
        values["top_k"] = controls.setting("top_k", high=superpixels)
    with columns[2]:
        values["sign"] = controls.setting("sign")
    with columns[3]:
        values["kernel_width"] = controls.setting("kernel_width")
    with columns[4]:
        values["opacity"] = controls.setting("opacity")
    state.spec = replace(state.spec, **values)
    return state.spec


def _cards(result: Result, explanation: lc.Explanation) -> None:
    image = result.question.image
    if explanation.spec.framing == "center_crop":
        image = image.center_crop()
    for start in range(0, len(explanation.classes), _CARDS_A_ROW):
        columns = st.columns(_CARDS_A_ROW)
        for column, explained in zip(columns, explanation.classes[start : start + _CARDS_A_ROW], strict=False):
            with column.container(border=True):
                st.markdown(f"**{words.plain(explained.name)}** · {words.percent(explained.probability)}")
                st.image(
                    render.render(image, explanation, explained.index),
                    alt=f"What speaks for and against {explained.name}",
                    width="stretch",
                )
                st.caption(f"R² {explained.r2_holdout:.2f} on samples held out")
