"""Error bars of the coefficients: a bias-reduced sandwich estimator, clustered by pair of samples.

With X the masks and a column of ones, W the kernel weights and A = X'WX + αI, the coefficients are A⁻¹X'Wy. A pair g of
samples adds A⁻¹X_g'W_g B_g^(−½) r_g to them, where r_g are its residuals and B_g is what the fit leaves of the variance
of a pair of equally noisy samples: the diagonal block of (I − H)(I − H)' with H = XA⁻¹X'W. The sum of squares of these
influences is the variance of a coefficient. Dividing by B_g^(½) makes it unbiased for equal noise however unequal
the leverages are (CR2, [1]_); its degrees of freedom follow from how evenly the pairs share in it ([2]_, with the
leverage of the pairs in place of the exact trace).

References
----------
.. [1] Bell and McCaffrey, "Bias reduction in standard errors for linear regression with multi-stage samples",
   Survey Methodology 28, 2002.
.. [2] Imbens and Kolesár, "Robust standard errors in small samples", Review of Economics and Statistics 98, 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lime_core.surrogates.problem import Fitted, Problem, inverse

Floats = NDArray[np.float64]

_LEAST_SHARE = 1e-6  # of the noise that the fit leaves in a pair: below it the pair decides a coefficient alone


@dataclass(frozen=True, slots=True, eq=False)
class Sandwich:
    """What the error bars of all classes with the same columns share.

    Attributes
    ----------
    columns : ndarray of int64, shape (K,)
        Superpixels in the fit.
    pulls : ndarray of float64, shape (N, K)
        What a residual of 1 adds to each coefficient: wᵢA⁻¹xᵢ.
    first, second : ndarray of int64
        Rows of the pairs' first samples, and of the second ones where there are any.
    single : ndarray of int64
        Rows of samples without a partner.
    roots : ndarray of float64, shape (P, 2, 2)
        B^(−½) of the pairs.
    single_roots : ndarray of float64
        The same for samples without a partner.
    degrees : ndarray of float64, shape (K,)
        Degrees of freedom of each variance.
    """

    columns: NDArray[np.int64]
    pulls: Floats
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    single: NDArray[np.int64]
    roots: Floats
    single_roots: Floats
    degrees: Floats

    def adjusted(self, residuals: Floats) -> Floats:
        """Return residuals (N,) divided by the share of noise that the fit leaves in them."""
        result = np.empty_like(residuals)
        result[self.single] = residuals[self.single] * self.single_roots
        both = np.stack([residuals[self.first], residuals[self.second]], axis=-1)
        both = (self.roots @ both[..., None])[..., 0]
        result[self.first], result[self.second] = both[:, 0], both[:, 1]
        return result

    def influence(self, residuals: Floats) -> Floats:
        """Return what each pair adds to each coefficient, float64 ``(pairs, K)``, for residuals (N,)."""
        shares = self.pulls * self.adjusted(residuals)[:, None]
        return np.concatenate([shares[self.first] + shares[self.second], shares[self.single]])


def sandwich(problem: Problem, columns: NDArray[np.int64], ridge_penalty: float) -> Sandwich:
    """Return the error bars' shared part for the fit of some columns."""
    masks, _, _, _ = problem.centred()
    design = masks[:, columns]
    weights = problem.weights
    total = float(weights.sum())
    gram = (design * weights[:, None]).T @ design
    bread = inverse(gram, ridge_penalty)
    # The column of ones is orthogonal to centred masks, so its part of A⁻¹ is 1 / Σw.
    rows = np.column_stack([np.ones(len(design)), design])
    solved = np.column_stack([np.full(len(design), 1 / total), design @ bread])
    meat = solved.T @ (solved * (weights**2)[:, None])

    starts = problem.pair_starts()
    paired = np.diff(np.append(starts, len(design))) == 2
    first, single = starts[paired], starts[~paired]
    second = first + 1
    leverages = np.einsum("ij,ij->i", solved, rows) * weights
    left = 1 - 2 * leverages + np.einsum("ij,ij->i", rows @ meat, rows)
    crossed = np.einsum("ij,ij->i", solved[first], rows[second])
    shared = np.einsum("ij,ij->i", rows[first] @ meat, rows[second]) - crossed * (weights[first] + weights[second])

    pulls = solved[:, 1:] * weights[:, None]
    squares = pulls**2
    shares = np.concatenate([squares[first] + squares[second], squares[single]])
    leverage: Floats = np.concatenate([leverages[first] + leverages[second], leverages[single]])
    return Sandwich(
        columns=columns,
        pulls=pulls,
        first=first,
        second=second,
        single=single,
        roots=_inverse_roots(left[first], left[second], shared),
        single_roots=1 / np.sqrt(np.maximum(left[single], _LEAST_SHARE)),
        degrees=_degrees(shares, leverage),
    )


