"""Figures of trials: pure functions from a trial's result to a Plotly figure. Band and grey are chance."""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from lime_core.colormaps import AGAINST, FOR, UNSIGNED
from lime_core.trials import RealityCheck, Repeat, SanityCheck
from pages.widgets.charts import NEUTRAL, css_color

Floats = NDArray[np.float64]

_BAND = "rgba(125, 139, 153, 0.3)"
_MOST_BARS = 12


def reality(check: RealityCheck, unmodified: float) -> go.Figure:
    """Show both answers of the model beside the surrogate's and those for as many superpixels drawn at random.

    Parameters
    ----------
    check : RealityCheck
        Its surrogate answers are left out where they are NaN.
    unmodified : float
        The model's output for the unmodified picture.
    """
    rows, answers = ["only they<br>are shown", "they are<br>hidden"], (check.kept, check.removed)
    figure = go.Figure()
    figure.add_bar(
        y=rows,
        x=[answer.random_high - answer.random_low for answer in answers],
        base=[answer.random_low for answer in answers],
        orientation="h",
        width=0.55,
        marker={"color": _BAND},
        name="random, 5–95 %",
        customdata=[[answer.random_low, answer.random_mean, answer.random_high] for answer in answers],
        hovertemplate="random: %{customdata[0]:.3f} … %{customdata[2]:.3f}, mean %{customdata[1]:.3f}<extra></extra>",
    )
    _points(figure, rows, [answer.random_mean for answer in answers], "random, mean", NEUTRAL, "line-ns-open", 22)
    _points(figure, rows, [answer.surrogate for answer in answers], "surrogate", css_color(UNSIGNED), "diamond", 13)
    _points(figure, rows, [answer.model for answer in answers], "model", css_color(FOR), "circle", 15)
    figure.add_vline(x=unmodified, line={"color": NEUTRAL, "dash": "dot"})
    figure.add_annotation(
        x=unmodified, y=1.06, yref="paper", text="whole picture", showarrow=False, font={"color": NEUTRAL}
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="model's output")
    return _laid_out(figure, height=320, legend=True)


def _points(
    figure: go.Figure, rows: list[str], values: list[float], name: str, color: str, symbol: str, size: int
) -> None:
    if any(math.isnan(value) for value in values):
        return
    marker = {"color": color, "symbol": symbol, "size": size, "line": {"width": 2, "color": color}}
    figure.add_scatter(
        y=rows,
        x=values,
        mode="markers",
        name=name,
        marker=marker,
        hovertemplate=f"{name}: %{{x:.3f}}<extra></extra>",
    )


def curve(share: Floats, values: Floats, low: Floats, high: Floats, *, inserting: bool) -> go.Figure:
    """Show how the model's answer falls, or rises, over the band of random orders.

    Parameters
    ----------
    share, values, low, high : ndarray of float64, shape (T,)
        Share of the superpixels deleted or inserted, the model's answers, and 5 % and 95 % of random orders.
    inserting : bool
        Insertion rather than deletion.
    """
    color = css_color(FOR if inserting else AGAINST)
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    figure = go.Figure()
    figure.add_scatter(x=share, y=low, showlegend=False, **band)
    figure.add_scatter(x=share, y=high, fill="tonexty", fillcolor=_BAND, name="random order, 5–95 %", **band)
    figure.add_scatter(
        x=share,
        y=values,
        mode="lines+markers",
        line={"color": color, "width": 2.5},
        marker={"size": 5, "symbol": "circle" if inserting else "square"},
        name="strongest first",
        hovertemplate="%{x:.0%}: %{y:.3f}<extra></extra>",
    )
    figure.update_xaxes(title=f"superpixels {'inserted' if inserting else 'deleted'}", tickformat=".0%")
    figure.update_yaxes(title="model's output", rangemode="tozero")
    return _laid_out(figure, height=320, legend=True)


def spread(repeated: Repeat, unit: str, ids: NDArray[np.int64]) -> go.Figure:
    """Show the superpixels that any run names, with the standard deviation between the runs; `ids` are their names."""
    named = sorted({feature for top in repeated.top for feature in top}, key=lambda f: -abs(repeated.mean[f]))
    named = named[:_MOST_BARS]
    runs = [sum(feature in top for top in repeated.top) for feature in named]
    figure = go.Figure(
        go.Bar(
            x=[str(ids[feature]) for feature in named],
            y=repeated.mean[named],
            error_y={"type": "data", "array": repeated.spread[named], "color": NEUTRAL, "thickness": 1.5},
            marker={
                "color": [css_color(FOR if repeated.mean[feature] > 0 else AGAINST) for feature in named],
                "opacity": [0.35 + 0.65 * count / len(repeated.top) for count in runs],
            },
            text=[f"{count}/{len(repeated.top)}" for count in runs],
            textposition="inside",
            insidetextanchor="start",
            hovertemplate="superpixel %{x}: %{y:.4f} ± %{error_y.array:.4f}, in %{text} runs<extra></extra>",
        )
    )
    figure.update_xaxes(title="superpixel named by any run", type="category")
    figure.update_yaxes(title=f"mean score, {unit}")
    return _laid_out(figure, height=300, legend=False)


def randomised(check: SanityCheck) -> go.Figure:
    """Show how the explanation departs from the trained model's as layers are randomised."""
    labels = ["none", *(str(stage.layers) for stage in check.steps)]
    figure = go.Figure()
    figure.add_hrect(y0=-0.5, y1=0.5, fillcolor=_BAND, line_width=0)
    for name, values, color, symbol in (
        ("rank correlation", [1.0, *(stage.agreement for stage in check.steps)], css_color(FOR), "circle"),
        ("same strongest (Jaccard)", [1.0, *(stage.jaccard for stage in check.steps)], css_color(UNSIGNED), "diamond"),
    ):
        figure.add_scatter(
            x=labels,
            y=values,
            mode="lines+markers",
            name=name,
            line={"color": color, "width": 2.5},
            marker={"symbol": symbol, "size": 10},
            hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
        )
    figure.update_xaxes(title="randomised layers, from the output down", type="category")
    figure.update_yaxes(title="agreement with the trained model", range=[-1.05, 1.05])
    return _laid_out(figure, height=320, legend=True)


def _laid_out(figure: go.Figure, *, height: int, legend: bool) -> go.Figure:
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 88 if legend else 8},
        bargap=0.25,
        showlegend=legend,
        # At the bottom of the figure, not of the axes: on a phone it takes two lines.
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "traceorder": "normal"},
    )
