"""Why the one class and not the other: the difference of their coefficients, which LIME gives with error bars."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.show.differences import difference_attribution
from pages.widgets import charts
from pages.widgets.class_choice import two_of
from pages.widgets.result_view import ResultView
from pages.widgets.text import plain


def show(shown: ResultView) -> None:
    """Draw the tab."""
    explanation = shown.explanation
    if explanation is None:
        st.info("This method gives no error bars, so it cannot contrast two classes.")
        return
    if not explanation.signed:
        noun = explanation.spec.surrogate.noun
        st.info(f"The importance that {noun} gives has no sign, so two classes cannot be contrasted.")
        return
    if len(explanation.classes) < 2:
        st.info("A contrast needs two explained classes.")
        return
    _contrast(shown, explanation)


def _contrast(shown: ResultView, explanation: lc.Explanation) -> None:
    # The class that is looked at is the first to be asked about.
    indices = sorted((item.index for item in explanation.classes), key=lambda index: index != shown.focus.index)
    names = {index: explanation[index].name for index in indices}
    left, right = st.columns([5, 7], gap="medium")
    with left:
        why, not_that = two_of(("Why", "and not"), names, ("why", "not"))
        difference = explanation.contrast(why, not_that)
        name = f"{names[why]} rather than {names[not_that]}"
        drawn = difference_attribution(difference, explanation, name=name)
        st.image(
            shown.picture(lambda: shown.map_of(why, drawn), "contrast", *shown.drawn_as, why, not_that),
            alt=f"Evidence for {name}",
            width="stretch",
        )
    with right:
        st.caption(f"Evidence for **{plain(name)}**: the difference of the scores, with 95 % intervals.")
        figure = shown.figure(lambda: charts.contrast(difference, explanation), "contrast", why, not_that)
        st.plotly_chart(figure, key="contrast", config=charts.QUIET, alt=f"Evidence for {name}")
