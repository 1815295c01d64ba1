"""What each model says of each class."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from lime_core.colormaps import AGAINST, FOR, UNSIGNED
from pages.screens.compare.comparison_view import ComparisonView
from pages.widgets import charts


def show(shown: ComparisonView) -> None:
    """Draw the chart."""
    st.markdown("##### What each model says")
    # Where models have different classes, a name is all that they have in common.
    outputs = [
        {(item.index if shown.same_classes else 0, item.name): item.output for item in explanation.classes}
        for explanation in shown.explanations
    ]
    classes = list(dict.fromkeys(key for each in outputs for key in each))
    names = [name for _, name in classes]
    values = {shown.title(index): [each.get(key) for key in classes] for index, each in enumerate(outputs)}
    shares = all(each.provenance.outputs_are == "probabilities" for each in shown.explanations)
    alternative = "; ".join(
        f"{title}: " + ", ".join(f"{name} {_text(value, shares)}" for name, value in zip(names, numbers, strict=True))
        for title, numbers in values.items()
    )
    st.plotly_chart(
        side_by_side(names, values, shares=shares), key="compare.classes", config=charts.QUIET, alt=alternative
    )


def _text(value: float | None, shares: bool) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if shares else f"{value:.4g}"


def side_by_side(names: list[str], values: dict[str, list[float | None]], *, shares: bool = True) -> go.Figure:
    """Show a number of each class under each of up to four models; patterns tell the models apart without colour.

    A model that does not have a class has no number of it. Numbers are shown in percent where they are `shares`.
    """
    looks = (
        (charts.css_color(FOR), ""),
        (charts.css_color(UNSIGNED), "/"),
        (charts.NEUTRAL, "x"),
        (charts.css_color(AGAINST), "."),
    )
    figure = go.Figure()
    for (title, numbers), (color, pattern) in zip(values.items(), looks, strict=False):
        figure.add_bar(
            y=names,
            x=numbers,
            name=title,
            orientation="h",
            marker={"color": color, "pattern": {"shape": pattern, "size": 5}},
            text=[_text(number, shares) for number in numbers],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{title}, %{{y}}: %{{x:{'.2%' if shares else '.4g'}}}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed")
    if shares:
        largest = max(number or 0.0 for numbers in values.values() for number in numbers)
        figure.update_xaxes(tickformat=".0%", range=[0, 1.12 * largest])
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    return charts.laid_out(figure, height=70 + len(names) * (14 + 16 * len(values)))
