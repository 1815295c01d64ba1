"""Figures: pure functions from an explanation, or its samples, to a Plotly figure."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

import lime_core as lc
from lime_core.explanation.explanation import CONFIDENT
from lime_core.masks.kernels import distances, kernel_weights
from lime_core.colormaps import AGAINST, FOR, UNSIGNED

_NEUTRAL = "#7d8b99"
_MOST_BARS = 20


def _hex(color: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def probabilities(explanation: lc.Explanation) -> go.Figure:
    """Show the model's answer for the untouched picture: one bar a class, and one for all the others."""
    names = [explained.name for explained in explanation.classes]
    values = [explained.probability for explained in explanation.classes]
    rest = 1 - sum(values)
    if min(values) >= 0 and rest > 0:
        names, values = [*names, "all others"], [*values, rest]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=names,
            orientation="h",
            marker_color=[_hex(FOR)] * len(explanation.classes) + [_NEUTRAL],
            text=[f"{value:.1%}" for value in values],
            textposition="auto",
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    return _laid_out(figure, height=30 + 26 * len(names))


def kernel(neighborhood: lc.Neighborhood, spec: lc.ExplainSpec, mark: int | None = None) -> go.Figure:
    """Show the kernel over the distances that the samples really have, how many lie there, and sample `mark`."""
    distance = distances(neighborhood.masks, neighborhood.energy, spec.distance)
    curve = np.linspace(0, max(1.0, float(distance.max())), 200)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.6, 0.4], vertical_spacing=0.06)
    weights = kernel_weights(curve, spec.kernel, spec.kernel_width)
    line = go.Scatter(x=curve, y=weights, mode="lines", name="kernel", line={"color": _NEUTRAL})
    own = go.Scatter(
        x=distance,
        y=kernel_weights(distance, spec.kernel, spec.kernel_width),
        mode="markers",
        name="samples",
        marker={"color": _hex(FOR), "size": 6, "opacity": 0.4},
        hovertemplate="distance %{x:.3f}, weight %{y:.3f}<extra></extra>",
    )
    figure.add_traces([line, own], rows=[1, 1], cols=[1, 1])
    if mark is not None:
        look = {"color": _hex(AGAINST), "size": 15, "symbol": "diamond", "line": {"color": "white", "width": 1.5}}
        one = go.Scatter(
            x=own.x[mark : mark + 1],
            y=own.y[mark : mark + 1],
            mode="markers+text",
            marker=look,
            text=[f"sample {mark}"],
            textposition="top right",
            hovertemplate="this sample: distance %{x:.3f}, weight %{y:.3f}<extra></extra>",
        )
        figure.add_trace(one, row=1, col=1)
    figure.add_trace(go.Histogram(x=distance, nbinsx=40, marker_color=_hex(FOR), name="samples"), row=2, col=1)
    figure.update_yaxes(title="weight", range=[0, 1.05], row=1, col=1)
    figure.update_yaxes(title="samples", row=2, col=1)
    figure.update_xaxes(title="distance from the original picture", row=2, col=1)
    return _laid_out(figure, height=340)


def coefficients(explanation: lc.Explanation, explained: lc.ClassExplanation) -> go.Figure:
    """Show the strongest superpixels of a class with their 95 % intervals."""
    title = f"weight, {explanation.spec.unit}" if explanation.signed else "importance"
    return _bars(explained.coefficients, explained.std_errors, title, signed=explanation.signed)


def contrast(difference: lc.Contrast, unit: str) -> go.Figure:
    """Show which superpixels speak for the one class rather than the other, with 95 % intervals."""
    return _bars(difference.coefficients, difference.std_errors, f"difference, {unit}", signed=True)


