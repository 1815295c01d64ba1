"""Superpixels that act together: what a sum of superpixels cannot say, from the samples of the fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from lime_core.explanation.verdict import Interaction
from lime_core.methods.lime.error_bars import sandwich
from lime_core.surrogates.problem import Problem

Floats = NDArray[np.float64]

_PROMISING = 3.5  # plain least squares t: a pair below it is no better than the best of many by chance
MOST_SEARCHED = 256  # superpixels: with more there are too many pairs to find one among the samples


class Design:
    """Masks and weights of a fit, with what all classes share of the search for pairs.

    Attributes
    ----------
    masks, centred : ndarray of float64, shape (N, S)
        1 = shown, 0 = hidden; and the same about their weighted means.
    weights : ndarray of float64, shape (N,)
        Kernel weights.
    pair_spread : ndarray of float64, shape (S, S)
        Weighted sum of squares of each product of two centred columns; infinite where it is zero.
    """

    def __init__(self, masks: Floats, weights: Floats) -> None:
        self.masks, self.weights = masks, weights
        self.centred = masks - np.average(masks, axis=0, weights=weights)
        # Rounding would leave a constant column about 1e-16 wide, and its products could rank first.
        self.centred[:, np.ptp(masks, axis=0) == 0] = 0.0
        squares = self.centred**2
        spread = squares.T @ (squares * weights[:, None])
        self.pair_spread = np.where(spread > 0, spread, np.inf)
        gram = self.centred.T @ (self.centred * weights[:, None])
        # A trace of a ridge keeps columns that never vary from breaking the inverse.
        self._inverse = np.linalg.inv(gram + (1e-12 * np.trace(gram) + 1e-300) * np.eye(len(gram)))

    def without_linear_part(self, values: Floats) -> Floats:
        """Return what a weighted linear fit of the masks leaves of `values`, both float64 ``(N,)``."""
        centred = values - np.average(values, weights=self.weights)
        slope = self._inverse @ (self.centred.T @ (self.weights * centred))
        left: Floats = centred - self.centred @ slope
        return left


def nonlinear_share(targets: Floats, pairs: NDArray[np.int32]) -> float:
    """Return the share of variance that no linear surrogate can explain; NaN without complementary pairs.

    A linear function of the mask takes opposite deviations for a mask and its complement, so what a pair has in
    common beyond the mean of all pairs (the even part) is out of its reach.
    """
    _, starts, sizes = np.unique(pairs, return_index=True, return_counts=True)
    first = starts[sizes == 2]
    if len(first) < 2:
        return math.nan
    even = (targets[first] + targets[first + 1]) / 2
    odd = (targets[first] - targets[first + 1]) / 2
    total = float(even.var() + (odd**2).mean())
    return float(even.var() / total) if total > 0 else math.nan


def strongest_interaction(problem: Problem, design: Design, row: int, residuals: Floats) -> Interaction | None:
    """Return the pair of superpixels whose product explains most of what the surrogate leaves, or None.

    All pairs are ranked at once by the weighted correlation of their product with the residuals; the first is then
    fitted beside the linear part (Frisch, Waugh and Lovell). Its error is the robust one of the coefficients, clustered
    by pair of samples, and its chance is multiplied by the number of pairs of superpixels (Bonferroni). A pair whose
    plain least squares t is small is not tested further: its chance is 1.

    Parameters
    ----------
    problem : Problem
        The regression.
    design : Design
        What all its classes share of the search.
    row : int
        Which class of the problem.
    residuals : ndarray of float64, shape (N,)
        What the surrogate leaves of its target.

    Returns
    -------
    interaction : Interaction or None
        None where no product varies.
    """
    superpixels = problem.masks.shape[1]
    moments = design.centred.T @ (design.centred * (design.weights * residuals)[:, None])
    score = np.triu(moments**2 / design.pair_spread, k=1)
    a, b = (int(index) for index in np.unravel_index(np.argmax(score), score.shape))

    targets = problem.targets[:, row]
    both = design.masks[:, a] * design.masks[:, b]
    product = design.without_linear_part(both)
    target = design.without_linear_part(targets)
    power = float(design.weights @ product**2)
    if power <= 1e-9 * float(design.weights.sum()):
        return None
    effect = float(design.weights @ (product * target)) / power
    left = target - effect * product
    remaining = max(float(design.weights @ left**2), 1e-300)
    deviation = targets - np.average(targets, weights=design.weights)
    degrees = max(len(design.masks) - superpixels - 2, 1)
    t, chance = min(abs(effect) * math.sqrt(power * degrees / remaining), 1e6), 1.0
    if t > _PROMISING:
        t, chance = _test_of_last_column(problem, both, effect, left)
    return Interaction(
        a=a,
        b=b,
        effect=effect,
        r2=1 - remaining / float(design.weights @ deviation**2),
        t=t,
        chance=min(1.0, chance * superpixels * (superpixels - 1) / 2),
    )


def _test_of_last_column(problem: Problem, column: Floats, effect: float, residuals: Floats) -> tuple[float, float]:
    """Return t and the two-sided chance of a column's effect beside all superpixels; (0, 1) with too few samples."""
    pairs = len(problem.pair_starts())
    wider = replace(problem, masks=np.column_stack([problem.masks, column]))
    if pairs <= wider.masks.shape[1] + 1:
        return 0.0, 1.0
    shared = sandwich(wider, np.arange(wider.masks.shape[1]), 0.0)
    error = math.sqrt(float((shared.influence(residuals)[:, -1] ** 2).sum()))
    t = min(abs(effect) / max(error, 1e-300), 1e6)
    return t, float(2 * stdtr(shared.degrees[-1], -t))
