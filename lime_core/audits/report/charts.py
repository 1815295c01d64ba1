"""The geometry of the report's charts: what the templates draw as SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lime_core.explanation.verdict import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lime_core.audits.storage.findings import Experiment, Representative

MOST_POINTS: Final = 20_000
# One mark a verdict, as the end of an SVG path that has moved to the point: a dot, a square, a triangle and a cross, so
# that colour is not all that tells them apart.
_MARKS: Final = {"solid": "h0", "usable": "h0", "doubtful": "m0-3l3 6h-6z", "meaningless": "m-3-3l6 6m0-6l-6 6"}


@dataclass(frozen=True, slots=True)
class Bar:
    """An effect and its interval on an axis of `Bar.width`, in units of the drawing.

    Attributes
    ----------
    low, high, effect, zero, random : float
        Positions from the left; `random` is that of the effect of random superpixels.
    """

    low: float
    high: float
    effect: float
    zero: float
    random: float

    width = 220


def interval_bars(experiments: Sequence[Experiment]) -> list[Bar]:
    """Return bars on one axis, so that they can be compared; it spans all of them and zero."""
    ends = [0.0]
    for item in experiments:
        ends += [value for value in (*item.interval, item.effect, item.random_effect) if math.isfinite(value)]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        share = 0.5 if math.isnan(value) else (min(max(value, low), high) - low) / span
        return round(6 + share * (Bar.width - 12), 1)

    return [
        Bar(
            place(item.interval[0]),
            place(item.interval[1]),
            place(item.effect),
            place(0.0),
            place(item.random_effect),
        )
        for item in experiments
    ]


@dataclass(frozen=True, slots=True)
class CoverageChart:
    """Coverage by number of pictures: SVG point lists on a drawing of 300×140, from (0, 0) at the top left."""

    picked: str
    random: str
    band: str
    count: int


def coverage_chart(found: Representative) -> CoverageChart:
    """Return the lines of the pick and of random picks, and the band of the latter."""
    count = len(found.coverage)

    def point(position: int, value: float) -> str:
        return f"{round(300 * (position + 1) / count, 1):g},{round(140 * (1 - value), 1):g}"

    def line(values: Sequence[float], *, backwards: bool = False) -> str:
        points = ["0,140", *(point(position, value) for position, value in enumerate(values))]
        return " ".join(reversed(points) if backwards else points)

    means, lows, highs = [[row[part] for row in found.random_coverage] for part in range(3)] if count else ([], [], [])
    return CoverageChart(
        picked=line(found.coverage),
        random=line(means),
        band=f"{line(lows)} {line(highs, backwards=True)}",
        count=count,
    )


@dataclass(frozen=True, slots=True)
class Points:
    """The pictures of one verdict: an SVG path on a drawing of 400×280, its mark at the origin, and their number."""

    level: str
    path: str
    mark: str
    count: int


def scatter(rows: Sequence[dict[str, Any]]) -> tuple[list[Points], int]:
    """Return points of probability across against held-out R² upwards, both 0..1, and how many are left out.

    R² below 0 is drawn at 0. Left out are pictures without R², and beyond `MOST_POINTS` evenly many of all.
    """
    there = [row for row in rows if row["r2_holdout"] is not None and math.isfinite(row["r2_holdout"])]
    step = max(math.ceil(len(there) / MOST_POINTS), 1)
    drawn = there[::step]
    paths: dict[str, list[str]] = {level: [] for level in LEVELS}
    for row in drawn:
        x, y = 400 * _within(row["probability"]), 280 * (1 - _within(row["r2_holdout"]))
        if row["level"] in paths:
            paths[row["level"]].append(f"M{x:.0f} {y:.0f}{_MARKS[row['level']]}")
    points = [
        Points(level, "".join(parts), f"M0 0{_MARKS[level]}", len(parts)) for level, parts in paths.items() if parts
    ]
    return points, len(rows) - sum(each.count for each in points)


def _within(value: float) -> float:
    return min(max(value, 0.0), 1.0)
