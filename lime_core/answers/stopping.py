"""Early stopping: a fit that is updated block by block, and the rule that decides when samples are enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import StopReason
from lime_core.blas import one_thread
from lime_core.masks.kernels import distances
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.order import ORDER_ERROR, Estimates

Floats = NDArray[np.float64]

FEW_PAIRS = 1.5  # pairs of samples a superpixel; with fewer an explanation is not reliable


def block_length(superpixels: int) -> int:
    """Return the samples between two looks at the rule: a whole block of the balanced design."""
    return 2 * (1 << superpixels.bit_length())


def allowed_error(look: int, classes: int) -> float:
    """Return the chance of a wrong order that a look may take for each class, for the rule to hold at any time.

    Testing again and again with a fixed threshold eventually gives a false positive. Look m may therefore use only
    α / (m(m + 1)) of the allowed error α of 5 %: over infinitely many looks this adds up to α, shared by all classes.

    Parameters
    ----------
    look : int
        m, from 1.
    classes : int
        How many classes have to be settled together.
    """
    return ORDER_ERROR / (look * (look + 1) * classes)


class RunningFit:
    """Weighted ridge of some classes, kept as sums: a block costs the same however many came before.

    Residuals of a block are taken against the fit of the blocks before it, so that no sum has to be computed again;
    this makes the error bars a little too wide, never too narrow. They are clustered by pair.

    Parameters
    ----------
    spec : ExplainSpec
        Its fit settings weight the samples; `stop_top_k` and `stop_tolerance` decide.
    energy : ndarray of float64, shape (S,)
        See `lime_core.masks.fills.hidden_energy`.
    classes : list of int
        The explained classes.

    Attributes
    ----------
    coefficients : ndarray of float64, shape (C, S)
        After the blocks so far; NaN before the first.
    covariances : ndarray of float64, shape (C, S, S)
        Their joint covariance, class by class; NaN before the first block.
    """

    def __init__(self, spec: ExplainSpec, energy: Floats, classes: list[int]) -> None:
        unknowns = len(energy) + 1
        self._spec, self._energy, self._classes = spec, energy, classes
        self._gram = np.zeros((unknowns, unknowns))
        self._moments = np.zeros((unknowns, len(classes)))
        self._meat = np.zeros((len(classes), unknowns, unknowns))
        self._solution: Floats | None = None
        self._pairs = 0
        self._looks = 0
        self.coefficients = np.full((len(classes), len(energy)), np.nan)
        self.covariances = np.full((len(classes), len(energy), len(energy)), np.nan)

    @one_thread()
    def update(self, masks: NDArray[np.uint8], outputs: NDArray[np.float32], pairs: NDArray[np.int32]) -> None:
        """Add a block: masks uint8 ``(B, S)``, outputs float32 ``(B, C)`` of all classes, pair ids ``(B,)``."""
        spec = self._spec
        design = np.column_stack([np.ones(len(masks)), masks])
        weights = spec.kernel.weights(distances(masks, self._energy, spec.distance))
        targets = spec.target.values(outputs[:, self._classes])
        weighted = design * weights[:, None]
        self._gram += weighted.T @ design
        self._moments += weighted.T @ targets
        solution, inverse = self._solve()

        before = solution if self._solution is None else self._solution
        residuals = targets - design @ before
        starts = np.flatnonzero(np.diff(pairs, prepend=pairs[0] - 1))
        for row in range(len(self._classes)):
            scores = np.add.reduceat(weighted * residuals[:, row, None], starts, axis=0)
            self._meat[row] += scores.T @ scores
        self._solution = solution
        self.coefficients = solution[1:].T
        self._pairs += len(starts)
        self._looks += 1
        correction = self._pairs / max(self._pairs - len(self._energy), 1)
        self.covariances = (inverse @ self._meat @ inverse)[:, 1:, 1:] * correction

    @property
    def std_errors(self) -> Floats:
        """Standard errors of the coefficients, float64 ``(C, S)``; NaN before the first block."""
        variances: Floats = np.diagonal(self.covariances, axis1=1, axis2=2)
        return np.sqrt(np.maximum(variances, 0.0))

    @one_thread()
    def settled(self) -> StopReason | None:
        """Return why no more samples are needed, or None.

        "separated": in every class it is certain which superpixels are the K strongest (`lime_core.surrogates.order`);
        "tied": in every class that is so, or what is open is tied: for sure no other superpixel is stronger than one of
        the K strongest by more than `stop_tolerance` of the class's range of coefficients. The smaller that share, the
        more often a run goes on until the K strongest are certain.
        """
        classes, superpixels = self.coefficients.shape
        k = self._spec.stop_top_k
        if not self._looks or self._pairs <= FEW_PAIRS * superpixels or k >= superpixels:
            return None
        degrees = np.full(superpixels, max(self._pairs - superpixels, 1.0))
        reason: StopReason = "separated"
        for scores, covariance in zip(self.coefficients, self.covariances, strict=True):
            # Half of the allowed error for each of the two questions.
            error = allowed_error(self._looks, classes) / 2
            found = Estimates(scores, covariance, degrees)
            if (found.order(error).worst_by_size <= k).sum() == k:
                continue
            reason = "tied"
            ranked = np.argsort(-np.abs(scores), kind="stable")
            # Which superpixels are compared follows from the estimates, so all pairs count, and both contrasts of each.
            level = error / (2 * superpixels * (superpixels - 1))
            chances = found.chances_by_size(self._spec.stop_tolerance * float(np.ptp(scores)))
            if chances[np.ix_(ranked[:k], ranked[k:])].max() > level:
                return None
        return reason

    def _solve(self) -> tuple[Floats, Floats]:
        unknowns = len(self._gram)
        penalty = self._spec.surrogate.ridge_penalty * (self._gram[0, 0] if self._spec.normalize_weights else 1.0)
        ridge = np.diag(np.r_[0.0, np.full(unknowns - 1, max(penalty, 1e-9 * self._gram[0, 0]))])
        inverse = np.linalg.pinv(self._gram + ridge, hermitian=True)
        return inverse @ self._moments, inverse


class StoppingRule:
    """Checks a growing set of answers after every whole block, whatever batches they arrive in.

    Parameters
    ----------
    fit : RunningFit
        A new one, without samples.
    """

    def __init__(self, fit: RunningFit) -> None:
        self._fit = fit
        self._seen = 0

    def look(
        self, masks: NDArray[np.uint8], outputs: NDArray[np.float32], pairs: NDArray[np.int32]
    ) -> tuple[int, StopReason] | None:
        """Add the new whole blocks among the samples so far to the fit; return where to stop and why, or None."""
        block = block_length(masks.shape[1])
        while self._seen + block <= len(masks):
            rows = slice(self._seen, self._seen + block)
            self._fit.update(masks[rows], outputs[rows], pairs[rows])
            self._seen += block
            reason = self._fit.settled()
            if reason is not None:
                return self._seen, reason
        return None
