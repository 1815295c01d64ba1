"""The search for superpixels that act together, against a regression with the product as a column of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.linear_model import LinearRegression

from lime_core.judge.interactions import Design, nonlinear_share, strongest_interaction
from lime_core.methods.lime.error_bars import sandwich
from lime_core.surrogates.families import LeastSquares
from lime_core.surrogates.problem import Problem
from lime_core.surrogates.selection import All

SUPERPIXELS = 5


def problem_of(strength, samples=60, seed=0, noise=0.2):
    random = np.random.default_rng(seed)
    masks = random.integers(0, 2, (samples, SUPERPIXELS)).astype(float)
    linear = masks @ np.array([0.5, -0.2, 0.1, 0.3, 0.0])
    bent = strength * masks[:, 1] * masks[:, 3] + random.normal(0, noise, samples)
    return Problem(
        masks=masks,
        targets=np.column_stack([random.normal(size=samples), linear + bent]),
        weights=random.uniform(0.2, 1.0, samples),
        pairs=np.arange(samples, dtype=np.int32),
        weight_scale=1.0,
        varies=np.ones(2, bool),
    )


def search(problem, row=1):
    residuals = problem.targets - LeastSquares().fit(problem, All()).predict(problem.masks)
    return strongest_interaction(problem, Design(problem.masks, problem.weights), row, residuals[:, row]), residuals[
        :, row
    ]


@pytest.mark.parametrize("noise", [0.2, 0.01])
@pytest.mark.parametrize("seed", range(3))
def test_the_strongest_pair_is_the_one_whose_product_goes_best_with_what_is_left(seed, noise):
    problem = problem_of(0.0, seed=seed, noise=noise)
    pair, residuals = search(problem)
    weights = problem.weights
    centred = problem.masks - np.average(problem.masks, axis=0, weights=weights)
    scores = {
        (a, b): (weights @ (centred[:, a] * centred[:, b] * residuals)) ** 2
        / (weights @ (centred[:, a] * centred[:, b]) ** 2)
        for a in range(SUPERPIXELS)
        for b in range(a + 1, SUPERPIXELS)
    }
    assert (pair.a, pair.b) == max(scores, key=scores.get)


def test_effect_r2_t_and_chance_are_those_of_a_regression_with_the_product():
    problem = problem_of(0.5)
    pair, _ = search(problem)
    assert (pair.a, pair.b) == (1, 3)
    wider = np.column_stack([problem.masks, problem.masks[:, 1] * problem.masks[:, 3]])
    target, weights = problem.targets[:, 1], problem.weights
    model = LinearRegression().fit(wider, target, sample_weight=weights)
    assert pair.effect == pytest.approx(model.coef_[-1])
    assert pair.r2 == pytest.approx(model.score(wider, target, sample_weight=weights))
    shared = sandwich(replace(problem, masks=wider), np.arange(SUPERPIXELS + 1), 0.0)
    error = np.sqrt((shared.influence(target - model.predict(wider))[:, -1] ** 2).sum())
    assert pair.t == pytest.approx(abs(model.coef_[-1]) / error)
    assert pair.t > 3.5
    assert pair.chance == pytest.approx(2 * student.sf(pair.t, shared.degrees[-1]) * 10)
    assert 0 < pair.chance < 1


def test_an_effect_against_the_class_counts_by_its_size():
    for_it, _ = search(problem_of(0.6))
    against, _ = search(replace(problem_of(0.6), targets=-problem_of(0.6).targets))
    assert against.effect == pytest.approx(-for_it.effect)
    assert against.t == pytest.approx(for_it.t)
    assert against.chance == pytest.approx(for_it.chance)


def test_a_pair_without_promise_has_its_plain_t_and_is_tested_no_further():
    problem = problem_of(0.0, seed=23)
    pair, _ = search(problem)
    wider = np.column_stack([problem.masks, problem.masks[:, pair.a] * problem.masks[:, pair.b]])
    root = np.sqrt(problem.weights)[:, None]
    rows, target = np.column_stack([np.ones(60), wider]) * root, problem.targets[:, 1] * root[:, 0]
    solution, squares, _, _ = np.linalg.lstsq(rows, target, rcond=None)
    error = np.sqrt(squares[0] / (60 - 7) * np.linalg.inv(rows.T @ rows)[-1, -1])
    assert pair.t == pytest.approx(abs(solution[-1]) / error)
    assert 3 < pair.t < 3.5
    assert pair.chance == 1.0
    assert not pair.clear


def test_a_perfect_pair_has_the_largest_t():
    pair, _ = search(problem_of(0.6, noise=0.0))
    assert pair.t == 1e6
    assert pair.r2 == pytest.approx(1)
    assert pair.clear


@pytest.mark.parametrize(("samples", "tested"), [(7, False), (8, True)])
def test_a_product_needs_more_pairs_than_unknowns(samples, tested):
    """Five superpixels, the product and the intercept: seven unknowns."""
    random = np.random.default_rng(1)
    masks = np.array([[0, 0, 0, 0, 0], *np.eye(5), [0, 1, 0, 1, 0], [1, 1, 0, 1, 0]], float)[:samples]
    problem = replace(
        problem_of(0.0, samples=samples), masks=masks, targets=np.column_stack([masks[:, 0], masks[:, 1] * masks[:, 3]])
    )
    problem = replace(problem, targets=problem.targets + random.normal(0, 1e-4, problem.targets.shape))
    pair, _ = search(problem)
    assert (pair.a, pair.b) == (1, 3)
    assert (pair.t > 0) == tested


def test_superpixels_whose_product_never_varies_are_no_pair():
    problem = problem_of(0.3)
    still = replace(problem, masks=np.column_stack([problem.masks[:, 0], np.ones(60)]))
    pair, _ = search(still)
    assert pair is None


def test_the_design_centres_its_columns_and_ignores_those_that_never_vary():
    problem = problem_of(0.3)
    masks = problem.masks.copy()
    masks[:, 2] = 0.0
    design = Design(masks, problem.weights)
    assert problem.weights @ design.centred == pytest.approx(0, abs=1e-9)
    assert np.isinf(design.pair_spread[2]).all()
    assert np.isinf(design.pair_spread[:, 2]).all()
    centred = design.centred
    assert design.pair_spread[0, 1] == pytest.approx(problem.weights @ (centred[:, 0] * centred[:, 1]) ** 2)
    left = design.without_linear_part(problem.targets[:, 1])
    fitted = LinearRegression().fit(masks, problem.targets[:, 1], sample_weight=problem.weights).predict(masks)
    assert left == pytest.approx(problem.targets[:, 1] - fitted, abs=1e-6)


@pytest.mark.parametrize(("targets", "share"), [([1.0, 3, 5, 7], 0.8), ([1.0, -1, 2, -2], 0.0), ([1.0, 1, 2, 2], 1.0)])
def test_what_pairs_have_in_common_beyond_their_mean_is_out_of_reach(targets, share):
    """Evens 2 and 6 have the variance 4, odds of 1 the mean square 1: four fifths."""
    assert nonlinear_share(np.array(targets), np.array([0, 0, 1, 1], np.int32)) == pytest.approx(share)


def test_the_nonlinear_share_needs_two_pairs_and_something_that_varies():
    pairs = np.array([0, 0, 1, 1], np.int32)
    assert np.isnan(nonlinear_share(np.array([1.0, 2, 3]), np.array([0, 0, 1], np.int32)))
    assert np.isnan(nonlinear_share(np.zeros(4), pairs))
    assert np.isfinite(nonlinear_share(np.array([1.0, 2, 3, 4]), pairs))


@pytest.mark.parametrize("constant", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(20))
def test_a_superpixel_that_never_varies_is_in_no_pair_and_hides_none(constant, seed):
    problem = problem_of(2.0, seed=seed)
    problem.masks[:, 0] = constant
    design = Design(problem.masks, problem.weights)
    assert np.isinf(design.pair_spread[0]).all()
    pair, _ = search(problem)
    assert (pair.a, pair.b) == (1, 3)
