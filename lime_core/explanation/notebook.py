"""A result as it shows itself in a notebook: a table of the strongest superpixels, with bars."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from lime_core.colormaps import AGAINST, FOR, UNSIGNED

STRONGEST = 5
_BAR = 140  # px of the longest bar


@dataclass(frozen=True, slots=True)
class Row:
    """One class of the table.

    Attributes
    ----------
    name : str
        The class; escaped, as is all text.
    output : float
        The model's output for the unmodified picture.
    verdict : str
        How far to believe it, in a word.
    strongest : sequence of (int, float)
        Superpixels with their scores, strongest first; empty where there are only pixels.
    """

    name: str
    output: float
    verdict: str
    strongest: Sequence[tuple[int, float]]


def table(heading: str, unit: str, rows: Sequence[Row], *, signed: bool) -> str:
    """Return an HTML fragment: each class with its output, its verdict and its strongest superpixels."""
    body = "".join(_row(row, signed) for row in rows)
    return (
        f"<div><p><strong>{html.escape(heading)}</strong></p><table><thead><tr><th>class</th><th>output</th>"
        f"<th>verdict</th><th>strongest superpixels, {html.escape(unit)}</th></tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(row: Row, signed: bool) -> str:
    largest = max((abs(score) for _, score in row.strongest), default=0.0) or 1.0
    bars = "".join(_bar(feature, score, largest, signed) for feature, score in row.strongest)
    return (
        f"<tr><td>{html.escape(row.name)}</td><td>{row.output:.3g}</td><td>{html.escape(row.verdict)}</td>"
        f"<td style='text-align:left'>{bars or 'scores of single pixels'}</td></tr>"
    )


def _bar(feature: int, score: float, largest: float, signed: bool) -> str:
    red, green, blue = (FOR if score > 0 else AGAINST) if signed else UNSIGNED
    width = max(1, round(_BAR * abs(score) / largest))
    return (
        f"<div><span style='display:inline-block;width:3em'>{feature}</span>"
        f"<span style='display:inline-block;height:.7em;width:{width}px;background:rgb({red},{green},{blue})'></span>"
        f" {score:+.3g}</div>"
    )
