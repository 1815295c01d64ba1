"""The fast half: distance → kernel weight → selection → weighted fit, for all explained classes at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.errors import SpecError
from lime_core.explanation.explanation import ClassExplanation, Explanation, excludes_zero
from lime_core.judge.evidence import Design, Facts
from lime_core.judge.verdict import judge
from lime_core.masks.kernels import chosen_classes, distances, effective_sample_size, kernel_weights, target_values
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec

Floats = NDArray[np.float64]

FOLDS = 5
_FORWARD_LIMIT = 6  # the lime package's 'auto' selects forward up to here
_SELECTION_ALPHA = 0.01  # the lime package's penalty when it ranks by weight


@one_thread()
def fit(neighborhood: Neighborhood, spec: ExplainSpec | None = None) -> Explanation:
    """Fit the weighted linear surrogate of every explained class (milliseconds; no model call).

    Parameters
    ----------
    neighborhood : Neighborhood
        Masks and outputs of `query`.
    spec : ExplainSpec, optional
        Its fit and view fields are used; segmentation and query fields stay those that made `neighborhood`.

    Returns
    -------
    explanation : Explanation

    Raises
    ------
    SpecError
        When a class index is out of range, the kernel gives all weight to nothing, least squares has fewer samples
        than superpixels, or log-odds are wanted of outputs outside 0..1.
    """
    spec = (spec or neighborhood.spec).with_stages_of(neighborhood.spec, *QUERY_STAGES)
    classes = chosen_classes(neighborhood.original_outputs, spec)
    problem = _pose(neighborhood, spec, classes)
    notes = _notes(problem, spec)
    surrogate = _FITTERS[spec.surrogate](problem, spec)
    held_out = _held_out_predictions(problem, spec)
    fitted = surrogate.predict(problem.masks)
    influence = None if spec.surrogate == "tree" else _influence(problem, spec, surrogate, fitted)
    enough = [len(np.unique(problem.pairs)) > len(support) for support in surrogate.supports]
    covariances = _covariances(influence, surrogate.coefficients.shape, enough)
    numbers = {
        "model_output": target_values(neighborhood.original_outputs[None, classes], spec)[0],
        "surrogate_output": surrogate.predict(np.ones((1, neighborhood.superpixels)))[0],
        "r2": _weighted_r2(problem, fitted),
        "r2_holdout": _weighted_r2(problem, held_out),
    }
    shared = _shared_facts(neighborhood, problem, spec)
    explained = []
    for row, index in enumerate(classes):
        own: dict[str, Any] = {name: float(values[row]) for name, values in numbers.items()}
        std_errors = np.sqrt(covariances[row, row])
        facts = Facts(
            outputs=np.ascontiguousarray(neighborhood.outputs[:, index]),
            targets=problem.targets[:, row],
            residuals=problem.targets[:, row] - fitted[:, row],
            coefficients=surrogate.coefficients[row],
            influence=None if influence is None or not enough[row] else influence[row],
            sure=excludes_zero(surrogate.coefficients[row], std_errors),
            **own,
            **shared,
        )
        explained.append(
            ClassExplanation(
                index=index,
                name=neighborhood.class_names[index],
                probability=float(neighborhood.original_outputs[index]),
                coefficients=surrogate.coefficients[row],
                std_errors=std_errors,
                intercept=float(surrogate.intercepts[row]),
                trust=judge(facts),
                **own,
            )
        )
    return Explanation(
        classes=tuple(explained),
        segments=neighborhood.segments,
        covariances=covariances,
        signed=spec.surrogate != "tree",
        samples=neighborhood.samples,
        stop_reason=neighborhood.stop_reason,
        effective_sample_size=effective_sample_size(problem.weights),
        notes=(*notes, *neighborhood.notes),
        spec=spec,
        provenance=neighborhood.provenance,
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """One weighted regression: masks (N,S), targets (N,C), weights (N,), pairs (N,), varies (C,)."""

    masks: Floats
    targets: Floats
    weights: Floats
    pairs: NDArray[np.int32]
    weight_scale: float  # Σ of the weights as used over Σ of the kernel's own
    varies: NDArray[np.bool_]  # whether there is anything to explain about a class

    def rows(self, keep: NDArray[np.bool_]) -> _Problem:
        return replace(
            self, masks=self.masks[keep], targets=self.targets[keep], weights=self.weights[keep], pairs=self.pairs[keep]
        )

    def centred(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Masks and targets about their weighted means, and those means; what does not vary is exactly 0."""
        total = self.weights.sum()
        mask_mean = self.weights @ self.masks / total
        target_mean = self.weights @ self.targets / total
        targets = np.where(self.varies, self.targets - target_mean, 0.0)
        return self.masks - mask_mean, targets, mask_mean, target_mean