def answers(names: list[str], before: list[float], model: list[float], surrogate: list[float] | None) -> go.Figure:
    """Compare the model's answer with superpixels hidden by hand to what the surrogate expects."""
    figure = go.Figure()
    figure.add_bar(y=names, x=before, name="model, whole picture", orientation="h", marker_color=_NEUTRAL)
    figure.add_bar(y=names, x=model, name="model, now", orientation="h", marker_color=_hex(FOR))
    if surrogate is not None:
        figure.add_bar(y=names, x=surrogate, name="surrogate, now", orientation="h", marker_color=_hex(UNSIGNED))
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(title="output")
    figure.update_layout(
        barmode="group",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "traceorder": "normal"},
    )
    return _laid_out(figure, height=90 + 40 * len(names))


def fit(answers: np.ndarray, surrogate: np.ndarray, weights: np.ndarray, shown: np.ndarray, unit: str) -> go.Figure:
    """Put the surrogate's answer to each sample beside the model's; the larger a point, the more it counts.

    `shown` says for each sample whether the superpixel in question is shown: filled where it is, hollow where not.
    """
    figure = go.Figure()
    size = 4 + 12 * weights / weights.max()
    for inside, name, symbol in ((True, "shown", "circle"), (False, "hidden", "circle-open")):
        rows = shown == inside
        figure.add_scatter(
            x=surrogate[rows],
            y=answers[rows],
            mode="markers",
            name=name,
            marker={"color": _hex(FOR if inside else AGAINST), "symbol": symbol, "size": size[rows], "opacity": 0.6},
            hovertemplate="surrogate %{x:.3f}, model %{y:.3f}<extra></extra>",
        )
    ends = [float(min(answers.min(), surrogate.min())), float(max(answers.max(), surrogate.max()))]
    figure.add_scatter(x=ends, y=ends, mode="lines", name="perfect", line={"color": _NEUTRAL, "dash": "dash"})
    figure.update_xaxes(title=f"the surrogate says, {unit}")
    figure.update_yaxes(title=f"the model says, {unit}")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"})
    return _laid_out(figure, height=400)


def side_by_side(names: list[str], values: dict[str, list[float]]) -> go.Figure:
    """Show a number of each class under each of up to four models; patterns tell the models apart without colour."""
    looks = ((_hex(FOR), ""), (_hex(UNSIGNED), "/"), (_NEUTRAL, "x"), (_hex(AGAINST), "."))
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
    return _laid_out(figure, height=70 + len(names) * (14 + 16 * len(values)))


def _bars(values: np.ndarray, errors: np.ndarray, title: str, *, signed: bool) -> go.Figure:
    order = np.argsort(-np.abs(values), kind="stable")
    order = order[values[order] != 0][:_MOST_BARS]
    chosen, error = values[order], CONFIDENT * errors[order]
    sure = np.isnan(error) | (np.abs(chosen) > error)
    # A bar without end would leave no room for the coefficients; three times the largest still says "anything".
    drawn = np.nan_to_num(error, posinf=3 * np.abs(chosen).max(initial=0.0))
    color = np.where(chosen > 0, _hex(FOR if signed else UNSIGNED), _hex(AGAINST))
    figure = go.Figure(
        go.Bar(
            x=[f"{superpixel}" for superpixel in order],
            y=chosen,
            marker={
                "color": color.tolist(),
                "opacity": np.where(sure, 1.0, 0.35).tolist(),
            },
            error_y={"type": "data", "array": drawn.tolist(), "color": _NEUTRAL, "thickness": 1.2},
            customdata=[f"{one:.4f}" if np.isfinite(one) else "unknown" for one in error],
            hovertemplate="superpixel %{x}: %{y:.4f} ± %{customdata}<extra></extra>",
        )
    )
    figure.update_xaxes(title="superpixel, strongest first", type="category")
    figure.update_yaxes(title=title, zeroline=True)
    return _laid_out(figure, height=300)


def _laid_out(figure: go.Figure, *, height: int) -> go.Figure:
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.25)
    if figure.layout.showlegend is None:
        figure.update_layout(showlegend=False)
    return figure
