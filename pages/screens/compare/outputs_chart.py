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
    classes = shown.explanations[0].classes
    names = [item.name for item in classes]
    outputs = {
        shown.title(index): [explanation[item.index].output for item in classes]
        for index, explanation in enumerate(shown.explanations)
    }
    alternative = "; ".join(
        f"{title}: " + ", ".join(f"{name} {value:.1%}" for name, value in zip(names, values, strict=True))
        for title, values in outputs.items()
    )
    st.plotly_chart(side_by_side(names, outputs), key="compare.classes", config=charts.QUIET, alt=alternative)


def side_by_side(names: list[str], values: dict[str, list[float]]) -> go.Figure:
    """Show a number of each class under each of up to four models; patterns tell the models apart without colour."""
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
            text=[f"{number:.1%}" for number in numbers],
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"{title}, %{{y}}: %{{x:.2%}}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(tickformat=".0%", range=[0, 1.12 * max(map(max, values.values()))])
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    return charts.laid_out(figure, height=70 + len(names) * (14 + 16 * len(values)))