@dataclass(frozen=True, slots=True)
class _Surrogate:
    """A fitted surrogate: coefficients (C,S), intercepts (C,), and the columns each class uses."""

    coefficients: Floats
    intercepts: Floats
    supports: tuple[NDArray[np.int64], ...]
    predict: Callable[[Floats], Floats]


def _pose(neighborhood: Neighborhood, spec: ExplainSpec, classes: list[int]) -> _Problem:
    distance = distances(neighborhood.masks, neighborhood.energy, spec.distance)
    if spec.normalize_weights:
        # Only ratios matter then: measuring from the nearest sample keeps a narrow kernel from underflowing.
        nearest = distance.min()
        distance = np.sqrt(np.maximum(distance**2 - nearest**2, 0.0))
    weights = kernel_weights(distance, spec.kernel, spec.kernel_width)
    total = float(weights.sum())
    if total < 1e-200:
        raise SpecError(
            f"kernel_width={spec.kernel_width:g} gives every sample a weight of nothing: the distances are "
            f"{distance.min():.3g}..{distance.max():.3g}; use a wider kernel."
        )
    scale = 1.0 / total if spec.normalize_weights else 1.0
    outputs = neighborhood.outputs[:, classes]
    targets = target_values(outputs, spec)
    return _Problem(
        masks=neighborhood.masks.astype(np.float64),
        targets=targets,
        weights=weights * scale,
        pairs=neighborhood.pairs,
        weight_scale=scale,
        varies=_vary(outputs.astype(np.float64), weights) & _vary(targets, weights),
    )


def _vary(values: Floats, weights: Floats) -> NDArray[np.bool_]:
    """Say which columns of values (N,C) vary beyond float32 rounding, bool (C,).

    Asked of outputs, whose rounding log-odds near 0 and 1 would blow up, and of targets, which a cut may have levelled.
    """
    spread = np.sqrt(weights @ (values - np.average(values, axis=0, weights=weights)) ** 2 / weights.sum())
    varies: NDArray[np.bool_] = spread > 1e-7 * np.abs(values).max(axis=0)
    return varies


def _notes(problem: _Problem, spec: ExplainSpec) -> tuple[str, ...]:
    samples, superpixels = problem.masks.shape
    unknowns = superpixels if spec.selection == "none" else min(superpixels, spec.max_features)
    notes = []
    if samples <= unknowns and spec.surrogate != "tree":
        text = f"{samples} samples cannot tell {unknowns} superpixels apart"
        if spec.surrogate == "least_squares":
            raise SpecError(f"{text}: raise samples above {unknowns}, or use surrogate 'ridge'.")
        notes.append(f"{text}; the penalty decides between them. Raise samples above {unknowns}.")
    effective = effective_sample_size(problem.weights)
    if effective < unknowns < samples:
        notes.append(
            f"The kernel leaves an effective {effective:.0f} of {samples} samples for {unknowns} superpixels; "
            "use a wider kernel or more samples."
        )
    return tuple(notes)


def _fit_linear(problem: _Problem, spec: ExplainSpec) -> _Surrogate:
    masks, targets, mask_mean, target_mean = problem.centred()
    weighted = masks * problem.weights[:, None]
    gram, moments = weighted.T @ masks, weighted.T @ targets
    alpha = 0.0 if spec.surrogate == "least_squares" else spec.alpha
    supports = tuple(_select(problem, spec, gram, moments[:, row]) for row in range(targets.shape[1]))
    coefficients = np.zeros((targets.shape[1], masks.shape[1]))
    if spec.selection == "none":
        coefficients[:] = (_inverse(gram, alpha) @ moments).T
    else:
        for row, support in enumerate(supports):
            inverse = _inverse(gram[np.ix_(support, support)], alpha)
            coefficients[row, support] = inverse @ moments[support, row]
    return _linear(coefficients, target_mean - coefficients @ mask_mean, supports)


