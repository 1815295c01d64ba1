"""How far reduced precision may have moved the coefficients, estimated from samples that were asked in f32 as well.

A fit is linear in its targets: with the pulls pᵢ = wᵢA⁻¹xᵢ (`lime_core.methods.lime.error_bars`) a coefficient is
Σᵢ pᵢyᵢ. On the M compared samples the answers in f32 are fitted, so what the other samples R would change if they were
in f32 too is

    δⱼ = Σ_{i∈R} pᵢⱼ dᵢ,   where dᵢ = reduced − f32 on the scale of the target,

and the compared samples, a random part of the run, say what d is like. Let d = a + x'γ + e for centred masks x:

* e is noise, in pairs of samples correlated. It adds v Σ_R pᵢⱼ² + 2c Σ_pairs pᵢⱼpᵢ'ⱼ to the variance of δⱼ, where v is
  the mean square of d about its mean a and c the mean product of its two values in a pair. It shrinks as the run grows.
* γ, what reduced precision shifts in favour of single superpixels, does not. It is taken as random with the variance τ²
  for every superpixel. Then E[dᵢdₖ] = τ² xᵢ·xₖ for samples of different pairs, and the method of moments (regression
  of products on products, [1]_) gives the U-statistic

      t = Σ wᵢwₖ dᵢdₖ xᵢ·xₖ / Σ wᵢwₖ (xᵢ·xₖ)²   over samples i, k of different pairs,

  without bias for any design of masks. With T = Σ_R pᵢxᵢ' it adds τ² Σₖ Tⱼₖ² to the variance of δⱼ.
* The statistic has an uncertainty of its own: with u_g = Σ_{i∈g} wᵢdᵢxᵢ for pair g its variance without any γ is
  2 Σ_{g≠h} (u_g·u_h)² over the square of its denominator. As τ² cannot be negative, what it may be is normal about t
  with that standard error s, cut off at 0, and its mean t + s φ(t/s)/Φ(t/s) is used.
* A shift of one superpixel alone would drown in a mean over all. So a superpixel whose own shift
  γ̂ₖ = Σ wᵢdᵢxᵢₖ / Σ wᵢxᵢₖ² is farther from 0 than noise and τ² explain (Bonferroni's bound for 5 % over all
  superpixels) is taken out of d, the strongest first, and (Tⱼₖγ̂ₖ)² added.

What d has in common over classes is kept: the covariance of two classes is their δs' standard deviations times the
correlation of their d. As d's own share in v that is due to γ is not taken out, the bars err on the wide side.

References
----------
.. [1] Haseman and Elston, "The investigation of linkage between a quantitative trait and a marker locus", Behavior
   Genetics 2, 1972; the same estimator for many predictors is used in genetics to find a heritability.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

from lime_core.methods.lime.error_bars import Sandwich
from lime_core.surrogates.problem import Problem

Floats = NDArray[np.float64]

_FAMILY_ERROR = 0.05  # chance that a superpixel is taken for one that is shifted by itself
_MOST_ALONE = 5  # superpixels of a class that are; more are not exceptions


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How far coefficients may have moved; variances in the square of the target's unit.

    Attributes
    ----------
    noise : ndarray of float64, shape (C, S)
        The part that shrinks in proportion to 1/N.
    shift : ndarray of float64, shape (C, S)
        The part that stays.
    correlation : ndarray of float64, shape (C, C)
        Of the differences, class by class.
    """

    noise: Floats
    shift: Floats
    correlation: Floats

    @property
    def std(self) -> Floats:
        """The standard deviation of what each coefficient has moved by, float64 ``(C, S)``; NaN where there is none."""
        return np.sqrt(self.noise + self.shift)

    @property
    def covariances(self) -> Floats:
        """The covariances between classes, superpixel by superpixel, float64 ``(C, C, S)``."""
        std = self.std
        return self.correlation[:, :, None] * std[:, None] * std[None]

    def ratios(self, variances: Floats, noise: float = 1.0, shift: float = 1.0) -> Floats:
        """Return standard deviations over the standard errors to hold them against, float64 ``(C, S)``.

        Those are the root mean square of a class's standard errors. 0 where nothing is estimated.

        Parameters
        ----------
        variances : ndarray of float64, shape (C, S)
            Squared standard errors that the samples alone give; NaN where there are none.
        noise, shift : float
            Factors of the two parts.
        """
        there = ~np.isnan(variances)
        variance = np.where(there, self.noise * noise + self.shift * shift, 0.0)
        squares = np.where(there, variances, 0.0).sum(axis=1, keepdims=True) / np.maximum(
            there.sum(axis=1, keepdims=True), 1
        )
        shares = np.divide(variance, squares, out=np.where(variance > 0, np.inf, 0.0), where=squares > 0)
        ratios: Floats = np.sqrt(shares)
        return ratios


