"""Superpixels hidden by hand: the model's answer at once, beside the surrogate's where there is one."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import streamlit as st

import lime_core as lc
from lime_core.colormaps import FOR, UNSIGNED
from lime_core.models.engines.base import precision_of
from pages.state.server import server
from pages.widgets import charts
from pages.widgets.result_view import ResultView
from pages.widgets.text import plain


def show(shown: ResultView) -> None:
    """Ask the model about what is hidden by hand, and draw its answer; nothing while all is shown."""
    hidden, attribution = shown.settings.hidden, shown.attribution
    if not hidden:
        return
    mask = np.ones((1, attribution.superpixels), np.uint8)
    mask[0, list(hidden)] = 0
    try:
        outputs = server().outputs(shown.result.question, mask, precision_of(attribution.provenance.engine))
    except lc.LimeError as error:
        st.error(plain(str(error)))
        return
    names = [item.name for item in attribution.classes]
    before = [item.output for item in attribution.classes]
    now = outputs[0, [item.index for item in attribution.classes]].tolist()
    surrogate = _surrogate(shown.explanation, mask[0]) if shown.explanation is not None else None
    st.markdown(f"With {len(hidden)} of {mask.shape[1]} superpixels hidden the model answers")
    alternative = "; ".join(
        f"{name} {earlier:.2f} before, {later:.2f} now" for name, earlier, later in zip(names, before, now, strict=True)
    )
    st.plotly_chart(_figure(names, before, now, surrogate), key="answers", config=charts.QUIET, alt=alternative)


def _surrogate(explanation: lc.Explanation, mask: np.ndarray) -> list[float] | None:
    """Return the surrogate's outputs for a mask; None for one that is not a sum of superpixels."""
    if not explanation.spec.surrogate.linear:
        return None
    targets = [item.intercept + mask @ item.coefficients for item in explanation.classes]
    outputs: list[float] = explanation.spec.target.outputs(np.array(targets)).tolist()
    return outputs


def _figure(names: list[str], before: list[float], now: list[float], surrogate: list[float] | None) -> go.Figure:
    figure = go.Figure()
    figure.add_bar(y=names, x=before, name="model, whole picture", orientation="h", marker_color=charts.NEUTRAL)
    figure.add_bar(y=names, x=now, name="model, now", orientation="h", marker_color=charts.css_color(FOR))
    if surrogate is not None:
        color = charts.css_color(UNSIGNED)
        figure.add_bar(y=names, x=surrogate, name="surrogate, now", orientation="h", marker_color=color)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="output")
    return charts.laid_out(figure, height=90 + 40 * len(names), legend=True, barmode="group")
