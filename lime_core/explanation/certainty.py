"""What error bars say: intervals, and which scores differ from zero when all of them are looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]

# Chance that any of the scores without an effect is called sure. Below the usual 5 %, which leaves room for noise that
# is not normal: measured on noise it stays under 5 % for every sampler (`tests/judge/test_noise.py`).
FAMILY_ERROR = 0.01
_ENDLESS = 1e9  # degrees of freedom of a normal distribution


def half_widths(std_errors: Floats, degrees: Floats | None) -> Floats:
    """Return half the width of each 95 % interval, float64 ``(S,)``; NaN and infinity stay.

    Parameters
    ----------
    std_errors : ndarray of float64, shape (S,)
        Standard errors.
    degrees : ndarray of float64, shape (S,), or None
        Degrees of freedom of Student's distribution; None for a normal one.
    """
    widths: Floats = stdtrit(_degrees(std_errors, degrees), 0.975) * std_errors
    return widths


def jointly_sure(scores: Floats, std_errors: Floats | None, degrees: Floats | None) -> NDArray[np.bool_]:
    """Say which scores differ from zero though all of them are looked at, bool in the shape of `scores`.

    Holm's procedure [1]_ on the two-sided t tests of all scores with an error bar: the chance that any score without an
    effect is among them is at most `FAMILY_ERROR`. Scores without an error bar count as sure.

    References
    ----------
    .. [1] Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    if std_errors is None:
        return np.ones(scores.shape, bool)
    tested = ~np.isnan(std_errors)
    sure = ~tested
    if tested.any():
        strength = np.abs(scores[tested]) / np.maximum(std_errors[tested], 1e-300)
        chance = 2 * stdtr(_degrees(std_errors, degrees)[tested], -strength)
        order = np.argsort(chance, kind="stable")
        remaining = np.arange(len(chance), 0, -1)
        passed = np.minimum.accumulate(chance[order] * remaining <= FAMILY_ERROR)
        result = np.zeros(len(chance), bool)
        result[order] = passed
        sure[tested] = result
    return sure


def _degrees(std_errors: Floats, degrees: Floats | None) -> Floats:
    if degrees is None:
        return np.full(std_errors.shape, _ENDLESS)
    return np.where(np.isfinite(degrees), np.minimum(degrees, _ENDLESS), _ENDLESS)
