"""Several methods' explanations of one picture and class side by side: maps, measures, agreement, what they share."""

from __future__ import annotations

from functools import partial

import streamlit as st

import lime_core as lc
from lime_core.methods import mask_methods
from lime_core.show import captions
from lime_core.trials.method_measures import MethodMeasures
from pages.screens.methods import agreement_table, downloads, measures_table, shared_superpixels
from pages.screens.methods.methods_view import MethodsView
from pages.state.methods_job import MethodsOrder
from pages.state.session import session
from pages.widgets import labels, verdict_text
from pages.widgets.pressed_button import pressed_button
from pages.widgets.text import listed, output, plain

_A_ROW = 3
_WIDTH = 480  # pixels: twice what a card takes on a wide page, for sharp screens
_MOST_NAMED = 5
_EXPLAIN = "pages/screens/explain/page.py"


def show(asked: MethodsOrder) -> None:
    """Draw the methods that are done of what is asked for, or else of what was compared last."""
    state = session()
    found = state.methods.comparison(asked)
    if found is None:
        return
    made, comparison = found
    for name, reason in comparison.failed.items():
        st.warning(f"{labels.method(name)}: {plain(reason)}", icon=":material/warning:")
    if not comparison.methods:
        return
    shown = MethodsView(state.settings, made, comparison, state.methods.running)
    _headline(shown, outdated=made.key != asked.key)
    _cards(shown)
    measures_table.show(shown)
    if len(shown.methods) > 1:
        left, right = st.columns([7, 5], gap="medium")
        with left:
            agreement_table.show(shown)
        with right:
            shared_superpixels.show(shown)
    downloads.show(shown)


def _headline(shown: MethodsView, *, outdated: bool) -> None:
    about = shown.methods[0].attribution.provenance
    item = shown.item
    st.markdown(f"#### Why {labels.model_title(about.model)} says *{plain(item.name)}*, {output(item.output, about)}")
    spec = shown.comparison.spec
    parts = [
        plain(shown.order.question.title),
        f"at most {spec.samples:,} pictures a method and run",
        f"{len(shown.called(range(shown.methods[0].attribution.superpixels)))} superpixels",
        labels.engine(about.engine),
    ]
    if outdated and not shown.running:
        parts.append("**settings have changed: press Compare**")
    st.caption(" · ".join(parts))


def _cards(shown: MethodsView) -> None:
    for start in range(0, len(shown.methods), _A_ROW):
        columns = st.columns(_A_ROW)
        for column, method in zip(columns, shown.methods[start : start + _A_ROW], strict=False):
            with column:
                _card(shown, method)
    _legends(shown)
    if shown.view.name == "heatmap":
        st.caption(
            "Opacity is on one scale: the same for all methods. Colours are not: the methods count in different "
            "units, so each map's colours end at its own strongest score."
        )


def _legends(shown: MethodsView) -> None:
    """Say what the maps show, once for all methods of which the same is to be said."""
    by_legend: dict[str, list[str]] = {}
    for method in shown.methods:
        by_legend.setdefault(captions.legend(method.attribution, shown.view), []).append(labels.method(method.method))
    for legend, titles in by_legend.items():
        st.caption(f"**{', '.join(titles)}**: {legend}" if len(by_legend) > 1 else legend)


def _card(shown: MethodsView, method: MethodMeasures) -> None:
    attribution, item = method.attribution, method.attribution[shown.index]
    title = labels.method(method.method)
    free = " · at no cost" if method.shares_answers else ""
    st.markdown(f"**{title}**{free}", help=plain(lc.METHODS[method.method].summary))
    strongest = listed(shown.called(attribution.shown_features(shown.index, shown.view)), _MOST_NAMED)
    st.image(
        shown.picture_of(method, width=_WIDTH),
        alt=f"{title}, {item.name}: strongest superpixels {strongest}",
        width="stretch",
    )
    signed = "" if attribution.signed else ", without a sign"
    st.caption(
        f"{verdict_text.in_a_line(item)} · {plain(attribution.unit)}{signed}",
        help=verdict_text.help_text(item, with_advice=False),
    )
    if not attribution.shown_features(shown.index, shown.view):
        surely = "surely " if shown.view.hide_unsure and item.std_errors is not None else ""
        st.caption(f"Nothing is marked: no score that this view shows {surely}differs from 0.")
    for note in attribution.notes:
        st.caption(plain(note))
    if method.method in mask_methods():
        _open_on_explain(shown, method)


def _open_on_explain(shown: MethodsView, method: MethodMeasures) -> None:
    pressed = pressed_button(
        "Explain with it",
        key=f"methods.explain.{method.method}",
        type="tertiary",
        icon=":material/highlight:",
        help="Opens the Explain screen with this method and the settings as they are now. The model is asked, unless "
        "the answers are there.",
        on_press=partial(_explain_with, method.method, shown.index),
    )
    if pressed:
        st.switch_page(_EXPLAIN)


def _explain_with(method: str, class_index: int) -> None:
    session().change(method=method, focus=class_index)
    session().ask()
