"""What a fit leaves beside its explanation: the regression itself, for whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood
from lime_core.errors import SpecError
from lime_core.masks.kernels import distances, effective_sample_size
from lime_core.methods.lime.error_bars import Sandwich, covariances, sandwiches_of
from lime_core.methods.lime.moved import Moved, moved
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.order import Estimates, Order
from lime_core.surrogates.problem import Fitted, Problem

Floats = NDArray[np.float64]

FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Workings:
    """A weighted regression with its solution, for C explained classes.

    Attributes
    ----------
    problem : Problem
        Masks, targets, weights and pairs.
    fitted : Fitted
        The surrogate.
    residuals : ndarray of float64, shape (N, C)
        What the surrogate leaves of the targets.
    sandwiches : list of Sandwich or None
        The error bars of each class; None for a surrogate without.
    enough : ndarray of bool, shape (C,)
        Whether there are more pairs of samples than superpixels in the fit.
    """

    problem: Problem
    fitted: Fitted
    residuals: Floats
    sandwiches: list[Sandwich] | None
    enough: NDArray[np.bool_]

    def influence(self, row: int) -> Floats | None:
        """Return what each pair adds to each coefficient of a class, float64 ``(pairs, S)``; None without error bars.

        0 for superpixels that a selection left out.
        """
        if self.sandwiches is None or not self.enough[row]:
            return None
        shared = self.sandwiches[row]
        own = shared.influence(self.residuals[:, row])
        superpixels = self.problem.masks.shape[1]
        if len(shared.columns) == superpixels:
            return own
        result = np.zeros((len(own), superpixels))
        result[:, shared.columns] = own
        return result

    def order(self, row: int, moved: Floats | None) -> Order | None:
        """Return which ranks the coefficients of a class can have; None where not all of them have error bars.

        Parameters
        ----------
        row : int
            Which class.
        moved : ndarray of float64, shape (S,), or None
            Standard deviations of what reduced precision may have moved the coefficients by.
        """
        superpixels = self.problem.masks.shape[1]
        if self.sandwiches is None or len(self.sandwiches[row].columns) < superpixels:
            return None
        influence = self.influence(row)
        if influence is None:
            return Order.unknown(superpixels)
        return Estimates(self.fitted.coefficients[row], influence.T @ influence, self.degrees(row), moved).order()

    @property
    def covariances(self) -> Floats:
        """The covariances that the samples alone give, float64 ``(C, C, S)``; see `error_bars.covariances`."""
        classes, superpixels = self.fitted.coefficients.shape
        if self.sandwiches is None:
            return np.full((classes, classes, superpixels), np.nan)
        return covariances(self.sandwiches, self.residuals, superpixels, self.enough)

    def moved(self, neighborhood: Neighborhood, spec: ExplainSpec, classes: list[int], **ahead: Any) -> Moved | None:
        """Return how far reduced precision may have moved the coefficients; None where nothing was compared.

        None also without error bars. The answers are those that were fitted; `ahead` goes to `moved`.
        """
        rows, outputs = neighborhood.compared, neighborhood.compared_outputs
        if rows is None or outputs is None or self.sandwiches is None:
            return None
        differences = spec.target.values(outputs[:, classes]) - self.problem.targets[rows]
        return moved(self.problem, self.sandwiches, rows, differences, **ahead)

    def degrees(self, row: int) -> Floats:
        """Return the degrees of freedom of the error bars of a class, float64 ``(S,)``; NaN where there are none."""
        result = np.full(self.problem.masks.shape[1], np.nan)
        if self.sandwiches is not None:
            result[self.sandwiches[row].columns] = self.sandwiches[row].degrees
        return result


def solve(neighborhood: Neighborhood, spec: ExplainSpec, classes: list[int]) -> Workings:
    """Pose the regression of some classes and solve it.

    Raises
    ------
    SpecError
        When the kernel gives no sample any weight, least squares has fewer samples than superpixels, or the target does
        not exist for these outputs.
    """
    problem = pose(neighborhood, spec, classes)
    check_samples(problem, spec)
    fitted = spec.surrogate.fit(problem, spec.selection)
    residuals = problem.targets - fitted.predict(problem.masks)
    sandwiches = sandwiches_of(problem, fitted, spec.surrogate.ridge_penalty) if spec.surrogate.linear else None
    pairs = len(np.unique(problem.pairs))
    enough = np.array([pairs > len(support) for support in fitted.supports])
    return Workings(problem, fitted, residuals, sandwiches, enough)


def pose(neighborhood: Neighborhood, spec: ExplainSpec, classes: list[int]) -> Problem:
    """Return the regression of some classes."""
    distance = distances(neighborhood.masks, neighborhood.energy, spec.distance)
    if spec.normalize_weights:
        # Only ratios matter then: measuring from the nearest sample keeps a narrow kernel from underflowing.
        nearest = distance.min()
        distance = np.sqrt(np.maximum(distance**2 - nearest**2, 0.0))
    weights = spec.kernel.weights(distance)
    total = float(weights.sum())
    if total < 1e-200:
        raise SpecError(
            f"{spec.kernel} gives every sample a weight of nothing: the distances are "
            f"{distance.min():.3g}..{distance.max():.3g}; use a wider kernel."
        )
    scale = 1.0 / total if spec.normalize_weights else 1.0
    outputs = neighborhood.outputs[:, classes]
    targets = spec.target.values(outputs)
    return Problem(
        masks=neighborhood.masks.astype(np.float64),
        targets=targets,
        weights=weights * scale,
        pairs=neighborhood.pairs,
        weight_scale=scale,
        varies=_vary(outputs.astype(np.float64), weights) & _vary(targets, weights),
    )


def _vary(values: Floats, weights: Floats) -> NDArray[np.bool_]:
    """Say which columns of values (N,C) vary beyond float32 rounding, bool (C,).

    Asked of outputs, whose rounding log-odds near 0 and 1 would magnify, and of targets, which a cut may have levelled.
    """
    spread = np.sqrt(weights @ (values - np.average(values, axis=0, weights=weights)) ** 2 / weights.sum())
    varies: NDArray[np.bool_] = spread > 1e-7 * np.abs(values).max(axis=0)
    return varies


def check_samples(problem: Problem, spec: ExplainSpec) -> tuple[str, ...]:
    """Return notes on samples that are few for the superpixels; refuse what has no solution."""
    samples, superpixels = problem.masks.shape
    unknowns = spec.selection.most(superpixels)
    notes = []
    if spec.surrogate.linear and samples <= unknowns:
        text = f"{samples} samples cannot tell {unknowns} superpixels apart"
        if not spec.surrogate.underdetermined:
            raise SpecError(f"{text}: raise samples above {unknowns}, or use surrogate 'ridge'.")
        notes.append(f"{text}; the penalty decides between them. Raise samples above {unknowns}.")
    if spec.surrogate.linear and not spec.intervals_hold:
        notes.append(
            "The superpixels were selected by the same samples, so the intervals are narrower than 95 % intervals are."
        )
    effective = effective_sample_size(problem.weights)
    if effective < unknowns < samples:
        notes.append(
            f"The kernel leaves an effective {effective:.0f} of {samples} samples for {unknowns} superpixels; "
            "use a wider kernel or more samples."
        )
    return tuple(notes)


def held_out_predictions(problem: Problem, spec: ExplainSpec) -> Floats:
    """Predict each sample from a surrogate that was selected and fitted without its fold; pairs stay together."""
    _, cluster = np.unique(problem.pairs, return_inverse=True)
    folds = min(FOLDS, int(cluster.max()) + 1)
    predictions = np.full_like(problem.targets, np.nan)
    if folds < 2:
        return predictions
    for fold in range(folds):
        held_out = cluster % folds == fold
        train = problem.rows(~held_out)
        kept = float(train.weights.sum() / problem.weights.sum())
        if kept > 0:
            if spec.normalize_weights:
                # With the weights of all samples the penalty is as strong as in the fit that is judged.
                train = replace(train, weights=train.weights / kept, weight_scale=train.weight_scale / kept)
            predictions[held_out] = spec.surrogate.fit(train, spec.selection).predict(problem.masks[held_out])
    return predictions


def weighted_r2(problem: Problem, predictions: Floats) -> Floats:
    """Return weighted R² per class, float64 ``(C,)``; NaN where the target does not vary."""
    _, centred, _, _ = problem.centred()
    total = problem.weights @ centred**2
    residual = problem.weights @ (problem.targets - predictions) ** 2
    return np.where(problem.varies, 1 - residual / np.where(problem.varies, total, 1.0), np.nan)


def r2_errors(problem: Problem, predictions: Floats) -> Floats:
    """Return the standard error of `weighted_r2`, float64 ``(C,)``: that of a ratio of sums over pairs of samples."""
    _, centred, _, _ = problem.centred()
    starts = problem.pair_starts()
    weights = problem.weights[:, None]
    total = np.add.reduceat(weights * centred**2, starts, axis=0)
    residual = np.add.reduceat(weights * (problem.targets - predictions) ** 2, starts, axis=0)
    whole = np.where(problem.varies, total.sum(axis=0), 1.0)
    ratio = residual.sum(axis=0) / whole
    correction = len(starts) / max(len(starts) - 1, 1)
    errors = np.sqrt(correction * ((residual - ratio * total) ** 2).sum(axis=0)) / whole
    return np.where(problem.varies, errors, np.nan)