def moved(
    problem: Problem,
    sandwiches: list[Sandwich],
    compared: NDArray[np.int32],
    differences: Floats,
    *,
    whole: bool = False,
    uncertainty: float = 1.0,
) -> Moved:
    """Estimate how far reduced precision may have moved the coefficients of a fit.

    Parameters
    ----------
    problem : Problem
        The regression of C classes.
    sandwiches : list of Sandwich
        Its error bars, one a class.
    compared : ndarray of int32, shape (M,)
        Rows of the samples that were asked in both precisions.
    differences : ndarray of float64, shape (M, C)
        Targets in reduced precision less those in f32.
    whole : bool
        As if all targets were those of reduced precision; else those of `compared` are taken to be in f32.
    uncertainty : float
        Factor of the statistic's standard error s, to look ahead to more compared samples: s falls as 1/M.
    """
    masks, _, _, _ = problem.centred()
    reduced = np.ones(len(masks), bool)
    reduced[compared] = whole
    sample = _Sample(masks[compared], problem.weights[compared], problem.pairs[compared], uncertainty)
    noise, shift = (np.full((len(sandwiches), masks.shape[1]), np.nan) for _ in range(2))
    reach: dict[int, _Reach] = {}
    for row, shared in enumerate(sandwiches):
        if id(shared) not in reach:
            reach[id(shared)] = _reach(shared, masks, problem.pairs, reduced)
        own = reach[id(shared)]
        found = sample.look(differences[:, row])
        noise[row, shared.columns] = (
            found.square * own.squares + 2 * found.product * own.products + (found.mean * own.sums) ** 2
        ).clip(min=0.0)
        shift[row, shared.columns] = found.spread * (own.shifts**2).sum(axis=1) + own.shifts**2 @ found.alone
    return Moved(noise, shift, _correlation(differences))


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """What differences of the samples in reduced precision do to the K coefficients of a fit."""

    squares: Floats  # Σ p², (K,)
    products: Floats  # Σ pp' over pairs, (K,)
    sums: Floats  # Σ p, (K,)
    shifts: Floats  # Σ px', (K, S)


