"""How firmly the strongest superpixels hold when the samples are drawn anew."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 200
_MOST_WORK = 50_000_000  # multiplications for one class


def resampled_top_k(coefficients: Floats, influence: Floats | None, k: int) -> tuple[Floats, float]:
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
    # Fewer of them where each one is dear: very many superpixels and samples.
    resamples = int(np.clip(_MOST_WORK // influence.size, 40, RESAMPLES))
    resampled = coefficients + _draws(len(influence), resamples) @ influence
    own = np.argsort(-np.abs(coefficients), kind="stable")[:count]
    theirs = np.argpartition(-np.abs(resampled), count - 1, axis=1)[:, :count]
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
