"""How far every two methods agree, as a small matrix."""

from __future__ import annotations

import math

import streamlit as st

from pages.screens.methods.methods_view import MethodsView
from pages.widgets import labels, tables

_MEASURES = {"rank_correlation": "Rank correlation", "jaccard": "Jaccard", "sign": "Sign"}
_HELP = {
    "rank_correlation": "Spearman's rank correlation of all superpixels: 1 the same order, 0 unrelated, −1 reversed. "
    "By strength where one of the two methods has no sign.",
    "jaccard": "Of the superpixels among the K strongest of either method, the share that both name.",
    "sign": "Of the strongest superpixels of either method, the share to which both give the same sign.",
}


def show(shown: MethodsView) -> None:
    """Draw the choice of the measure and the matrix."""
    st.markdown("##### Do they agree?")
    measure = st.segmented_control(
        "Agreement",
        list(_MEASURES),
        default="rank_correlation",
        required=True,
        format_func=_MEASURES.__getitem__,
        key="methods.agreement",
        label_visibility="collapsed",
    )
    values = getattr(shown.comparison.agreement(shown.index), measure)
    rows = [
        {"method": f"**{row + 1}** {labels.method(method.method)}"}
        | {str(column + 1): _number(value, diagonal=row == column) for column, value in enumerate(values[row])}
        for row, method in enumerate(shown.methods)
    ]
    st.table(
        tables.from_rows(rows), border="horizontal", hide_index=True, alt=f"{_MEASURES[measure]} of every two methods"
    )
    st.caption(_HELP[measure])


def _number(value: float, *, diagonal: bool) -> str:
    if diagonal or math.isnan(value):
        return "–"
    return f"{value:.2f}"
