"""Every superpixel of the class in focus: chart, numbered picture, and a table to choose from by keyboard."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lime_core.show.superpixel_pictures import numbered
from pages.screens.explain.parts import change_selection, view_part
from pages.state import widget_state
from pages.widgets import charts, tables
from pages.widgets.interval_column import has_intervals, interval_column, interval_name
from pages.widgets.odds_column import CONFIG, odds_column
from pages.widgets.result_view import ResultView
from pages.widgets.text import plain


def show(shown: ResultView) -> None:
    """Draw the tab."""
    attribution, focus = shown.attribution, shown.focus
    left, right = st.columns([5, 7], gap="medium")
    with left:
        st.image(
            shown.picture_of_the_cut(lambda: numbered(shown.canvas(), ids=shown.ids), "numbered"),
            alt="The picture with its superpixels numbered",
            width="stretch",
        )
    with right:
        bars = (
            f", {attribution.interval_label} intervals; pale where a superpixel may have no effect"
            if has_intervals(focus)
            else ""
        )
        st.caption(f"**{plain(focus.name)}**: scores ({attribution.unit}){bars}.")
        figure = shown.figure(lambda: charts.scores(attribution, focus.index), "scores", focus.index)
        st.plotly_chart(figure, key="scores", config=charts.QUIET, alt=f"Strongest superpixels for {focus.name}")
    view_part(_table)


def _table(shown: ResultView) -> None:
    focus, segments = shown.focus, shown.segments
    scores = shown.attribution.scores(focus.index)
    order = np.argsort(-np.abs(scores), kind="stable")
    sizes = np.bincount(segments.ravel()) / segments.size
    rows: dict[str, Any] = {"superpixel": shown.ids[order], "score": scores[order]}
    rows |= interval_column(shown.attribution, focus, order)
    rows |= odds_column(shown.attribution, scores[order])
    if has_intervals(focus):
        rows["certain"] = np.where(focus.sure[order], "certain", "uncertain")
    among = _among_the_strongest(shown)
    if among is not None:
        rows["among the K strongest"] = among[order]
    if np.isfinite(focus.trust.top_k_frequency).any():
        rows["in the top K"] = 100 * focus.trust.top_k_frequency[order]
    rows["share of the picture"] = 100 * sizes[order]
    column, key, k = st.column_config, f"superpixels.{focus.index}", shown.top_k
    st.dataframe(
        tables.from_columns(rows),
        hide_index=True,
        height=280,
        on_select=lambda: _select(key, order),
        selection_mode="single-row",
        key=key,
        column_config={
            "score": column.NumberColumn(format="%+.4f"),
            interval_name(shown.attribution): column.NumberColumn(format="%.4f"),
            **CONFIG,
            "certain": column.TextColumn(help="Uncertain: it may have no effect, when all superpixels are looked at"),
            "among the K strongest": column.TextColumn(
                help=f"Whether it is one of the {k} strongest; right for all superpixels together with a chance of 95 %"
            ),
            "in the top K": column.NumberColumn(
                format="%.0f %%", help=f"How often it is among the {k} strongest when the samples are resampled"
            ),
            "share of the picture": column.NumberColumn(format="%.1f %%"),
        },
        alt=f"All superpixels by score for {focus.name}; choose a row to select that superpixel",
    )


def _among_the_strongest(shown: ResultView) -> NDArray[np.str_] | None:
    """Say of each superpixel whether it is among the K strongest; None where the method cannot tell."""
    top = shown.attribution.certain_top(shown.focus.index, shown.top_k, shown.view.sign)
    if top is None:
        return None
    words = np.full(shown.attribution.superpixels, "no", dtype="<U8")
    words[list(top.sure)], words[list(top.possible)] = "for sure", "perhaps"
    return words


def _select(key: str, order: NDArray[np.int64]) -> None:
    rows = widget_state.read(key)["selection"]["rows"]
    if rows:
        change_selection(superpixel=int(order[rows[0]]))
