"""Which superpixels enter the fit. `SELECTIONS` holds the rules by name."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from lime_core.parameters import Option, Registry, parameter
from lime_core.surrogates.problem import Floats, inverse

Columns = NDArray[np.int64]

_FORWARD_LIMIT = 6  # the lime package's 'auto' selects forward up to here
_RANKING_ALPHA = 0.01  # the lime package's penalty when it ranks by weight
_INDEPENDENT = 1e-10  # of the largest variance: a column with less left beside others says nothing new
_KEEP = "Superpixels that a selection keeps."


class Selection(Option, ABC):
    """A rule that picks the columns of a regression for one class, from its normal equations.

    Attributes
    ----------
    everything : bool
        Whether no column is ever left out.
    """

    __slots__ = ()

    everything: ClassVar[bool] = False

    @abstractmethod
    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:
        """Return the columns that enter the fit.

        Parameters
        ----------
        gram : ndarray of float64, shape (S, S)
            X'WX of the centred masks.
        moment : ndarray of float64, shape (S,)
            X'Wy of the centred target.
        samples : int
            N.
        weight_scale : float
            See `Problem`.
        """

    def most(self, superpixels: int) -> int:
        """Return the largest number of superpixels that it keeps."""
        return min(superpixels, getattr(self, "max_features", superpixels))


@dataclass(frozen=True, slots=True)
class All(Selection):
    """Every superpixel."""

    name: ClassVar[str] = "none"
    everything: ClassVar[bool] = True

    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:  # noqa: ARG002
        """Return all columns."""
        return np.arange(len(moment))


@dataclass(frozen=True, slots=True)
class Forward(Selection):
    """One at a time the superpixel that raises the weighted R² most."""

    name: ClassVar[str] = "forward"

    max_features: int = parameter(1023, _KEEP, low=1, high=1023, stage="fit", flat="max_features")

    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:  # noqa: ARG002
        """Sweep the normal equations column by column."""
        gram, moment = gram.copy(), moment.copy()
        independent = _INDEPENDENT * np.diagonal(gram).max(initial=0.0)
        chosen: list[int] = []
        for _ in range(self.most(len(moment))):
            left = np.diagonal(gram)
            usable = left > independent
            usable[chosen] = False
            gain = np.where(usable, moment**2 / np.where(usable, left, 1.0), -1.0)
            best = int(gain.argmax())
            if gain[best] < 0:
                break
            chosen.append(best)
            pivot = gram[:, best] / np.sqrt(gram[best, best])
            moment = moment - pivot * (moment[best] / pivot[best])
            gram = gram - np.outer(pivot, pivot)
        return np.array(chosen, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Backward(Selection):
    """All superpixels, less one at a time the one whose removal lowers the weighted R² least (backward elimination).

    Superpixels that others say all of go first.
    """

    name: ClassVar[str] = "backward"

    max_features: int = parameter(1023, _KEEP, low=1, high=1023, stage="fit", flat="max_features")

    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:  # noqa: ARG002
        """Sweep columns out of the inverse of the normal equations, one by one."""
        _, pivots, rank, _ = linalg.lapack.dpstrf(gram, tol=_INDEPENDENT * np.diagonal(gram).max(initial=0.0))
        columns: Columns = np.sort(pivots[:rank]).astype(np.int64) - 1
        upper = np.asfortranarray(inverse(gram[np.ix_(columns, columns)], 0.0))
        coefficients = upper @ moment[columns]
        kept = np.ones(rank, bool)
        for _ in range(rank - self.most(rank)):
            # Without column j the weighted sum of squared residuals is larger by βⱼ² / (G⁻¹)ⱼⱼ.
            left = np.flatnonzero(kept)
            weakest = left[(coefficients[left] ** 2 / np.diagonal(upper)[left]).argmin()]
            row = np.concatenate([upper[:weakest, weakest], upper[weakest, weakest:]])
            coefficients = coefficients - row * (coefficients[weakest] / row[weakest])
            upper = linalg.blas.dsyr(-1 / row[weakest], row, a=upper, overwrite_a=1)
            kept[weakest] = False
        return columns[kept]


@dataclass(frozen=True, slots=True)
class HighestWeights(Selection):
    """The largest weights of a ridge fit with penalty 0.01, as the `lime` package ranks them."""

    name: ClassVar[str] = "highest_weights"

    max_features: int = parameter(1023, _KEEP, low=1, high=1023, stage="fit", flat="max_features")

    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:  # noqa: ARG002
        """Return the columns of the largest weights."""
        ranked = inverse(gram, _RANKING_ALPHA * weight_scale) @ moment
        return np.argsort(-np.abs(ranked), kind="stable")[: self.most(len(moment))]


@dataclass(frozen=True, slots=True)
class Auto(Selection):
    """The `lime` package's rule: forward for up to 6 superpixels, else the highest weights."""

    name: ClassVar[str] = "auto"

    max_features: int = parameter(1023, _KEEP, low=1, high=1023, stage="fit", flat="max_features")

    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:
        """Return what the rule that applies returns."""
        rule = Forward if self.most(len(moment)) <= _FORWARD_LIMIT else HighestWeights
        return rule(self.max_features).columns(gram, moment, samples=samples, weight_scale=weight_scale)


@dataclass(frozen=True, slots=True)
class LassoPath(Selection):
    """The last set of at most `max_features` superpixels along the lasso path (K-LASSO of the LIME paper)."""

    name: ClassVar[str] = "lasso_path"

    max_features: int = parameter(1023, _KEEP, low=1, high=1023, stage="fit", flat="max_features")

    def columns(self, gram: Floats, moment: Floats, *, samples: int, weight_scale: float) -> Columns:  # noqa: ARG002
        """Follow the path from the normal equations."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import lars_path_gram

        count = self.most(len(moment))
        with warnings.catch_warnings():
            # With fewer samples than superpixels some cannot be told apart; the path goes on without them.
            warnings.simplefilter("ignore", ConvergenceWarning)
            _, _, path = lars_path_gram(moment, gram, n_samples=samples, method="lasso")
        for coefficients in path.T[::-1]:
            columns = np.flatnonzero(coefficients)
            if 0 < len(columns) <= count:
                return columns
        return np.flatnonzero(path[:, -1])[:count]


SELECTIONS: Registry[Selection] = Registry("selection", All, Auto, HighestWeights, Forward, Backward, LassoPath)
