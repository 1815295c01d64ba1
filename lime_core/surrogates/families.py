"""The simple models that imitate the classifier around one picture. `SURROGATES` holds them by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.parameters import Option, Registry, parameter
from lime_core.surrogates.problem import Fitted, Floats, Problem, inverse, linear
from lime_core.surrogates.selection import Selection

_ALPHA = "Strength of the penalty."


class Surrogate(Option, ABC):
    """A simple model of masks.

    Attributes
    ----------
    noun : str
        What it is, for sentences: "a sum of superpixels".
    signed : bool
        Whether its coefficients tell evidence for a class from evidence against it.
    linear : bool
        Whether it is a sum, for which error bars can be given.
    selects : bool
        Whether it picks superpixels by itself, so that no `Selection` goes with it.
    underdetermined : bool
        Whether it has an answer with fewer samples than superpixels.
    selects_columns : bool
        Whether it leaves superpixels out by the samples that it is fitted to, so that its intervals are too narrow.
    """

    __slots__ = ()

    noun: ClassVar[str] = "a sum of superpixels"
    signed: ClassVar[bool] = True
    linear: ClassVar[bool] = True
    selects: ClassVar[bool] = False
    underdetermined: ClassVar[bool] = True
    selects_columns: ClassVar[bool] = False

    @property
    def ridge_penalty(self) -> float:
        """The α in (X'WX + αI)⁻¹ that its error bars need."""
        return 0.0

    @abstractmethod
    def fit(self, problem: Problem, selection: Selection) -> Fitted:
        """Fit every class of a problem."""


@dataclass(frozen=True, slots=True)
class Ridge(Surrogate):
    """Weighted ridge regression; the intercept is not penalised."""

    name: ClassVar[str] = "ridge"

    alpha: float = parameter(0.001, _ALPHA, low=0, high=1000, stage="fit", flat="alpha")

    @property
    def ridge_penalty(self) -> float:
        """α."""
        return self.alpha

    def fit(self, problem: Problem, selection: Selection) -> Fitted:
        """Solve the normal equations."""
        return _solve(problem, selection, self.alpha)


@dataclass(frozen=True, slots=True)
class LeastSquares(Surrogate):
    """Weighted least squares."""

    name: ClassVar[str] = "least_squares"
    underdetermined: ClassVar[bool] = False

    def fit(self, problem: Problem, selection: Selection) -> Fitted:
        """Solve the normal equations."""
        return _solve(problem, selection, 0.0)


@dataclass(frozen=True, slots=True)
class Lasso(Surrogate):
    """Weighted lasso."""

    name: ClassVar[str] = "lasso"
    selects_columns: ClassVar[bool] = True

    alpha: float = parameter(0.001, _ALPHA, low=0, high=1000, stage="fit", flat="alpha")

    def fit(self, problem: Problem, selection: Selection) -> Fitted:
        """Descend coordinate by coordinate, class by class."""
        from sklearn.linear_model import Lasso as Descent  # brings pandas: a second and a half at the first fit

        gram, moments, _, _ = _normal_equations(problem)
        classes, superpixels = problem.targets.shape[1], problem.masks.shape[1]
        coefficients, intercepts = np.zeros((classes, superpixels)), np.zeros(classes)
        for row in range(classes):
            columns = _columns(problem, selection, gram, moments[:, row])
            model = Descent(alpha=self.alpha, tol=1e-8, max_iter=10_000)
            model.fit(problem.masks[:, columns], problem.targets[:, row], sample_weight=problem.weights)
            coefficients[row, columns], intercepts[row] = model.coef_, model.intercept_
        return linear(coefficients, intercepts, tuple(np.flatnonzero(row) for row in coefficients))


@dataclass(frozen=True, slots=True)
class Tree(Surrogate):
    """A regression tree, explained by MATLAB's importance.

    That is the fall in mean squared error at a predictor's splits, over the number of splits; it has no sign.
    """

    name: ClassVar[str] = "tree"
    noun: ClassVar[str] = "a regression tree"
    signed: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    selects: ClassVar[bool] = True
    selects_columns: ClassVar[bool] = True

    def fit(self, problem: Problem, selection: Selection) -> Fitted:  # noqa: ARG002 - a tree selects by itself
        """Grow one tree a class."""
        from sklearn.tree import DecisionTreeRegressor

        trees, importances = [], []
        for target in problem.targets.T:
            tree = DecisionTreeRegressor(min_samples_split=10, random_state=0)
            tree.fit(problem.masks, target, sample_weight=problem.weights)
            splits = max(1, int((tree.tree_.children_left >= 0).sum()))
            importances.append(tree.tree_.compute_feature_importances(normalize=False) / splits)
            trees.append(tree)
        coefficients = np.stack(importances)
        target_mean = problem.weights @ problem.targets / problem.weights.sum()
        return Fitted(
            coefficients,
            target_mean,
            tuple(np.flatnonzero(row) for row in coefficients),
            lambda masks: np.stack([tree.predict(masks) for tree in trees], axis=1),
        )


SURROGATES: Registry[Surrogate] = Registry("surrogate", Ridge, LeastSquares, Lasso, Tree)


def _normal_equations(problem: Problem) -> tuple[Floats, Floats, Floats, Floats]:
    """Return X'WX (S, S) and X'WY (S, C) of the centred problem, and the means of masks and targets."""
    masks, targets, mask_mean, target_mean = problem.centred()
    weighted = masks * problem.weights[:, None]
    return weighted.T @ masks, weighted.T @ targets, mask_mean, target_mean


def _columns(problem: Problem, selection: Selection, gram: Floats, moment: Floats) -> NDArray[np.int64]:
    return selection.columns(gram, moment, samples=len(problem.masks), weight_scale=problem.weight_scale)


def _solve(problem: Problem, selection: Selection, alpha: float) -> Fitted:
    gram, moments, mask_mean, target_mean = _normal_equations(problem)
    supports = tuple(_columns(problem, selection, gram, moment) for moment in moments.T)
    coefficients = np.zeros((moments.shape[1], len(gram)))
    if selection.everything:
        coefficients[:] = (inverse(gram, alpha) @ moments).T
    else:
        for row, columns in enumerate(supports):
            coefficients[row, columns] = inverse(gram[np.ix_(columns, columns)], alpha) @ moments[columns, row]
    return linear(coefficients, target_mean - coefficients @ mask_mean, supports)
