"""Figures that more than one screen shows: pure functions from an attribution, or its samples, to a Plotly figure."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

import lime_core as lc
from lime_core.colormaps import AGAINST, FOR, UNSIGNED
from lime_core.explanation.certainty import half_widths, jointly_sure
from lime_core.explanation.comparison import Difference
from lime_core.masks.kernels import distances

Floats = NDArray[np.float64]

NEUTRAL = "#7d8b99"
QUIET = {"displayModeBar": False}  # Plotly's own toolbar stays away
_MOST_BARS = 20


def css_color(color: tuple[int, int, int]) -> str:
    """Return a colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def class_outputs(attribution: lc.Attribution) -> go.Figure:
    """Show the model's outputs for the unmodified picture: one bar a class, and one for all the others."""
    names = [item.name for item in attribution.classes]
    values = [item.output for item in attribution.classes]
    rest = 1 - sum(values)
    are_probabilities = attribution.provenance.outputs_are == "probabilities"
    if are_probabilities and min(values) >= 0 and rest > 0:
        names, values = [*names, "all others"], [*values, rest]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker_color=[css_color(FOR)] * len(attribution.classes) + [NEUTRAL],
            text=[f"{value:.1%}" if are_probabilities else f"{value:.4g}" for value in values],
            textposition="auto",
            hovertemplate=f"%{{y}}: %{{x:{'.2%' if are_probabilities else '.4g'}}}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(tickformat=".0%" if are_probabilities else None, rangemode="tozero")
    return laid_out(figure, height=30 + 26 * len(names))


def kernel(neighborhood: lc.Neighborhood, spec: lc.ExplainSpec, mark: int | None = None) -> go.Figure:
    """Show the kernel over the samples' distances, how many samples lie there, and sample `mark`."""
    distance = distances(neighborhood.masks, neighborhood.energy, spec.distance)
    weight = spec.kernel.weights(distance)
    curve = np.linspace(0, max(1.0, float(distance.max())), 200)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.06)
    figure.add_scatter(
        x=curve, y=spec.kernel.weights(curve), mode="lines", name="kernel", line={"color": NEUTRAL}, row=1, col=1
    )
    figure.add_scatter(
        x=distance,
        y=weight,
        mode="markers",
        name="samples",
        marker={"color": css_color(FOR), "size": 6, "opacity": 0.4},
        hovertemplate="distance %{x:.3f}, weight %{y:.3f}<extra></extra>",
        row=1,
        col=1,
    )
    if mark is not None:
        look = {"color": css_color(AGAINST), "size": 15, "symbol": "diamond", "line": {"color": "white", "width": 1.5}}
        figure.add_scatter(
            x=distance[mark : mark + 1],
            y=weight[mark : mark + 1],
            mode="markers+text",
            marker=look,
            text=[f"sample {mark}"],
            textposition="top right",
            hovertemplate="this sample: distance %{x:.3f}, weight %{y:.3f}<extra></extra>",
            row=1,
            col=1,
        )
    figure.add_trace(go.Histogram(x=distance, nbinsx=40, marker_color=css_color(FOR), name="samples"), row=2, col=1)
    figure.update_yaxes(title="weight", range=[0, 1.05], row=1, col=1)
    figure.update_yaxes(title="samples", row=2, col=1)
    figure.update_xaxes(title="distance from the unmodified picture", row=2, col=1)
    return laid_out(figure, height=340)


def scores(attribution: lc.Attribution, index: int) -> go.Figure:
    """Show the strongest superpixels of a class, with their 95 % intervals where there are any."""
    title = f"score, {attribution.unit}" if attribution.signed else "importance"
    values, item, ids = attribution.scores(index), attribution[index], attribution.superpixel_ids
    if item.scores.ndim == 1:
        return _bars(ids, values, item.half_widths, item.sure, title, signed=attribution.signed)
    unknown = np.full(values.shape, np.nan)
    return _bars(ids, values, unknown, np.ones(values.shape, bool), title, signed=attribution.signed)


def contrast(difference: lc.Contrast | Difference, attribution: lc.Attribution) -> go.Figure:
    """Show which superpixels are evidence for the one class, or model, rather than the other, with 95 % intervals.

    `attribution` is one of those compared; it gives the unit and what the superpixels are called.
    """
    values, errors = difference.coefficients, difference.std_errors
    sure = jointly_sure(values, errors, None)
    title = f"difference, {attribution.unit}"
    return _bars(attribution.superpixel_ids, values, half_widths(errors, None), sure, title, signed=True)


def fit(answers: Floats, surrogate: Floats, weights: Floats, shown: NDArray[np.bool_], unit: str) -> go.Figure:
    """Put the surrogate's answer to each sample beside the model's; the larger a point, the more it counts.

    `shown` says for each sample whether the superpixel in question is shown: filled where it is, hollow where not.
    """
    figure = go.Figure()
    # Of many samples only the first are drawn; those that count may lie behind them.
    size = 4 + 12 * weights / max(float(weights.max()), np.finfo(float).tiny)
    for inside, name, symbol in ((True, "shown", "circle"), (False, "hidden", "circle-open")):
        rows = shown == inside
        figure.add_scatter(
            x=surrogate[rows],
            y=answers[rows],
            mode="markers",
            name=name,
            marker={
                "color": css_color(FOR if inside else AGAINST),
                "symbol": symbol,
                "size": size[rows],
                "opacity": 0.6,
            },
            hovertemplate="surrogate %{x:.3f}, model %{y:.3f}<extra></extra>",
        )
    ends = [float(min(answers.min(), surrogate.min())), float(max(answers.max(), surrogate.max()))]
    figure.add_scatter(x=ends, y=ends, mode="lines", name="perfect", line={"color": NEUTRAL, "dash": "dash"})
    figure.update_xaxes(title=f"surrogate, {unit}")
    figure.update_yaxes(title=f"model, {unit}")
    return laid_out(figure, height=400, legend=True)


def _bars(
    ids: NDArray[np.int64], values: Floats, widths: Floats, sure: NDArray[np.bool_], title: str, *, signed: bool
) -> go.Figure:
    order = np.argsort(-np.abs(values), kind="stable")
    order = order[values[order] != 0][:_MOST_BARS]
    chosen, error = values[order], widths[order]
    # An infinite error bar would squeeze the scores flat; three times the largest score still reaches past all of them.
    drawn = np.nan_to_num(error, posinf=3 * np.abs(chosen).max(initial=0.0))
    color = np.where(chosen > 0, css_color(FOR if signed else UNSIGNED), css_color(AGAINST))
    figure = go.Figure(
        go.Bar(
            x=[str(number) for number in ids[order]],
            y=chosen,
            marker={"color": color.tolist(), "opacity": np.where(sure[order], 1.0, 0.35).tolist()},
            error_y={"type": "data", "array": drawn.tolist(), "color": NEUTRAL, "thickness": 1.2},
            customdata=[f"{value:.4f}" if np.isfinite(value) else "unknown" for value in error],
            hovertemplate="superpixel %{x}: %{y:.4f} ± %{customdata}<extra></extra>",
        )
    )
    figure.update_xaxes(title="superpixel, strongest first", type="category")
    figure.update_yaxes(title=title, zeroline=True)
    return laid_out(figure, height=300)


def laid_out(figure: go.Figure, *, height: int, legend: bool = False, **layout: Any) -> go.Figure:
    """Return a figure with the size, margins and legend that all figures have."""
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.25, showlegend=legend, **layout
    )
    if legend:
        figure.update_layout(legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "traceorder": "normal"})
    return figure


def plain_text(text: str) -> str:
    """Return a text that Plotly shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