def _fit_lasso(problem: _Problem, spec: ExplainSpec) -> _Surrogate:
    from sklearn.linear_model import Lasso  # brings pandas: a second and a half that the default fit can do without

    superpixels, classes = problem.masks.shape[1], problem.targets.shape[1]
    coefficients, intercepts = np.zeros((classes, superpixels)), np.zeros(classes)
    masks, targets, _, _ = problem.centred()
    weighted = masks * problem.weights[:, None]
    gram, moments = weighted.T @ masks, weighted.T @ targets
    for row in range(classes):
        support = _select(problem, spec, gram, moments[:, row])
        lasso = Lasso(alpha=spec.alpha, tol=1e-8, max_iter=10_000)
        lasso.fit(problem.masks[:, support], problem.targets[:, row], sample_weight=problem.weights)
        coefficients[row, support], intercepts[row] = lasso.coef_, lasso.intercept_
    return _linear(coefficients, intercepts, tuple(np.flatnonzero(row) for row in coefficients))


def _linear(coefficients: Floats, intercepts: Floats, supports: tuple[NDArray[np.int64], ...]) -> _Surrogate:
    return _Surrogate(coefficients, intercepts, supports, lambda masks: masks @ coefficients.T + intercepts)


def _fit_tree(problem: _Problem, spec: ExplainSpec) -> _Surrogate:  # noqa: ARG001 - one signature for all fitters
    from sklearn.tree import DecisionTreeRegressor

    # MATLAB's importance: the fall in mean squared error at a predictor's splits, over the number of splits.
    trees, importances = [], []
    for target in problem.targets.T:
        tree = DecisionTreeRegressor(min_samples_split=10, random_state=0)
        tree.fit(problem.masks, target, sample_weight=problem.weights)
        splits = max(1, int((tree.tree_.children_left >= 0).sum()))
        importances.append(tree.tree_.compute_feature_importances(normalize=False) / splits)
        trees.append(tree)
    coefficients = np.stack(importances)
    target_mean = problem.weights @ problem.targets / problem.weights.sum()
    return _Surrogate(
        coefficients,
        target_mean,
        tuple(np.flatnonzero(row) for row in coefficients),
        lambda masks: np.stack([tree.predict(masks) for tree in trees], axis=1),
    )


_FITTERS: dict[str, Callable[[_Problem, ExplainSpec], _Surrogate]] = {
    "ridge": _fit_linear,
    "least_squares": _fit_linear,
    "lasso": _fit_lasso,
    "tree": _fit_tree,
}


def _select(problem: _Problem, spec: ExplainSpec, gram: Floats, moment: Floats) -> NDArray[np.int64]:
    """Return the columns that enter the fit of one class, from its normal equations."""
    count = min(spec.max_features, len(moment))
    selection = spec.selection
    if selection == "auto":
        selection = "forward" if count <= _FORWARD_LIMIT else "highest_weights"
    if selection == "none":
        return np.arange(len(moment))
    if selection == "forward":
        return _forward(gram, moment, count)
    if selection == "highest_weights":
        ranked = _inverse(gram, _SELECTION_ALPHA * problem.weight_scale) @ moment
        return np.argsort(-np.abs(ranked), kind="stable")[:count]
    return _lasso_path(gram, moment, len(problem.masks), count)


def _forward(gram: Floats, moment: Floats, count: int) -> NDArray[np.int64]:
    """Add, one at a time, the column that raises the weighted R² most (a sweep of the normal equations)."""
    gram, moment = gram.copy(), moment.copy()
    independent = 1e-10 * np.diagonal(gram).max(initial=0.0)
    chosen: list[int] = []
    for _ in range(count):
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


def _lasso_path(gram: Floats, moment: Floats, samples: int, count: int) -> NDArray[np.int64]:
    """Return the last set of at most `count` columns along the lasso path (K-LASSO)."""
    from sklearn.linear_model import lars_path_gram

    _, _, path = lars_path_gram(moment, gram, n_samples=samples, method="lasso")
    for coefficients in path.T[::-1]:
        columns = np.flatnonzero(coefficients)
        if 0 < len(columns) <= count:
            return columns
    return np.flatnonzero(path[:, -1])[:count]


