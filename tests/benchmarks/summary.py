"""Numbers with their uncertainty: bootstrap intervals over pictures, medians with the spread over runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A statistic over `count` units with its 95 % bootstrap interval; all NaN where there is nothing to measure."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        if self.count == 0 or np.isnan(self.value):
            return "—"
        return f"{_number(self.value)} [{_number(self.low)}, {_number(self.high)}]"


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of several runs."""

    median: float
    least: float
    most: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise the values of the runs."""
        return cls(float(np.median(values)), float(min(values)), float(max(values)), len(values))

    def text(self, unit: str = "", digits: int = 3) -> str:
        """Return median and range with a unit, such as ``2.71 s (2.65–2.90)``."""
        shown = [f"{value:.{digits}g}" for value in (self.median, self.least, self.most)]
        return f"{shown[0]}{unit}" + (f" ({shown[1]}–{shown[2]})" if self.runs > 1 else "")


def bootstrap(statistic: Callable[[NDArray[np.int64]], float], count: int, *, seed: int = 0) -> Interval:
    """Return a statistic of `count` units with its percentile bootstrap interval.

    Parameters
    ----------
    statistic : callable
        Maps indices of units ``(count,)``, some repeated and some missing, to a number.
    count : int
        Number of units: pictures, or collages. Maps of one collage are not independent, so collages are drawn whole.
    seed : int
        Of the resampling.
    """
    if count == 0:
        return Interval(np.nan, np.nan, np.nan, 0)
    random = np.random.default_rng(seed)
    draws = [statistic(random.integers(0, count, count)) for _ in range(RESAMPLES)]
    # 'nearest' instead of interpolation keeps infinite draws (a curve that is never reached) from becoming NaN.
    low, high = np.quantile(draws, [0.025, 0.975], method="nearest")
    return Interval(float(statistic(np.arange(count))), float(low), float(high), count)


def bootstrap_mean(values: Sequence[float]) -> Interval:
    """Return the mean of one value a unit with its interval; units without a value (NaN) are left out."""
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    return bootstrap(lambda rows: float(known[rows].mean()), len(known))


def to_plain(value: object) -> object:
    """Return JSON-ready values: dataclasses as dictionaries, paths as text, NaN and infinity as null."""
    if is_dataclass(value):
        return {part.name: to_plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return to_plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2f}"
