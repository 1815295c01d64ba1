"""Error bars of the coefficients: a sandwich estimator, clustered by pair of samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lime_core.surrogates.problem import Fitted, Problem, inverse

Floats = NDArray[np.float64]


def influences(problem: Problem, fitted: Fitted, ridge_penalty: float) -> Floats:
    """Return what each pair of samples adds to each coefficient, float64 ``(C, pairs, S)``.

    uᵢ = wᵢrᵢxᵢ of the samples of a pair is summed and multiplied by A⁻¹ with A = X'WX + αI, and by √(G/(G−S)) for G
    pairs and S superpixels: the odd part of a pair's two answers is all that it says about the coefficients. NaN for
    superpixels that a selection left out.
    """
    superpixels = problem.masks.shape[1]
    masks, _, _, _ = problem.centred()
    gram = (masks * problem.weights[:, None]).T @ masks
    residuals = problem.weights[:, None] * (problem.targets - fitted.predict(problem.masks))
    starts = problem.pair_starts()
    result = np.full((len(fitted.supports), len(starts), superpixels), np.nan)
    inverses: dict[bytes, Floats] = {}
    for row, columns in enumerate(fitted.supports):
        key = columns.tobytes()
        if key not in inverses:
            inverses[key] = inverse(gram[np.ix_(columns, columns)], ridge_penalty)
        scores = np.add.reduceat(masks[:, columns] * residuals[:, row, None], starts, axis=0)
        correction = np.sqrt(len(starts) / max(len(starts) - len(columns), 1))
        result[row][:, columns] = correction * scores @ inverses[key]
    return result


def covariances(influence: Floats, enough: NDArray[np.bool_]) -> Floats:
    """Return cov[a, b, j], the covariance of the coefficients of superpixel j for classes a and b, ``(C, C, S)``.

    NaN where nothing was estimated, infinite variances for classes without `enough` pairs (bool ``(C,)``), whose
    residuals would vanish and pretend to certainty.
    """
    by_superpixel = influence.transpose(2, 0, 1)  # (S, C, pairs)
    result = np.ascontiguousarray((by_superpixel @ by_superpixel.transpose(0, 2, 1)).transpose(1, 2, 0))
    for row in np.flatnonzero(~enough):
        unestimated = np.isnan(result[row, row])
        result[row], result[:, row] = 0.0, 0.0
        result[row, row] = np.where(unestimated, np.nan, np.inf)
    return result
