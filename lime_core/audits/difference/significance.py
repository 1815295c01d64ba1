"""Which of many changes are more than noise: tests whose false alarms are bounded over all of them together.

A guard of a training pipeline looks at every superpixel of every picture at once, so the chance of a false alarm is
bounded for all it looks at (the family-wise error rate), not for each look.

That rests on the error bars of LIME and on Student's distribution far out in its tails. Measured with the built-in
model: of six photographs with 4,096 calls each, 1,500 pairs of separate sets of 256 were drawn and fitted. 42 of
420,000 differences had p < 0.0001 (expected 42) and 6 had p < 0.00001 (expected 4.2), so nothing is added to the
error bars; 8 of the 1,500 comparisons had a superpixel that moved (0.53 %; Clopper and Pearson's upper bound, 95 %:
0.96 %). The pairs share those calls.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, stdtr

Floats = NDArray[np.float64]

# Chance of any false alarm between two seeds of one model, and how it is divided. A superpixel is called moved at the
# first share; the others are those of the two tests of counts.
FAMILY_ERROR: Final = 0.01
EVIDENCE_ERROR: Final = FAMILY_ERROR / 2
COUNT_ERROR: Final = FAMILY_ERROR / 4

_ROUNDING = 1e-6  # of a picture's largest coefficient: what single precision leaves of it


def mcnemar(lost: int, gained: int) -> float:
    """Return the two-sided p of McNemar's exact test.

    Parameters
    ----------
    lost, gained : int
        How many pictures changed in either direction; without a change both directions are equally likely.

    References
    ----------
    McNemar, "Note on the sampling error of the difference between correlated proportions or percentages",
    Psychometrika 12, 1947.
    """
    return min(1.0, 2 * float(bdtr(min(lost, gained), lost + gained, 0.5)))


def standard_errors(before: Floats, after: Floats, scale: Floats) -> Floats:
    """Return the standard errors of differences of coefficients, float64 (M,).

    Parameters
    ----------
    before, after : ndarray of float64, shape (M,)
        Standard errors of the two coefficients; NaN where one is not known.
    scale : ndarray of float64, shape (M,)
        Largest coefficient of the same explanation, of which single precision leaves a millionth uncertain.
    """
    errors: Floats = np.sqrt(before**2 + after**2 + (_ROUNDING * scale) ** 2)
    return errors


def welch_p(difference: Floats, errors: tuple[Floats, Floats], degrees: tuple[Floats, Floats], scale: Floats) -> Floats:
    """Return the two-sided p of Welch's t test for each difference, float64 (M,); NaN where it has no error bar.

    Parameters
    ----------
    difference : ndarray of float64, shape (M,)
    errors : two ndarrays of float64, shape (M,)
        Standard errors of the two that were subtracted.
    degrees : two ndarrays of float64, shape (M,)
        Their degrees of freedom, at least 1.
    scale : ndarray of float64, shape (M,)
        As for `standard_errors`.

    References
    ----------
    Welch, "The generalization of Student's problem when several different population variances are involved",
    Biometrika 34, 1947.
    """
    whole = standard_errors(*errors, scale)
    p = np.full(difference.shape, np.nan)
    p[np.isinf(whole)] = 1.0
    tested = np.isfinite(whole)
    first, second = (each[tested] ** 2 for each in errors)
    total = np.maximum(first + second, 1e-300)
    # Shares of the variance, so that no square of a tiny number vanishes.
    joint = 1 / np.maximum(
        (first / total) ** 2 / degrees[0][tested] + (second / total) ** 2 / degrees[1][tested], 1e-300
    )
    strength = np.abs(difference[tested]) / np.maximum(whole[tested], 1e-300)
    p[tested] = 2 * stdtr(np.minimum(joint, 1e9), -strength)
    return p


def holm(p: Floats) -> Floats:
    """Return p adjusted for looking at all of them by Holm's procedure, float64 (M,); NaN stays.

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    adjusted = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    remaining = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * remaining), 1.0) if len(order) else []
    return adjusted
