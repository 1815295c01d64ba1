"""A result as it shows itself in a notebook: a table of the strongest superpixels, with bars."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from lime_core.colormaps import AGAINST, FOR, UNSIGNED

if TYPE_CHECKING:
    from lime_core.explanation.attribution import Attribution, ClassAttribution

_STRONGEST = 5
_BAR = 140  # px of the longest bar


def as_html(attribution: Attribution) -> str:
    """Return an HTML fragment: each class with its output, its verdict and its strongest superpixels."""
    about = attribution.provenance
    heading = f"{about.model}, method {attribution.method}, {attribution.calls:,} model calls"
    rows = "".join(_class(attribution, item) for item in attribution.classes)
    return (
        f"<div><p><strong>{html.escape(heading)}</strong></p><table><thead><tr><th>class</th><th>output</th>"
        f"<th>verdict</th><th>strongest superpixels, {html.escape(attribution.unit)}</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _class(attribution: Attribution, item: ClassAttribution) -> str:
    verdict = item.verdict.level if item.verdict is not None else "not judged"
    if attribution.segments is None:
        strongest = "scores of single pixels"
    else:
        scores = attribution.scores(item.index)
        largest = float(np.abs(scores).max(initial=0.0)) or 1.0
        features = attribution.top_features(item.index, _STRONGEST, "both")
        strongest = "".join(_bar(feature, float(scores[feature]), largest, attribution) for feature in features)
    return (
        f"<tr><td>{html.escape(item.name)}</td><td>{item.output:.3g}</td><td>{html.escape(verdict)}</td>"
        f"<td style='text-align:left'>{strongest}</td></tr>"
    )


def _bar(feature: int, score: float, largest: float, attribution: Attribution) -> str:
    red, green, blue = (FOR if score > 0 else AGAINST) if attribution.signed else UNSIGNED
    width = max(1, round(_BAR * abs(score) / largest))
    return (
        f"<div><span style='display:inline-block;width:3em'>{feature}</span>"
        f"<span style='display:inline-block;height:.7em;width:{width}px;background:rgb({red},{green},{blue})'></span>"
        f" {score:+.3g}</div>"
    )
