"""Numbers with the error that the seeds leave, and which of them are the best or tied with the best."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

Better = Literal["highest", "lowest"]

# float32 outputs of the same mask differ by rounding from batch to batch.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Measured:
    """A number that a method was given, with its uncertainty.

    Attributes
    ----------
    value : float
        Mean over the method's seeds; NaN where there is nothing to measure.
    std_error : float
        Standard error of that mean; 0 for a method that draws nothing at random, NaN where it is unknown.
    values : tuple of float
        One a seed, in the order of the seeds; one in all for a method that draws nothing at random.
    """

    value: float
    std_error: float
    values: tuple[float, ...]

    @classmethod
    def over_seeds(cls, values: Sequence[float], *, random: bool) -> Measured:
        """Summarise one value a seed; `random` says whether the method draws anything at random."""
        error = 0.0 if not random else math.nan
        if len(values) > 1:
            error = float(np.std(values, ddof=1) / math.sqrt(len(values)))
        return cls(float(np.mean(values)), error, tuple(map(float, values)))

    @classmethod
    def over_pairs(cls, agreement: Callable[[int, int], float], seeds: int) -> Measured:
        """Summarise an agreement between every two of several seeds; the standard error is the jackknife's [1]_.

        The values are the jackknife's pseudo-values: their mean is the mean over all pairs. With two seeds there is
        one pair, and no error is known.

        References
        ----------
        .. [1] Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9, 1981.
        """
        pairs = {pair: agreement(*pair) for pair in itertools.combinations(range(seeds), 2)}
        if not pairs:
            return cls(math.nan, math.nan, ())
        mean = float(np.mean(list(pairs.values())))
        if seeds == 2:
            return cls(mean, math.nan, (mean,))
        without = [np.mean([value for pair, value in pairs.items() if seed not in pair]) for seed in range(seeds)]
        pseudo_values = [seeds * mean - (seeds - 1) * float(rest) for rest in without]
        return cls(mean, cls.over_seeds(pseudo_values, random=True).std_error, tuple(pseudo_values))


def best_of(measured: Mapping[str, Measured], better: Better) -> tuple[str, ...]:
    """Return the name of the best value, and behind it those tied with the best; NaN takes no part.

    Two values are tied when they differ by no more than half the 95 % interval of their difference, by Student's
    distribution. The difference is taken seed by seed, because methods that make use of the same answers err alike.
    Where an error is unknown, as with a single seed, only equal values are tied.
    """
    ranked = {name: item for name, item in measured.items() if not math.isnan(item.value)}
    if not ranked:
        return ()
    sign = -1 if better == "highest" else 1
    order = sorted(ranked, key=lambda name: sign * ranked[name].value)
    best = ranked[order[0]]
    return (order[0], *(name for name in order[1:] if _tied(best, ranked[name])))


def _tied(one: Measured, other: Measured) -> bool:
    difference = abs(one.value - other.value)
    if difference <= _ROUNDING * max(1.0, abs(one.value), abs(other.value)):
        return True
    if math.isnan(one.std_error) or math.isnan(other.std_error):
        return False
    # A single value, of a method that draws nothing at random, stands against each of the other's.
    differences = np.subtract(one.values, other.values)
    if len(differences) == 1:
        return False
    error = differences.std(ddof=1) / math.sqrt(len(differences))
    return bool(difference <= stdtrit(len(differences) - 1, 0.975) * error)
