"""What the samples themselves say about a fit: stability under resampling, the linear limit, pairs that act together.

No model is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lime_core.settings.spec import ExplainSpec

Floats = NDArray[np.float64]

RESAMPLES = 200
CLEAR_PAIR = 5.0  # t statistic: the largest of S²/2 chance values stays below it


@dataclass(frozen=True, slots=True)
class Pair:
    """Two superpixels that act together beyond the sum of both.

    Attributes
    ----------
    a, b : int
        Superpixel ids, ``a < b``.
    effect : float
        What showing both adds to the target beyond the sum of showing each.
    r2 : float
        Weighted R² in sample that the surrogate would have with this one product added.
    t : float
        The effect in units of its chance level (least squares t statistic).
    """

    a: int
    b: int
    effect: float
    r2: float
    t: float

    @property
    def clear(self) -> bool:
        """Whether chance alone would hardly bring a pair like it."""
        return abs(self.t) > CLEAR_PAIR


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


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What a verdict rests on, for one class; units are the target's.

    Attributes
    ----------
    spec : ExplainSpec
        Every setting.
    outputs : ndarray of float32, shape (N,)
        The model's outputs for the class, as the model gave them.
    targets, residuals : ndarray of float64, shape (N,)
        What was fitted, and what is left of it.
    design : Design
        Masks and kernel weights.
    pairs : ndarray of int32, shape (N,)
        Equal for samples drawn together.
    coefficients : ndarray of float64, shape (S,)
        Of the surrogate.
    influence : ndarray of float64, shape (G, S) or None
        What each pair of samples adds to each coefficient; None for a tree.
    sure : ndarray of bool, shape (S,)
        Where the 95 % interval excludes zero.
    effective_samples, r2, r2_holdout, model_output, surrogate_output : float
        As on the explanation.
    largest_superpixel : float
        Its share of the picture.
    typical_distance : float
        Median distance of the samples from the original.
    """

    spec: ExplainSpec
    outputs: NDArray[np.float32]
    targets: Floats
    residuals: Floats
    design: Design
    pairs: NDArray[np.int32]
    coefficients: Floats
    influence: Floats | None
    sure: NDArray[np.bool_]
    effective_samples: float
    r2: float
    r2_holdout: float
    model_output: float
    surrogate_output: float
    largest_superpixel: float
    typical_distance: float


def resampled_top_k(
    coefficients: Floats, influence: Floats | None, k: int, resamples: int = RESAMPLES
) -> tuple[Floats, float]:
    """Say how firmly the K strongest superpixels hold when whole pairs of samples are drawn anew (bootstrap).

    To first order, drawing pair g ``n`` times instead of once moves the coefficients by ``(n − 1)`` times its
    influence, so no refit is needed.

    Returns
    -------
    frequency : ndarray of float64, shape (S,)
        How often each superpixel is among the K strongest.
    stability : float
        Mean Jaccard index with the K strongest of all samples.
    """
    superpixels = len(coefficients)
    if influence is None:
        return np.full(superpixels, np.nan), math.nan
    count = min(k, superpixels)
    resampled = coefficients + _draws(len(influence), resamples) @ np.nan_to_num(influence)
    own = np.argsort(-np.abs(coefficients), kind="stable")[:count]
    theirs = np.argsort(-np.abs(resampled), axis=1, kind="stable")[:, :count]
    chosen = np.zeros((resamples, superpixels), bool)
    np.put_along_axis(chosen, theirs, values=True, axis=1)
    shared = chosen[:, own].sum(axis=1)
    return chosen.mean(axis=0), float((shared / (2 * count - shared)).mean())


@lru_cache(maxsize=4)
def _draws(pairs: int, resamples: int) -> Floats:
    """How much more or less than once each pair is drawn, float64 (resamples, pairs)."""
    counts = np.random.default_rng(0).multinomial(pairs, np.full(pairs, 1 / pairs), size=resamples)
    draws: Floats = np.asarray(counts, np.float64) - 1.0
    draws.flags.writeable = False
    return draws


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


def strongest_pair(facts: Facts) -> Pair | None:
    """Return the pair of superpixels whose product explains most of what the surrogate leaves, or None.

    All pairs are ranked at once by the weighted correlation of their product with the residuals; the first is
    then fitted exactly, beside the linear part (Frisch, Waugh and Lovell).
    """
    design = facts.design
    if not math.isfinite(facts.r2):
        return None
    moments = design.centred.T @ (design.centred * (design.weights * facts.residuals)[:, None])
    score = np.triu(moments**2 / design.pair_spread, k=1)
    a, b = (int(place) for place in np.unravel_index(np.argmax(score), score.shape))

    product = design.without_linear_part(design.masks[:, a] * design.masks[:, b])
    target = design.without_linear_part(facts.targets)
    power = float(design.weights @ product**2)
    if power <= 1e-9 * float(design.weights.sum()):
        return None
    effect = float(design.weights @ (product * target)) / power
    remaining = max(float(design.weights @ (target - effect * product) ** 2), 1e-300)
    degrees = max(len(design.masks) - design.masks.shape[1] - 2, 1)
    deviation = facts.targets - np.average(facts.targets, weights=design.weights)
    return Pair(
        a=a,
        b=b,
        effect=effect,
        r2=1 - remaining / float(design.weights @ deviation**2),
        t=min(abs(effect) * math.sqrt(power * degrees / remaining), 1e6),
    )
