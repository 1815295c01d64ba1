"""How far every two models agree on the superpixels that count."""

from __future__ import annotations

import streamlit as st

from pages.screens.compare.comparison_view import ComparisonView
from pages.widgets import tables
from pages.widgets.text import listed, number

_HELP = (
    "Jaccard: of the superpixels that are among the K strongest of either model, the share that both have. "
    "1 = the same ones, 0 = none in common.\n\nRank correlation (Spearman): whether both put all superpixels in the "
    "same order. 1 = the same order, 0 = unrelated, −1 = reversed."
)


def show(shown: ComparisonView) -> None:
    """Draw the table of all pairs."""
    st.markdown("##### Do the same superpixels count for them?", help=_HELP)
    rows = [
        {
            "models": f"{shown.title(pair.a)} and {shown.title(pair.b)}",
            "Jaccard": number(pair.jaccard),
            "rank correlation": number(pair.rank_correlation),
            "in common": f"{len(pair.common)} of {len(pair.union)}: {listed(shown.called(pair.common))}",
        }
        for pair in shown.comparison.agreements
    ]
    st.table(tables.from_rows(rows), border="horizontal", hide_index=True, alt="Agreement of every two models")
    k = min(shown.settings.spec.top_k, shown.explanations[0].superpixels)
    own_class = "" if shown.same_class else " Each model on its own first class; choose one above for all."
    st.caption(f"In common: of the superpixels among the {k} strongest of either model, those of both.{own_class}")
