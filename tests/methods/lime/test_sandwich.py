"""Error bars against their formulas, worked out with whole matrices instead of sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lime_core.methods.lime.error_bars import covariances, sandwich, sandwiches_of
from lime_core.surrogates.families import Ridge
from lime_core.surrogates.problem import Fitted, Problem
from lime_core.surrogates.selection import All

SUPERPIXELS, CLASSES = 4, 3
PAIRS = np.array([0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 9, 10, 10], np.int32)  # some without a partner
ALPHA = 0.3


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(4)
    samples = len(PAIRS)
    return Problem(
        masks=random.integers(0, 2, (samples, SUPERPIXELS)).astype(float),
        targets=random.normal(size=(samples, CLASSES)),
        weights=random.uniform(0.2, 1.0, samples),
        pairs=PAIRS,
        weight_scale=1.0,
        varies=np.ones(CLASSES, bool),
    )


def dense(problem, columns, alpha, residuals):
    """Influences (pairs, K) and degrees of freedom (K,) of the formulas in the module's docstring."""
    weights = problem.weights
    masks = problem.masks[:, columns] - weights @ problem.masks[:, columns] / weights.sum()
    rows = np.column_stack([np.ones(len(masks)), masks])
    penalty = np.diag(np.r_[0.0, np.full(len(columns), alpha)])
    inverse = np.linalg.inv(rows.T @ np.diag(weights) @ rows + penalty)
    hat = rows @ inverse @ rows.T @ np.diag(weights)
    left = (np.eye(len(rows)) - hat) @ (np.eye(len(rows)) - hat).T
    influences, shares, leverages = [], [], []
    pairs = [np.flatnonzero(problem.pairs == pair) for pair in np.unique(problem.pairs)]
    for group in sorted(pairs, key=lambda group: -len(group)):  # those with a partner first
        values, vectors = np.linalg.eigh(left[np.ix_(group, group)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        pulls = (inverse @ rows[group].T @ np.diag(weights[group]))[1:]
        influences.append(pulls @ root @ residuals[group])
        shares.append((pulls**2).sum(axis=1))
        leverages.append(np.trace(hat[np.ix_(group, group)]))
    shares, leverages = np.array(shares), np.array(leverages)
    total = shares.sum(axis=0)
    degrees = total**2 / (shares**2).sum(axis=0) * (1 - leverages @ shares / total)
    return np.array(influences), np.maximum(degrees, 1.0)


@pytest.mark.parametrize("columns", [[0, 1, 2, 3], [3, 1]])
@pytest.mark.parametrize("alpha", [0.0, ALPHA])
def test_influences_and_degrees_of_freedom_are_those_of_the_formulas(problem, columns, alpha):
    columns = np.array(columns)
    residuals = problem.targets[:, 0]
    shared = sandwich(problem, columns, alpha)
    influence, degrees = dense(problem, columns, alpha, residuals)
    assert shared.influence(residuals) == pytest.approx(influence, rel=1e-9)
    assert shared.degrees == pytest.approx(degrees, rel=1e-9)
    assert (degrees > 2).all()
    assert np.array_equal(shared.columns, columns)


def test_one_heavy_pair_leaves_one_degree_of_freedom(problem):
    weights = np.full(len(PAIRS), 1e-9)
    weights[1:9] = 1.0
    lonely = replace(problem, weights=weights)
    shared = sandwich(lonely, np.array([0]), 0.0)
    _, degrees = dense(lonely, np.array([0]), 0.0, problem.targets[:, 0])
    assert shared.degrees == pytest.approx(degrees, rel=1e-6)
    weights[3:] = 1e-12
    assert sandwich(replace(problem, weights=weights), np.array([0]), 0.0).degrees == pytest.approx(1.0)


def test_a_pair_that_decides_a_coefficient_alone_has_a_finite_error(problem):
    masks = problem.masks.copy()
    masks[:, 2] = 0.0
    masks[1, 2] = 1.0  # shown in one sample only
    shared = sandwich(replace(problem, masks=masks), np.arange(4), 0.0)
    assert np.isfinite(shared.influence(problem.targets[:, 0])).all()
    # What the fit leaves of that sample is nothing; it is not divided by less than a thousandth.
    assert np.abs(shared.roots).max() <= 1000.0
    single = masks.copy()
    single[:, 2] = 0.0
    single[0, 2] = 1.0
    alone = sandwich(replace(problem, masks=single), np.arange(4), 0.0)
    assert alone.single_roots.max() == pytest.approx(1000.0)


def test_equal_columns_share_one_sandwich_and_give_joint_covariances(problem):
    fitted = Ridge(alpha=ALPHA).fit(problem, All())
    residuals = problem.targets - fitted.predict(problem.masks)
    shared = sandwiches_of(problem, fitted, ALPHA)
    assert all(each is shared[0] for each in shared)
    result = covariances(shared, residuals, SUPERPIXELS, np.ones(CLASSES, bool))
    influences = [dense(problem, np.arange(4), ALPHA, residuals[:, row])[0] for row in range(CLASSES)]
    for a in range(CLASSES):
        for b in range(CLASSES):
            assert result[a, b] == pytest.approx((influences[a] * influences[b]).sum(axis=0), rel=1e-9)


def supported(*supports):
    nothing = np.zeros((CLASSES, SUPERPIXELS))
    return Fitted(nothing, np.zeros(CLASSES), tuple(np.array(each) for each in supports), lambda masks: masks)


def test_classes_with_other_columns_covary_where_both_have_a_coefficient(problem):
    residuals = problem.targets
    shared = sandwiches_of(problem, supported([0, 2], [2, 3], [0, 2]), 0.0)
    assert shared[0] is shared[2]
    assert shared[0] is not shared[1]
    result = covariances(shared, residuals, SUPERPIXELS, np.ones(CLASSES, bool))
    first, _ = dense(problem, np.array([0, 2]), 0.0, residuals[:, 0])
    second, _ = dense(problem, np.array([2, 3]), 0.0, residuals[:, 1])
    assert result[0, 0, [0, 2]] == pytest.approx((first**2).sum(axis=0))
    assert result[1, 1, [2, 3]] == pytest.approx((second**2).sum(axis=0))
    assert result[0, 1, 2] == result[1, 0, 2] == pytest.approx((first[:, 1] * second[:, 0]).sum())
    assert np.isnan(result[0, 1, [0, 1, 3]]).all()
    assert np.isnan(result[0, 0, [1, 3]]).all()


def test_a_selection_that_all_classes_share_leaves_the_others_unestimated(problem):
    shared = sandwiches_of(problem, supported([1, 3], [1, 3], [1, 3]), 0.0)
    result = covariances(shared, problem.targets, SUPERPIXELS, np.ones(CLASSES, bool))
    influence, _ = dense(problem, np.array([1, 3]), 0.0, problem.targets[:, 2])
    assert result[2, 2, [1, 3]] == pytest.approx((influence**2).sum(axis=0))
    assert np.isnan(result[:, :, [0, 2]]).all()
    assert np.array_equal(result, result.transpose(1, 0, 2), equal_nan=True)


@pytest.mark.parametrize("supports", [([0, 1, 2, 3],) * 3, ([0, 1, 2], [0, 1, 2], [0, 1, 2])])
def test_a_class_without_enough_pairs_has_infinite_variances_and_covaries_with_none(problem, supports):
    shared = sandwiches_of(problem, supported(*supports), 0.0)
    enough = np.array([True, False, True])
    result = covariances(shared, problem.targets, SUPERPIXELS, enough)
    estimated = supports[0]
    assert np.isinf(result[1, 1, estimated]).all()
    assert (result[1, 1, estimated] > 0).all()
    for other in (0, 2):
        assert (result[1, other] == 0).all()
        assert (result[other, 1] == 0).all()
        assert np.isfinite(result[other, other, estimated]).all()
    assert np.isfinite(result[0, 2, estimated]).all()
    assert (result[0, 2, estimated] != 0).all()
    if len(estimated) < SUPERPIXELS:
        assert np.isnan(result[1, 1, 3])
