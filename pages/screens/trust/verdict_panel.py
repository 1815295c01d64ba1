"""The verdict on a class with its reasons, and the numbers it rests on: no model call."""

from __future__ import annotations

import math

import streamlit as st

import lime_core as lc
from lime_core.answers.origin import Provenance
from pages.widgets import advice, labels, verdict_text
from pages.widgets.class_choice import class_in_focus
from pages.widgets.interval_column import has_intervals
from pages.widgets.result_view import ResultView
from pages.widgets.text import number, output, plain

_COLORS = {"solid": "blue", "usable": "green", "doubtful": "orange", "meaningless": "red"}


def headline(shown: ResultView) -> None:
    """Draw the choice of the class, and the verdict on it in a word."""
    class_in_focus(
        {item.index: _option(item, shown.attribution.provenance) for item in shown.attribution.classes}, row=True
    )
    trust = shown.focus.trust
    badge = f":{_COLORS[trust.level]}-badge[{verdict_text.word(trust)}]"
    st.markdown(f"#### *{plain(shown.focus.name)}* {badge}", help=verdict_text.levels_explained())


def _option(item: lc.ClassAttribution, about: Provenance) -> str:
    return f"{verdict_text.ICONS[item.trust.level]} {plain(item.name)} {output(item.output, about)}"


def summary(shown: ResultView) -> None:
    """Draw the map, the reasons with the advice, and the numbers."""
    attribution, focus = shown.attribution, shown.focus
    left, right = st.columns([4, 8], gap="medium")
    with left:
        st.image(shown.picture_of(focus.index), alt=f"The explanation of {focus.name}", width="stretch")
        st.caption(
            f"{plain(shown.result.question.title)} · {labels.model_title(attribution.provenance.model)} · "
            f"{labels.method(attribution.method)} · {shown.result.neighborhood.samples:,} samples"
        )
    with right:
        st.markdown(verdict_text.in_full(focus.trust, with_advice=False))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            advice.offer(focus.trust)
    _numbers(shown)


def _numbers(shown: ResultView) -> None:
    explanation, trust = shown.explanation, shown.focus.trust
    numbers = []
    if explanation is not None:
        numbers += [
            (
                "R², held out",
                number(explanation[shown.focus.index].r2_holdout),
                "The share of the model's variation that the surrogate predicts for samples it was not fitted to.",
            ),
            (
                "Effective samples",
                f"{explanation.effective_sample_size:,.0f}",
                f"How many equally weighted samples would say as much as these {explanation.samples:,}.",
            ),
        ]
    numbers += _of_the_verdict(trust, shown)
    with st.container(horizontal=True, gap="small"):
        for label, value, meaning in numbers:
            if value:
                st.metric(label, value, help=meaning, border=True, width=150)
    if explanation is None:
        title = labels.method(shown.attribution.method)
        missing = "no R²" if has_intervals(shown.focus) else "no R² and no error bars"
        st.caption(f"{title} fits no surrogate: there is {missing}.")


def _of_the_verdict(trust: lc.Verdict, shown: ResultView) -> list[tuple[str, str, str]]:
    """Return label, value and meaning of the numbers that a verdict has; an empty value for one it has not."""
    unit = shown.attribution.unit
    return [
        (
            f"Gap, {unit}",
            _formatted(trust.gap, "{:+.3f}"),
            f"The surrogate's answer for the unmodified picture minus the model's, in {unit}.",
        ),
        (
            "Stability",
            _formatted(trust.stability, "{:.2f}"),
            f"How far the {shown.top_k} strongest agree when samples are drawn anew (Jaccard): 1 is always the same.",
        ),
        (
            "Per superpixel",
            _formatted(trust.samples_per_superpixel, "{:.1f}"),
            "Samples for each superpixel; below about 4 the error bars are wide.",
        ),
        (
            "Nonlinear share",
            _formatted(trust.nonlinear_share, "{:.0%}"),
            "The share of the answers' variance that no sum of superpixels can explain, from complementary pairs.",
        ),
    ]


def _formatted(value: float, pattern: str) -> str:
    return "" if math.isnan(value) else pattern.format(value)