def _reach(shared: Sandwich, masks: Floats, pairs: NDArray[np.int32], reduced: NDArray[np.bool_]) -> _Reach:
    pulls = shared.pulls * reduced[:, None]
    together = np.flatnonzero(np.diff(pairs) == 0)
    return _Reach(
        (pulls**2).sum(axis=0),
        np.einsum("ij,ij->j", pulls[together], pulls[together + 1]),
        pulls.sum(axis=0),
        pulls.T @ masks,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What the differences of a class are like."""

    mean: float
    square: float  # mean square about the mean
    product: float  # mean product within pairs
    spread: float  # τ²
    alone: Floats  # squared shifts of superpixels that stand out, (S,); 0 for the others


class _Sample:
    """The compared samples: masks (M, S) about the mean of the fit, weights and pairs (M,)."""

    def __init__(self, masks: Floats, weights: Floats, pairs: NDArray[np.int32], uncertainty: float) -> None:
        self._masks, self._uncertainty = masks, uncertainty
        self._weights = weights / weights.sum()
        self._starts = np.flatnonzero(np.diff(pairs, prepend=pairs[0] - 1))
        self._together = np.flatnonzero(np.diff(pairs) == 0)
        weighted = masks * self._weights[:, None]
        self._squares = np.einsum("ij,ij->j", weighted, masks)
        gram = weighted.T @ masks
        # Σ wᵢwₖ(xᵢ·xₖ)² over all samples, less that within pairs.
        lengths = np.einsum("ij,ij->i", masks, weighted)
        first, second = self._together, self._together + 1
        inside = np.einsum("ij,ij->i", masks[first], masks[second]) ** 2 * self._weights[first] * self._weights[second]
        self._products = float((gram**2).sum() - (lengths**2).sum() - 2 * inside.sum())

    def look(self, differences: Floats) -> _Found:
        """Return what differences (M,) of one class are like."""
        mean = float(self._weights @ differences)
        left = differences - mean
        alone, errors = np.zeros((2, self._masks.shape[1]))
        bound = float(ndtri(1 - _FAMILY_ERROR / (2 * len(alone))))
        square, product = self._noise(left)
        spread = self._spread(left)
        for _ in range(_MOST_ALONE):
            shifts = np.divide(
                (self._weights * left) @ self._masks, self._squares, out=np.zeros(len(alone)), where=self._squares > 0
            )
            shifts[alone != 0] = 0.0
            error = self._shift_variance(square, product)
            strength = np.divide(np.abs(shifts), np.sqrt(error + spread), out=np.zeros(len(alone)), where=error > 0)
            strongest = int(strength.argmax())
            if strength[strongest] <= bound:
                break
            alone[strongest] = shifts[strongest]
            errors[strongest] = error[strongest]
            left = left - shifts[strongest] * self._masks[:, strongest]
            square, product = self._noise(left)
            spread = self._spread(left)
        # The square of an estimate is too large by its variance.
        return _Found(mean, square, product, spread, np.maximum(alone**2 - errors, 0.0))

    def _noise(self, left: Floats) -> tuple[float, float]:
        square = float(self._weights @ left**2) * len(left) / max(len(left) - 1, 1)
        if not len(self._together):
            return square, 0.0
        product = float(np.mean(left[self._together] * left[self._together + 1]))
        # A correlation is at most 1, and rounding must not make a variance negative.
        return square, float(np.clip(product, -square, square))

    def _shift_variance(self, square: float, product: float) -> Floats:
        """Return the variance that noise alone gives each γ̂, float64 (S,)."""
        weighted = self._masks * self._weights[:, None]
        first, second = weighted[self._together], weighted[self._together + 1]
        variance = square * (weighted**2).sum(axis=0) + 2 * product * (first * second).sum(axis=0)
        result: Floats = np.divide(
            variance, self._squares**2, out=np.zeros_like(variance), where=self._squares > 0
        ).clip(min=0.0)
        return result

    def _spread(self, left: Floats) -> float:
        """Return τ² with the allowance for its own uncertainty."""
        if self._products <= 1e-12 * float((self._squares**2).sum()) or not left.any():
            return 0.0
        parts = np.add.reduceat(self._masks * (self._weights * left)[:, None], self._starts, axis=0)
        lengths = (parts**2).sum(axis=1)
        statistic = float((parts.sum(axis=0) ** 2).sum() - lengths.sum()) / self._products
        crossed = max(float(((parts.T @ parts) ** 2).sum() - (lengths**2).sum()), 0.0)
        error = float(np.sqrt(2 * crossed)) / self._products
        return _mean_if_not_negative(statistic, error * self._uncertainty)


def root_mean_square(values: Floats) -> float:
    """Return the root of the mean square."""
    return float(np.sqrt(np.mean(values**2)))


def _mean_if_not_negative(value: float, error: float) -> float:
    """Return the mean of a normal variable about `value` of which only what is not negative counts."""
    if error == 0:
        return max(value, 0.0)
    standardized = value / error
    density = -0.5 * standardized**2 - 0.5 * np.log(2 * np.pi)
    return max(float(value + error * np.exp(density - log_ndtr(standardized))), 0.0)


def _correlation(differences: Floats) -> Floats:
    """Return the correlation of differences (M, C), float64 (C, C); 0 between classes that do not differ."""
    left = differences - differences.mean(axis=0)
    lengths = np.sqrt((left**2).sum(axis=0))
    scaled = np.divide(left, lengths, out=np.zeros_like(left), where=lengths > 0)
    result: Floats = scaled.T @ scaled
    np.fill_diagonal(result, 1.0)
    return result
