"""Interactions: the two superpixels that act together most, and what R² would be with them as a pair."""

from __future__ import annotations

import streamlit as st

from lime_core.explanation.verdict import Interaction
from pages.screens.trust import trial_pictures
from pages.widgets import labels
from pages.widgets.result_view import ResultView
from pages.widgets.text import number, plain


def show(shown: ResultView) -> None:
    """Draw the tab."""
    if shown.explanation is None:
        st.info(f"Interactions are looked for in LIME's samples; this is {labels.method(shown.attribution.method)}.")
        return
    pair = shown.focus.trust.interaction
    if pair is None:
        st.info("The answers do not vary, so there is no pair to look for.", icon=":material/info:")
        return
    a, b = shown.called((pair.a, pair.b))
    left, right = st.columns([5, 7], gap="medium")
    with left:
        picture = shown.picture(lambda: trial_pictures.singled_out(shown.canvas(), (pair.a, pair.b)), "pair", a, b)
        st.image(
            picture,
            alt=f"Superpixels {a} and {b}, which act together",
            width="stretch",
        )
    with right:
        _numbers(shown, pair, shown.explanation[shown.focus.index].r2)


def _numbers(shown: ResultView, pair: Interaction, r2: float) -> None:
    a, b = shown.called((pair.a, pair.b))
    more = "more" if pair.effect > 0 else "less"
    st.markdown(
        f"LIME adds superpixels up. The strongest interaction for **{plain(shown.focus.name)}**: superpixels "
        f"**{a}** and **{b}** together count {abs(pair.effect):.3g} {more} than the sum of both "
        f"({shown.attribution.unit})."
    )
    before, after = st.columns(2)
    before.metric("R² without the pair", number(r2), border=True, help="In sample")
    after.metric("R² with the pair", number(pair.r2), border=True, help="In sample")
    # A run under way may be the one that follows this advice.
    advice = "" if shown.state.running else " When many pairs act together, coarser superpixels put them into one."
    chance = "It is unlikely to be chance." if pair.clear else "Among so many pairs, chance alone could explain it."
    st.caption(f"{chance} Its effect is {pair.t:.1f} standard errors.{advice}")