def _inverse_roots(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return [[a, c], [c, b]]^(−½) for each pair, float64 (P, 2, 2)."""
    blocks = np.stack([np.stack([a, c], -1), np.stack([c, b], -1)], -2)
    values, vectors = np.linalg.eigh(blocks)
    scaled = vectors / np.sqrt(np.maximum(values, _LEAST_SHARE))[:, None, :]
    roots: Floats = scaled @ vectors.transpose(0, 2, 1)
    return roots


def _degrees(shares: Floats, leverage: Floats) -> Floats:
    """Return (Σs)²/Σs² less the part that the fit uses up, at least 1; shares (pairs, K), leverage (pairs,)."""
    total = shares.sum(axis=0)
    used = np.minimum(leverage @ shares / np.maximum(total, 1e-300), 1.0)
    evenness = total**2 / np.maximum((shares**2).sum(axis=0), 1e-300)
    degrees: Floats = np.maximum(evenness * (1 - used), 1.0)
    return degrees


def covariances(sandwiches: list[Sandwich], residuals: Floats, superpixels: int, enough: NDArray[np.bool_]) -> Floats:
    """Return cov[a, b, j], the covariance of the coefficients of superpixel j for classes a and b, ``(C, C, S)``.

    NaN where nothing was estimated, infinite variances for classes without `enough` pairs (bool ``(C,)``), whose
    residuals would vanish and pretend to certainty.
    """
    classes = len(sandwiches)
    if all(each is sandwiches[0] for each in sandwiches):
        joint = _joint(sandwiches[0], residuals)
        if len(sandwiches[0].columns) == superpixels:
            result = joint
        else:
            result = np.full((classes, classes, superpixels), np.nan)
            result[:, :, sandwiches[0].columns] = joint
    else:
        influence = np.full((classes, _pairs(sandwiches[0]), superpixels), np.nan)
        for position, each in enumerate(sandwiches):
            influence[position][:, each.columns] = each.influence(residuals[:, position])
        by_superpixel = influence.transpose(2, 0, 1)
        result = np.ascontiguousarray((by_superpixel @ by_superpixel.transpose(0, 2, 1)).transpose(1, 2, 0))
    for row in np.flatnonzero(~enough):
        unestimated = np.isnan(result[row, row])
        result[row], result[:, row] = 0.0, 0.0
        result[row, row] = np.where(unestimated, np.nan, np.inf)
    return result


def _pairs(shared: Sandwich) -> int:
    return len(shared.first) + len(shared.single)


def _joint(shared: Sandwich, residuals: Floats) -> Floats:
    """Return the covariances of classes with the same columns, float64 (C, C, K), in memory that no pair adds to.

    The product of two classes' influences is a sum of products of residuals and of pulls, so that a matrix product over
    the pairs gives all superpixels at once.
    """
    adjusted = np.column_stack([shared.adjusted(column) for column in residuals.T])
    first, second, single = adjusted[shared.first], adjusted[shared.second], adjusted[shared.single]
    pulls_first, pulls_second = shared.pulls[shared.first], shared.pulls[shared.second]
    products = (pulls_first**2, pulls_second**2, pulls_first * pulls_second, shared.pulls[shared.single] ** 2)
    classes = residuals.shape[1]
    result: Floats = np.empty((classes, classes, len(shared.columns)))
    for row in range(classes):
        one, two, alone = first[:, row, None], second[:, row, None], single[:, row, None]
        result[row, row:] = (one * first[:, row:]).T @ products[0] + (two * second[:, row:]).T @ products[1]
        result[row, row:] += (one * second[:, row:] + two * first[:, row:]).T @ products[2]
        result[row, row:] += (alone * single[:, row:]).T @ products[3]
        result[row:, row] = result[row, row:]
    return result


def sandwiches_of(problem: Problem, fitted: Fitted, ridge_penalty: float) -> list[Sandwich]:
    """Return one `Sandwich` a class; classes with the same columns share theirs."""
    shared: dict[bytes, Sandwich] = {}
    result = []
    for columns in fitted.supports:
        key = columns.tobytes()
        if key not in shared:
            shared[key] = sandwich(problem, columns, ridge_penalty)
        result.append(shared[key])
    return result
