"""Superpixels that act together: what a sum of superpixels cannot say, from the samples of the fit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from lime_core.explanation.verdict import Pair

Floats = NDArray[np.float64]


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


def strongest_pair(design: Design, targets: Floats, residuals: Floats) -> Pair | None:
    """Return the pair of superpixels whose product explains most of what the surrogate leaves, or None.

    All pairs are ranked at once by the weighted correlation of their product with the residuals; the first is
    then fitted exactly, beside the linear part (Frisch, Waugh and Lovell).

    Parameters
    ----------
    design : Design
        Masks and weights of the fit.
    targets, residuals : ndarray of float64, shape (N,)
        What was fitted, and what is left of it.
    """
    moments = design.centred.T @ (design.centred * (design.weights * residuals)[:, None])
    score = np.triu(moments**2 / design.pair_spread, k=1)
    a, b = (int(index) for index in np.unravel_index(np.argmax(score), score.shape))

    product = design.without_linear_part(design.masks[:, a] * design.masks[:, b])
    target = design.without_linear_part(targets)
    power = float(design.weights @ product**2)
    if power <= 1e-9 * float(design.weights.sum()):
        return None
    effect = float(design.weights @ (product * target)) / power
    remaining = max(float(design.weights @ (target - effect * product) ** 2), 1e-300)
    degrees = max(len(design.masks) - design.masks.shape[1] - 2, 1)
    deviation = targets - np.average(targets, weights=design.weights)
    return Pair(
        a=a,
        b=b,
        effect=effect,
        r2=1 - remaining / float(design.weights @ deviation**2),
        t=min(abs(effect) * math.sqrt(power * degrees / remaining), 1e6),
    )
