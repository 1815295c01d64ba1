"""The classes side by side: one small map each, its probability, and how far to believe it."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.show.captions import order_sentence
from pages.screens.explain.parts import change_selection
from pages.widgets import verdict_text
from pages.widgets.result_legend import legend
from pages.widgets.result_view import ResultView
from pages.widgets.text import output, plain

_A_ROW = 3
_WIDTH = 480  # pixels: twice what a card takes on a wide page, for sharp screens
_MOST_NAMED = 5


def show(shown: ResultView) -> None:
    """Draw a card for each class."""
    classes = shown.attribution.classes
    for start in range(0, len(classes), _A_ROW):
        columns = st.columns(_A_ROW)
        for column, item in zip(columns, classes[start : start + _A_ROW], strict=False):
            with column:
                _card(shown, item)
    st.caption(legend(shown))


def _card(shown: ResultView, item: lc.ClassAttribution) -> None:
    mark = ":material/zoom_in: " if item is shown.focus else ""
    st.button(
        f"{mark}**{plain(item.name)}** {output(item.output, shown.attribution.provenance)}",
        key=f"focus.{item.index}",
        type="tertiary",
        help="Show it large",
        on_click=_show_large,
        args=(item.index,),
    )
    st.image(shown.picture_of(item.index, width=_WIDTH), alt=in_words(shown, item), width="stretch")
    st.caption(verdict_text.in_a_line(item), help=verdict_text.help_text(item, with_advice=not shown.state.running))


def _show_large(index: int) -> None:
    change_selection(focus=index)


def in_words(shown: ResultView, item: lc.ClassAttribution) -> str:
    """Say what the map shows, for people who do not see it."""
    view, scores = shown.view, shown.attribution.scores(item.index)
    strongest = shown.attribution.top_features(item.index, min(view.top_k, _MOST_NAMED), view.sign)
    parts = [f"{shown.attribution.id_of(superpixel)} ({scores[superpixel]:+.3f})" for superpixel in strongest]
    unit = f" ({shown.attribution.unit})" if parts else ""
    certain = f". {order_sentence(shown.attribution, item.index, view).rstrip('.')}".rstrip(". ")
    return f"{item.name}: strongest superpixels {', '.join(parts) or 'none'}{unit}{certain}"
