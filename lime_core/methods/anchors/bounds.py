"""Confidence bounds of a share that was counted, from the Kullback-Leibler divergence of two coins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import rel_entr

Floats = NDArray[np.float64]

_STEPS = 40  # halvings of 0..1


def kl_bounds(positives: Floats, counts: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the lowest and the highest share that the counts are compatible with [1]_.

    These are the shares q on either side of the observed share p with ``n KL(p, q) <= level``; each side is missed
    with a chance of at most ``exp(-level)``.

    Parameters
    ----------
    positives, counts : ndarray of float64, shape (M,)
        How many of how many; where nothing was counted the bounds are 0 and 1.
    level : float
        The natural logarithm of one over the allowed error.

    Returns
    -------
    low, high : ndarray of float64, shape (M,)

    References
    ----------
    .. [1] Kaufmann and Kalyanakrishnan, "Information Complexity in Bandit Subset Selection", COLT 2013.
    """
    share = positives / np.maximum(counts, 1)
    most = level / np.maximum(counts, 1e-9)
    low, inside, high, outside = np.zeros_like(share), share.copy(), share.copy(), np.ones_like(share)
    for _ in range(_STEPS):
        middle = (low + inside) / 2
        far = _divergence(share, middle) > most
        low, inside = np.where(far, middle, low), np.where(far, inside, middle)
        middle = (high + outside) / 2
        far = _divergence(share, middle) > most
        high, outside = np.where(far, high, middle), np.where(far, middle, outside)
    nothing = counts == 0
    return np.where(nothing, 0.0, inside), np.where(nothing, 1.0, high)


def exploration_level(candidates: int, look: int, error: float) -> float:
    """Return the level of the bounds of KL-LUCB at a look, counted from 1: all of them hold at all looks together.

    Its constants are the paper's: ``β + log β`` with ``β = log(405.5 K t^1.1 / δ)``.
    """
    rate = math.log(405.5 * candidates * look**1.1 / error)
    return rate + math.log(rate)


def _divergence(p: Floats, q: Floats) -> Floats:
    result: Floats = rel_entr(p, q) + rel_entr(1 - p, 1 - q)
    return result
