"""The measures themselves: small functions of arrays, without models, so that they can be checked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]

CONFIDENT = 1.959963984540054  # standard errors: the two-sided 95 % interval of a normal distribution


def jaccard(a: Sequence[int], b: Sequence[int]) -> float:
    """Return the size of the intersection over that of the union; two empty sets agree (1)."""
    union = set(a) | set(b)
    return len(set(a) & set(b)) / len(union) if union else 1.0


def mean_pairwise_jaccard(sets: Sequence[Sequence[int]]) -> float:
    """Return the mean `jaccard` over all pairs of at least two sets."""
    return float(np.mean([jaccard(a, b) for a, b in combinations(sets, 2)]))


def strongest_positive(weights: Floats, k: int) -> tuple[int, ...]:
    """Return the at most `k` superpixels with the largest positive weight, strongest first."""
    order = np.argsort(-weights, kind="stable")[:k]
    return tuple(int(index) for index in order if weights[index] > 0)


def only(weights: Floats, kept: Sequence[int]) -> Floats:
    """Return `weights` with all but the superpixels `kept` set to 0."""
    result = np.zeros_like(weights)
    result[list(kept)] = weights[list(kept)]
    return result


def pointing_share(heat: Floats, inside: NDArray[np.bool_]) -> float:
    """Return the share of a map's positive weight that lies inside.

    A map without positive weight says nothing: it scores what an even map would, the share of the area.
    """
    positive = np.maximum(heat, 0.0)
    total = positive.sum()
    return float(positive[inside].sum() / total) if total > 0 else float(inside.mean())


def falling_order(weights: Floats) -> NDArray[np.int64]:
    """Return the superpixels from most for to most against the class; equal weights in order of their number."""
    return np.argsort(-weights, kind="stable")


def removal_masks(order: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return masks ``(S + 1, S)`` that hide whole superpixels one after the other, from none to all."""
    count = len(order)
    masks = np.ones((count + 1, count), np.uint8)
    for step, index in enumerate(order, start=1):
        masks[step:, index] = 0
    return masks


def area_under(x: Floats, y: Floats) -> float:
    """Return the area under the curve through the points, x rising, by the trapezoidal rule."""
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def covered(
    estimates: Floats, std_errors: Floats, truth: Floats, truth_errors: Floats | None = None
) -> NDArray[np.bool_]:
    """Say which 95 % intervals hold the truth, leaving out estimates without an error bar.

    Parameters
    ----------
    estimates, std_errors : ndarray, shape (S,)
        Estimates and their standard errors, NaN where there is none.
    truth : ndarray, shape (S,)
        What the estimates would become with many more samples.
    truth_errors : ndarray, shape (S,), optional
        Standard errors of `truth` where it is itself estimated; an interval is widened by as much.
    """
    width = std_errors if truth_errors is None else np.hypot(std_errors, truth_errors)
    known = np.isfinite(width)
    return np.abs(estimates - truth)[known] <= CONFIDENT * width[known]


def jointly_sure(estimates: Floats, std_errors: Floats) -> NDArray[np.bool_]:
    """Say which of S estimates differ from zero at 95 % confidence for all S together (Bonferroni).

    Estimates without an error bar are not doubted.
    """
    least = norm.isf(0.025 / len(estimates))
    return np.isnan(std_errors) | (np.abs(estimates) > least * np.where(np.isnan(std_errors), 0.0, std_errors))


def calls_needed(calls: Sequence[int], stability: Floats, wanted: float) -> float:
    """Return how many calls a rising curve of stability needs to reach a wanted one.

    Linear in the logarithm of the calls between the measured points. The curve is first made to never fall, since
    what falls between neighbouring points is noise. ``-inf`` if the first point is already there, ``inf`` if the last
    is not.
    """
    rising = np.maximum.accumulate(np.asarray(stability, dtype=np.float64))
    if rising[0] >= wanted:
        return float(calls[0]) if rising[0] == wanted else -np.inf
    if rising[-1] < wanted:
        return np.inf
    after = int(np.argmax(rising >= wanted))
    step = (wanted - rising[after - 1]) / (rising[after] - rising[after - 1])
    low, high = np.log2(calls[after - 1]), np.log2(calls[after])
    return float(2 ** (low + step * (high - low)))


def weighted_r2(values: Floats, predictions: Floats, weights: Floats) -> float:
    """Return the weighted share of the variance of `values` that `predictions` explain."""
    mean = np.average(values, weights=weights)
    return float(1 - weights @ (values - predictions) ** 2 / (weights @ (values - mean) ** 2))
