"""The classes side by side: one small map each, its probability, and how far to believe it."""

from __future__ import annotations

import math

import streamlit as st

import lime_core as lc
from lime_core.show import render
from pages.widgets import labels as words
from pages.widgets import verdicts as verdict
from pages.widgets.current import Shown

_A_ROW = 3
_R2_HELP = "R²: the share of the model's ups and downs that the surrogate predicts for samples held out of its fit."


def show(shown: Shown) -> None:
    """Draw a card for each class."""
    classes = shown.explanation.classes
    for start in range(0, len(classes), _A_ROW):
        columns = st.columns(_A_ROW)
        for column, explained in zip(columns, classes[start : start + _A_ROW], strict=False):
            with column:
                _card(shown, explained)
    _legend(shown)


def _card(shown: Shown, explained: lc.ClassExplanation) -> None:
    mark = ":material/zoom_in: " if explained is shown.focus else ""
    label = f"{mark}**{words.plain(explained.name)}** {words.percent(explained.probability)}"
    st.button(
        label,
        key=f"focus.{explained.index}",
        type="tertiary",
        help="Show it large",
        on_click=setattr,
        args=(shown.state, "focus", explained.index),
    )
    st.image(
        shown.map_of(explained.index),
        alt=in_words(shown.explanation, explained),
        width="stretch",
        output_format="JPEG",
    )
    st.caption(
        f"**{verdict.word(explained.trust)}** · R² {_number(explained.r2_holdout)}",
        help=f"{verdict.in_full(explained.trust)}\n\n{_R2_HELP}",
    )


def in_words(explanation: lc.Explanation, explained: lc.ClassExplanation) -> str:
    """Say what the map shows, for people who do not see it."""
    spec = explanation.spec
    strongest = explanation.top_features(explained.index, min(spec.top_k, 5), spec.sign)
    parts = [f"{superpixel} ({explained.coefficients[superpixel]:+.3f})" for superpixel in strongest]
    unit = f" ({explanation.unit})" if parts else ""
    return f"{explained.name}: strongest superpixels {', '.join(parts) or 'none'}{unit}"


def _legend(shown: Shown) -> None:
    explanation, one_scale = shown.explanation, shown.state.one_scale
    view = explanation.spec.view
    if view == "heatmap":
        limit = render.shared_limit(explanation)
        scale = (
            f"One scale for all classes, to ±{limit:.3g} {explanation.unit}."
            if one_scale
            else "Each class on a scale of its own."
        )
        st.caption(f"Azure speaks for the class, vermilion against it. {scale}")
    elif view == "jet":
        st.caption("From blue (nothing) to red (speaks most for the class); each class on a scale of its own.")
    elif view == "overlay" and explanation.signed:
        st.caption("Azure with a light edge speaks for the class, hatched vermilion with a dark edge against it.")
    elif view == "overlay":
        st.caption("Violet: importance, which does not tell for from against.")


def _number(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.2f}"