def _inverse(gram: Floats, alpha: float) -> Floats:
    """Return (G + αI)⁻¹, or the pseudo-inverse where columns cannot be told apart."""
    penalized = gram + alpha * np.eye(len(gram))
    factor, failed = linalg.lapack.dpotrf(penalized, lower=1)
    pivots = np.diagonal(factor)
    if failed or not len(gram) or pivots.min() <= 1e-6 * pivots.max():
        pseudo: Floats = linalg.pinvh(penalized) if len(gram) else penalized
        return pseudo
    lower, _ = linalg.lapack.dpotri(factor, lower=1)
    inverse: Floats = np.tril(lower) + np.tril(lower, -1).T
    return inverse


def _held_out_predictions(problem: _Problem, spec: ExplainSpec) -> Floats:
    """Predict each sample from a surrogate that was selected and fitted without its fold; pairs stay together."""
    _, cluster = np.unique(problem.pairs, return_inverse=True)
    folds = min(FOLDS, int(cluster.max()) + 1)
    predictions = np.full_like(problem.targets, np.nan)
    if folds < 2:
        return predictions
    for fold in range(folds):
        held_out = cluster % folds == fold
        train = problem.rows(~held_out)
        if train.weights.sum() > 0:
            predictions[held_out] = _FITTERS[spec.surrogate](train, spec).predict(problem.masks[held_out])
    return predictions


def _weighted_r2(problem: _Problem, predictions: Floats) -> Floats:
    """Return weighted R² per class; NaN where the target does not vary."""
    _, centred, _, _ = problem.centred()
    total = problem.weights @ centred**2
    residual = problem.weights @ (problem.targets - predictions) ** 2
    return np.where(problem.varies, 1 - residual / np.where(problem.varies, total, 1.0), np.nan)


def _shared_facts(neighborhood: Neighborhood, problem: _Problem, spec: ExplainSpec) -> dict[str, Any]:
    """Return what a verdict on any class rests on."""
    sizes = np.bincount(neighborhood.segments.ravel())
    return {
        "spec": spec,
        "design": Design(problem.masks, problem.weights),
        "pairs": problem.pairs,
        "effective_samples": effective_sample_size(problem.weights),
        "largest_superpixel": float(sizes.max() / sizes.sum()),
        "typical_distance": float(np.median(distances(neighborhood.masks, neighborhood.energy, spec.distance))),
    }


def _covariances(influence: Floats | None, shape: tuple[int, ...], enough: list[bool]) -> Floats:
    """Return cov[a, b, j], the covariance of the coefficients of superpixel j for classes a and b.

    The sandwich estimator, clustered by pair, with the factor G/(G−S) for G pairs: the odd part of a pair's two
    answers is all that it says about the coefficients. NaN where nothing was estimated, infinite variances for
    classes without `enough` pairs, whose residuals would vanish and pretend to certainty.
    """
    classes, superpixels = shape
    if influence is None:
        return np.full((classes, classes, superpixels), np.nan)
    by_superpixel = influence.transpose(2, 0, 1)  # (S, C, pairs)
    covariances = np.ascontiguousarray((by_superpixel @ by_superpixel.transpose(0, 2, 1)).transpose(1, 2, 0))
    for row in np.flatnonzero(~np.array(enough)):
        unestimated = np.isnan(covariances[row, row])
        covariances[row], covariances[:, row] = 0.0, 0.0
        covariances[row, row] = np.where(unestimated, np.nan, np.inf)
    return covariances


def _influence(problem: _Problem, spec: ExplainSpec, surrogate: _Surrogate, fitted: Floats) -> Floats:
    """Return what each pair of samples adds to each coefficient, float64 (C, pairs, S)."""
    superpixels = problem.masks.shape[1]
    masks, _, _, _ = problem.centred()
    alpha = spec.alpha if spec.surrogate == "ridge" else 0.0
    gram = (masks * problem.weights[:, None]).T @ masks
    residuals = problem.weights[:, None] * (problem.targets - fitted)
    starts = np.flatnonzero(np.diff(problem.pairs, prepend=problem.pairs[0] - 1))
    influence = np.full((len(surrogate.supports), len(starts), superpixels), np.nan)
    inverses: dict[bytes, Floats] = {}
    for row, support in enumerate(surrogate.supports):
        key = support.tobytes()
        if key not in inverses:
            inverses[key] = _inverse(gram[np.ix_(support, support)], alpha)
        scores = np.add.reduceat(masks[:, support] * residuals[:, row, None], starts, axis=0)
        correction = np.sqrt(len(starts) / max(len(starts) - len(support), 1))
        influence[row][:, support] = correction * scores @ inverses[key]
    return influence
