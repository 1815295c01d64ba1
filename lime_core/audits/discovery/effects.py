"""What measured effects come to: a mean, its interval and its p."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.storage.findings import Experiment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_PICTURES: Final = 4
_EQUAL: Final = 1e-9  # standard errors below are rounding


def experiment(concept: Floats, random: Floats, unit: str) -> Experiment | None:
    """Return what paired effects, of a concept and of random superpixels, come to; None for too few pictures.

    Interval and p are those of Student's t for the mean of the differences.
    """
    differences = concept - random
    n = len(concept)
    if n < FEWEST_PICTURES:
        return None
    variance = float(differences.var(ddof=1)) / n
    return _from_t(float(concept.mean()), float(random.mean()), variance, n - 1, n, unit)


def unpaired(concept: Floats, random: Floats, unit: str) -> Experiment | None:
    """Return what effects of a concept and of the same places in other pictures come to; None for too few pictures.

    Interval and p are those of Welch's t for the difference of the means.
    """
    if min(len(concept), len(random)) < FEWEST_PICTURES:
        return None
    parts = [float(each.var(ddof=1)) / len(each) for each in (concept, random)]
    below = sum(part**2 / (len(each) - 1) for part, each in zip(parts, (concept, random), strict=True))
    freedom = sum(parts) ** 2 / below if below > 0 else min(len(concept), len(random)) - 1
    return _from_t(float(concept.mean()), float(random.mean()), sum(parts), freedom, len(concept), unit)


def _from_t(concept: float, random: float, variance: float, freedom: float, n: int, unit: str) -> Experiment:
    """Return an experiment whose mean difference has a variance, by Student's t.

    Where all differences are the same, as those of a model that answers 0 or 1, t knows no bound: p is then that of the
    sign test, 2 to the power of −n, and the interval reaches 0 where that is above 2.5 %.
    """
    from scipy import stats

    effect = concept - random
    if math.sqrt(variance) <= _EQUAL * max(1.0, abs(effect)):
        p = 0.5**n if effect > 0 else 1.0
        interval = (min(effect, 0.0), max(effect, 0.0)) if 0.5**n > 0.025 else (effect, effect)
    else:
        half = float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance)
        interval, p = (effect - half, effect + half), float(stats.t.sf(effect / math.sqrt(variance), freedom))
    return Experiment(effect, interval, concept, random, p, n, unit)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return adjusted p-values (Benjamini and Hochberg, J. R. Stat. Soc. B 1995)."""
    values = np.asarray(p, np.float64)
    order = np.argsort(values)[::-1]
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.minimum.accumulate(np.minimum(values[order] * len(values) / ranks, 1.0))
    result = np.empty_like(values)
    result[order] = adjusted
    return [float(value) for value in result]
