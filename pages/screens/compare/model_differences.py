"""Where the scores of two models differ."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.show import maps
from lime_core.show.differences import difference_attribution
from pages.screens.compare.comparison_view import ComparisonView
from pages.widgets import charts
from pages.widgets.class_choice import two_of
from pages.widgets.text import listed

_OPACITY = 0.65


def show(shown: ComparisonView) -> None:
    """Draw the difference of two models on the picture and as bars."""
    st.markdown("##### Where they differ")
    if not shown.explanations[0].signed:
        noun = shown.explanations[0].spec.surrogate.noun
        st.info(f"The importance that {noun} gives has no sign, so there is no difference to draw.")
        return
    left, right = st.columns([5, 7], gap="medium")
    a, b = 0, 1
    if len(shown.explanations) > 2:
        with left, st.container(horizontal=True):
            titles = {index: shown.title(index) for index in range(len(shown.explanations))}
            a, b = two_of(("More in", "than in"), titles, ("compare.a", "compare.b"))
    difference = shown.comparison.difference(a, b)
    name = f"more in {shown.title(a)} than in {shown.title(b)}"
    drawn = difference_attribution(difference, shown.explanations[a], name=name)
    index = drawn.classes[0].index
    with left:
        # Every certain difference is drawn, whatever the maps themselves show.
        view = lc.View(name="heatmap", top_k=drawn.superpixels, sign="both", opacity=_OPACITY)
        st.image(
            shown.picture(lambda: maps.heatmap(shown.image, drawn, index, view), "difference", index, a, b),
            alt=f"Where superpixels count {name}: {listed(shown.called(drawn.top_features(index, 5)))}",
            width="stretch",
        )
        st.caption(
            f"Blue: counts more in {shown.title_with_class(a)}. Orange: counts more in {shown.title_with_class(b)}. "
            f"To ±{maps.shared_limit(drawn, view):.2g} {drawn.unit}."
        )
    with right:
        st.caption(
            "Differences of the scores with 95 % intervals, strongest first; pale where there may be no difference."
        )
        figure = charts.contrast(difference, drawn)
        st.plotly_chart(figure, key="compare.differences", config=charts.QUIET, alt=name)
