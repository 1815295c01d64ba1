"""Candidates for the project's own defaults, judged by the same measures, each against the present default."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import lime_core as lc
from tests.benchmarks.faithfulness import MEASURES, Scores
from tests.benchmarks.summary import bootstrap_mean

_NOW = lc.ExplainSpec()


def _slic(n_segments: int, compactness: float, sigma: float = 1.0) -> lc.ExplainSpec:
    return replace(_NOW, segmentation=lc.Slic(n_segments, compactness, sigma))


_CUTS = {
    "slic 40": lc.Slic(40, 20),
    "slic 60": lc.Slic(60, 20),
    "slic 50, compactness 30": lc.Slic(50, 30),
    "quickshift": lc.Quickshift(),
    "grid 7×7": lc.Grid(7, 7),
}

# One knob at a time, from the present default, and two where the first helps. From "no kernel" on they differ in the
# fit only and cost no model call.
CANDIDATES: dict[str, lc.ExplainSpec] = {
    "default": _NOW,
    **{f"slic {n}, compactness {c}": _slic(n, c) for n in (40, 50, 60, 80) for c in (10, 20, 30)},
    "slic 50, sigma 0": _slic(50, 20, 0.0),
    "grid 7×7": replace(_NOW, segmentation=lc.Grid(7, 7)),
    "quickshift 4/200/0.2": replace(_NOW, segmentation=lc.Quickshift(), resolution="model"),
    "felzenszwalb": replace(_NOW, segmentation=lc.Felzenszwalb()),
    "watershed": replace(_NOW, segmentation=lc.Watershed()),
    **{
        f"fill {fill}": replace(_NOW, fill=fill)
        for fill in ("image_mean", "grey", "black", "segment_mean", "inpaint", "noise")
    },
    **{f"fill blur {sigma}": replace(_NOW, fill="blur", fill_blur_sigma=sigma) for sigma in (6, 20, 40)},
    **{f"fill image_mean, {name}": replace(_NOW, fill="image_mean", segmentation=cut) for name, cut in _CUTS.items()},
    "no kernel": replace(_NOW, kernel="none"),
    **{f"kernel gaussian {w}": replace(_NOW, kernel="gaussian", kernel_width=w) for w in (0.15, 0.25, 0.5)},
    "kernel lime 0.15": replace(_NOW, kernel_width=0.15),
    "log-odds": replace(_NOW, target="log_odds"),
    "log-odds, no kernel": replace(_NOW, target="log_odds", kernel="none"),
    "lasso 0.001": replace(_NOW, surrogate="lasso", alpha=0.001),
    "ridge 0.01": replace(_NOW, alpha=0.01),
    "ten strongest only": replace(_NOW, selection="highest_weights", max_features=10),
    "shows unsure ones too": replace(_NOW, hide_unsure=False),
}


# Besides the pointing game of the view.
COLUMNS = {
    "pointing_positive": "all positive",
    "pointing_joint": "jointly sure",
    "pointing_top": "top five",
    "pointing_top_three": "top three",
    **{name: title for name, title in MEASURES.items() if not name.startswith("pointing")},
}


HEADER = ("candidate", "superpixels", "view", "less that of the first", *COLUMNS.values())


def cells(one: Scores, first: Scores) -> list[str]:
    """Return a candidate's row under `HEADER`: its means, and how much its view's pointing game differs from the first.

    The difference is taken collage by collage, which takes out what makes some collages harder for all.
    """
    difference = bootstrap_mean(np.subtract(one.pointing_view, first.pointing_view))
    signed = f"{difference.value:+.3f} [{difference.low:+.3f}, {difference.high:+.3f}]" if difference.count else "—"
    view, *others = (_mean(one, measure) for measure in ("pointing_view", *COLUMNS))
    return [one.name, f"{np.mean(one.superpixels):.0f}", view, signed, *others]


def _mean(one: Scores, measure: str) -> str:
    value = one.interval(measure).value
    return "—" if np.isnan(value) else f"{value:.3f}"
