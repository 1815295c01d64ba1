"""The regression that a surrogate solves, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Problem:
    """One weighted regression for C classes.

    Attributes
    ----------
    masks : ndarray of float64, shape (N, S)
        1 = shown, 0 = hidden.
    targets : ndarray of float64, shape (N, C)
        What is fitted.
    weights : ndarray of float64, shape (N,)
        Kernel weights as used.
    pairs : ndarray of int32, shape (N,)
        Equal for samples drawn together.
    weight_scale : float
        Sum of `weights` over the sum of the kernel's own.
    varies : ndarray of bool, shape (C,)
        Whether there is anything to explain about a class.
    """

    masks: Floats
    targets: Floats
    weights: Floats
    pairs: NDArray[np.int32]
    weight_scale: float
    varies: NDArray[np.bool_]

    def rows(self, keep: NDArray[np.bool_]) -> Problem:
        """Return the problem with some of its samples."""
        return replace(
            self, masks=self.masks[keep], targets=self.targets[keep], weights=self.weights[keep], pairs=self.pairs[keep]
        )

    def centred(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Return masks and targets about their weighted means, and those means; what does not vary is exactly 0."""
        total = self.weights.sum()
        mask_mean = self.weights @ self.masks / total
        target_mean = self.weights @ self.targets / total
        targets = np.where(self.varies, self.targets - target_mean, 0.0)
        return self.masks - mask_mean, targets, mask_mean, target_mean

    def pair_starts(self) -> NDArray[np.int64]:
        """Return the first row of every pair."""
        return np.flatnonzero(np.diff(self.pairs, prepend=self.pairs[0] - 1))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted surrogate.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (C, S)
        One a superpixel; a tree's importance.
    intercepts : ndarray of float64, shape (C,)
        The answer with everything hidden (for a tree: the mean target).
    supports : tuple of ndarray of int64
        For each class the columns that take part.
    predict : callable
        Maps masks float64 (B, S) to answers float64 (B, C).
    """

    coefficients: Floats
    intercepts: Floats
    supports: tuple[NDArray[np.int64], ...]
    predict: Callable[[Floats], Floats]


def linear(coefficients: Floats, intercepts: Floats, supports: tuple[NDArray[np.int64], ...]) -> Fitted:
    """Return the surrogate ``intercept + mask @ coefficients``."""
    return Fitted(coefficients, intercepts, supports, lambda masks: masks @ coefficients.T + intercepts)


def inverse(gram: Floats, alpha: float) -> Floats:
    """Return (G + αI)⁻¹, or the pseudo-inverse where columns cannot be told apart."""
    penalized = gram + alpha * np.eye(len(gram))
    factor, failed = linalg.lapack.dpotrf(penalized, lower=1)
    pivots = np.diagonal(factor)
    if failed or not len(gram) or pivots.min() <= 1e-6 * pivots.max():
        pseudo: Floats = linalg.pinvh(penalized) if len(gram) else penalized
        return pseudo
    lower, _ = linalg.lapack.dpotri(factor, lower=1)
    result: Floats = np.tril(lower) + np.tril(lower, -1).T
    return result
