"""The verdict on a class with its reasons, and the numbers it rests on: no model call."""

from __future__ import annotations

import math

import streamlit as st

import lime_core as lc
from pages.screens.trust import trial_pictures
from pages.widgets import controls
from pages.widgets import labels as words
from pages.widgets import verdicts as verdict
from pages.widgets.current import Shown

_COLORS = {"solid": "blue", "usable": "green", "doubtful": "orange", "meaningless": "red"}


def headline(shown: Shown) -> None:
    """Draw the choice of the class, and the verdict on it in a word."""
    state, explanation = shown.state, shown.explanation
    options = {explained.index: _option(explained) for explained in explanation.classes}
    controls.class_in_focus(options, shown.focus.index, lambda index: setattr(state, "focus", index), row=True)
    trust = shown.focus.trust
    badge = f":{_COLORS[trust.level]}-badge[{verdict.word(trust)}]"
    st.markdown(f"#### *{words.plain(shown.focus.name)}* {badge}")


def _option(explained: lc.ClassExplanation) -> str:
    icon = verdict.ICONS[explained.trust.level]
    return f"{icon} {words.plain(explained.name)} {words.percent(explained.probability)}"


def summary(shown: Shown) -> None:
    """Draw the map, the reasons with the advice, and the numbers."""
    explanation, focus = shown.explanation, shown.focus
    left, right = st.columns([4, 8], gap="medium")
    with left:
        st.image(
            shown.map_of(focus.index), alt=f"The explanation of {focus.name}", width="stretch", output_format="JPEG"
        )
        st.caption(
            f"{words.plain(shown.result.question.title)} · {words.model_title(explanation.provenance.model)} · "
            f"{explanation.samples:,} samples"
        )
    with right:
        st.markdown(verdict.reasons(focus.trust))
        verdict.offer(shown.state, focus.trust)
    _numbers(explanation, focus)


def _numbers(explanation: lc.Explanation, explained: lc.ClassExplanation) -> None:
    trust, spec = explained.trust, explanation.spec
    numbers = [
        (
            "R², held out",
            words.number(explained.r2_holdout),
            "The share of the model's ups and downs that the surrogate predicts for samples it has not seen.",
        ),
        (
            f"Gap, {spec.unit}",
            _signed(trust.gap),
            f"The surrogate's answer for the untouched picture less the model's, in {spec.unit}.",
        ),
        (
            "Stability",
            words.number(trust.stability),
            f"How far the {spec.top_k} strongest agree when samples are drawn anew (Jaccard): 1 is always the same.",
        ),
        (
            "Effective samples",
            f"{explanation.effective_sample_size:,.0f}",
            f"How many equally weighted samples would say as much as these {explanation.samples:,}.",
        ),
        (
            "Per superpixel",
            f"{trust.samples_per_superpixel:.1f}",
            "Samples for each superpixel; below about 4 the error bars are wide.",
        ),
        (
            "Nonlinear share",
            _percent(trust.nonlinear_share),
            "The share of the answers' variance that no sum of superpixels can explain, from complementary samples.",
        ),
    ]
    with st.container(horizontal=True, gap="small"):
        for label, value, meaning in numbers:
            st.metric(label, value, help=meaning, border=True, width=150)


def why_low(shown: Shown) -> None:
    """Show the strongest pair of superpixels that act together, and what R² would be with it."""
    focus, explanation = shown.focus, shown.explanation
    pair = focus.trust.pair
    if pair is None:
        st.info("The answers do not vary, so there is no pair to look for.", icon=":material/info:")
        return
    left, right = st.columns([5, 7], gap="medium")
    with left:
        picture = trial_pictures.singled_out(shown.image.pixels, explanation.segments, (pair.a, pair.b))
        st.image(
            picture, alt=f"Superpixels {pair.a} and {pair.b}, which act together", width="stretch", output_format="JPEG"
        )
    with right:
        more = "more" if pair.effect > 0 else "less"
        st.markdown(
            f"LIME adds superpixels up. What it misses most for **{words.plain(focus.name)}** is a pair: superpixels "
            f"**{pair.a}** and **{pair.b}** together count {abs(pair.effect):.3g} {more} than the sum of both "
            f"({explanation.spec.unit})."
        )
        before, after = st.columns(2)
        before.metric("R² without the pair", words.number(focus.r2), border=True, help="In sample")
        after.metric("R² with the pair", words.number(pair.r2), border=True, help="In sample")
        st.caption(
            f"The pair stands {pair.t:.1f} standard errors above chance: "
            + ("it is real." if pair.clear else "with so many pairs to choose from, chance alone brings such a one.")
            + " When many pairs act together, coarser superpixels put them into one."
        )


def _signed(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:+.3f}"


def _percent(value: float) -> str:
    return "unknown" if math.isnan(value) else f"{value:.0%}"
