"""The regression behind an explanation: weights, held-out folds, R² with its error, and notes at their borders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer, linear
from sklearn.linear_model import Ridge as SklearnRidge

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from lime_core.masks.kernels import distances
from lime_core.methods.lime.fit import fit_surrogate
from lime_core.methods.lime.workings import (
    check_samples,
    held_out_predictions,
    pose,
    r2_errors,
    solve,
    weighted_r2,
)
from lime_core.surrogates.problem import Problem

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=60, fill="black", alpha=0.4, target="probability")


def bent(masks):
    return np.stack([0.2 + 0.3 * masks[:, 0] * masks[:, 1] + 0.02 * masks.sum(axis=1), 0.5 * masks[:, 3]], axis=1)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.fixture(scope="module")
def neighborhood(image):
    return lc.query(image, known_answer(bent, image, SPEC), SPEC)


def posed(neighborhood, **changes):
    spec = replace(SPEC, **changes)
    return pose(neighborhood, spec, [0, 1]), spec


# Weights


def test_weights_are_those_of_the_kernel_or_sum_to_one(neighborhood):
    distance = distances(neighborhood.masks, neighborhood.energy, "cosine")
    raw, _ = posed(neighborhood, normalize_weights=False)
    assert raw.weights == pytest.approx(SPEC.kernel.weights(distance))
    assert raw.weight_scale == 1.0
    normal, _ = posed(neighborhood, normalize_weights=True)
    assert normal.weights.sum() == pytest.approx(1)
    assert normal.weights / normal.weights.max() == pytest.approx(raw.weights / raw.weights.max())
    # Distances are measured from the nearest sample, which has the weight 1 before all are divided by their sum.
    assert normal.weight_scale == pytest.approx(normal.weights.max())


def test_a_narrow_kernel_measured_from_the_nearest_sample_does_not_vanish(neighborhood):
    narrow, _ = posed(neighborhood, normalize_weights=True, kernel_width=0.001)
    distance = distances(neighborhood.masks, neighborhood.energy, "cosine")
    at_minimum = np.isclose(distance, distance.min())
    assert narrow.weights[at_minimum] == pytest.approx(1 / at_minimum.sum())
    assert narrow.weights[~at_minimum] == pytest.approx(0, abs=1e-12)
    with pytest.raises(lc.SpecError, match="gives every sample a weight of nothing"):
        posed(neighborhood, normalize_weights=False, kernel_width=0.001)


def test_pairs_targets_and_masks_are_those_of_the_answers(neighborhood):
    problem, _ = posed(neighborhood)
    assert np.array_equal(problem.pairs, neighborhood.pairs)
    assert problem.targets == pytest.approx(neighborhood.outputs[:, [0, 1]])
    assert np.array_equal(problem.masks, neighborhood.masks)
    assert problem.varies.all()


@pytest.mark.parametrize(("spread", "varies"), [(0.9e-7, False), (1.2e-7, True)])
def test_a_target_varies_beyond_a_ten_millionth_of_its_largest(neighborhood, spread, varies):
    outputs = np.zeros((60, 1))
    outputs[:, 0] = -2.0 * (1 + spread * np.where(np.arange(60) % 2, 1.0, -1.0))
    flat = replace(SPEC, kernel="none")
    assert pose(replace(neighborhood, outputs=outputs), flat, [0]).varies.tolist() == [varies]


# Held-out folds


@pytest.mark.parametrize("normalize_weights", [True, False])
def test_held_out_predictions_leave_out_every_fifth_pair_and_keep_the_penalty_as_strong(
    neighborhood, normalize_weights
):
    problem, spec = posed(neighborhood, normalize_weights=normalize_weights)
    predictions = held_out_predictions(problem, spec)
    for fold in range(5):
        out = neighborhood.pairs % 5 == fold
        weights = problem.weights[~out]
        if normalize_weights:
            weights = weights / weights.sum()
        model = SklearnRidge(alpha=0.4).fit(problem.masks[~out], problem.targets[~out], sample_weight=weights)
        assert predictions[out] == pytest.approx(model.predict(problem.masks[out]), abs=1e-9)


@pytest.mark.parametrize("pairs", [1, 2, 3, 4])
def test_with_fewer_pairs_than_folds_each_pair_is_a_fold(neighborhood, pairs):
    problem, spec = posed(neighborhood)
    few = problem.rows(neighborhood.pairs < pairs)
    predictions = held_out_predictions(few, spec)
    assert np.isnan(predictions).all() == (pairs == 1)
    for pair in range(pairs if pairs > 1 else 0):
        out = few.pairs == pair
        weights = few.weights[~out] * (few.weights.sum() / few.weights[~out].sum())
        model = SklearnRidge(alpha=0.4).fit(few.masks[~out], few.targets[~out], sample_weight=weights)
        assert predictions[out] == pytest.approx(model.predict(few.masks[out]), abs=1e-9)


def test_a_fold_that_holds_all_the_weight_predicts_nothing_for_itself(neighborhood):
    problem, spec = posed(neighborhood)
    lonely = replace(problem, weights=np.where(neighborhood.pairs == 0, 0.5, 0.0))
    predictions = held_out_predictions(lonely, spec)
    first = neighborhood.pairs % 5 == 0
    assert np.isnan(predictions[first]).all()
    assert np.isfinite(predictions[~first]).all()


# R²


def small():
    """Four pairs with two classes, the second of which does not vary."""
    return Problem(
        masks=np.zeros((8, 1)),
        targets=np.column_stack([[1.0, 2, 3, 4, 5, 6, 7, 9], np.ones(8)]),
        weights=np.array([1.0, 2, 1, 2, 1, 2, 1, 2]),
        pairs=np.repeat(np.arange(4, dtype=np.int32), 2),
        weight_scale=1.0,
        varies=np.array([True, False]),
    )


def test_r2_is_one_less_the_weighted_share_of_squares_that_is_left():
    problem, predictions = small(), np.column_stack([[1.5, 2, 2, 4, 5, 7, 7, 8], np.ones(8)])
    target, weights = problem.targets[:, 0], problem.weights
    mean = np.average(target, weights=weights)
    left = weights @ (target - predictions[:, 0]) ** 2
    result = weighted_r2(problem, predictions)
    assert result[0] == pytest.approx(1 - left / (weights @ (target - mean) ** 2))
    assert np.isnan(result[1])


def test_the_error_of_r2_is_that_of_a_ratio_of_sums_over_pairs():
    problem, predictions = small(), np.column_stack([[1.5, 2, 2, 4, 5, 7, 7, 8], np.ones(8)])
    target, weights = problem.targets[:, 0], problem.weights
    mean = np.average(target, weights=weights)
    total = (weights * (target - mean) ** 2).reshape(4, 2).sum(axis=1)
    left = (weights * (target - predictions[:, 0]) ** 2).reshape(4, 2).sum(axis=1)
    ratio = left.sum() / total.sum()
    expected = np.sqrt(4 / 3 * ((left - ratio * total) ** 2).sum()) / total.sum()
    result = r2_errors(problem, predictions)
    assert result[0] == pytest.approx(expected)
    assert np.isnan(result[1])


def test_the_error_of_r2_of_one_pair_is_nothing_to_divide_by():
    one = small().rows(np.arange(8) < 2)
    assert r2_errors(one, one.targets * 0.9)[0] == pytest.approx(0, abs=1e-12)


# What is solved


def test_influences_spread_over_all_superpixels_with_zeros_where_a_selection_left_one_out(neighborhood):
    spec = replace(SPEC, selection="forward", max_features=3)
    workings = solve(neighborhood, spec, [0, 1])
    for row in (0, 1):
        columns = workings.fitted.supports[row]
        influence, degrees = workings.influence(row), workings.degrees(row)
        assert influence.shape == (30, SUPERPIXELS)
        assert (influence[:, columns] != 0).any(axis=0).all()
        assert not np.delete(influence, columns, axis=1).any()
        assert np.isfinite(degrees[columns]).all()
        assert np.isnan(np.delete(degrees, columns)).all()
    whole = solve(neighborhood, SPEC, [0, 1])
    assert np.array_equal(whole.influence(1), whole.sandwiches[1].influence(whole.residuals[:, 1]))
    assert np.isfinite(whole.degrees(0)).all()
    assert whole.residuals == pytest.approx(whole.problem.targets - whole.fitted.predict(whole.problem.masks))


def test_a_tree_has_neither_influences_nor_degrees(neighborhood):
    tree = solve(neighborhood, replace(SPEC, surrogate="tree"), [0])
    assert tree.sandwiches is None
    assert tree.influence(0) is None
    assert np.isnan(tree.degrees(0)).all()


@pytest.mark.parametrize(("samples", "enough"), [(24, False), (26, True)])
def test_error_bars_need_more_pairs_than_superpixels(neighborhood, samples, enough):
    workings = solve(first_samples(neighborhood, samples), SPEC, [0])
    assert workings.enough.tolist() == [enough]
    assert (workings.influence(0) is not None) == enough


# Notes


def notes(neighborhood, samples, **changes):
    problem, spec = posed(first_samples(neighborhood, samples), **changes)
    return check_samples(problem, spec)


def test_as_many_samples_as_superpixels_are_too_few_for_least_squares_and_one_more_is_enough(neighborhood):
    flat = {"kernel": "none"}
    assert notes(neighborhood, 13, **flat) == ()
    assert notes(neighborhood, 12, **flat) == (
        "12 samples cannot tell 12 superpixels apart; the penalty decides between them. Raise samples above 12.",
    )
    with pytest.raises(lc.SpecError, match="raise samples above 12, or use surrogate 'ridge'"):
        notes(neighborhood, 12, **flat, surrogate="least_squares")
    assert notes(neighborhood, 13, **flat, surrogate="least_squares") == ()
    assert notes(neighborhood, 12, **flat, surrogate="tree") == ()


def test_a_selection_counts_the_superpixels_that_it_keeps_and_says_what_it_does_to_intervals(neighborhood):
    (note,) = notes(neighborhood, 4, kernel="none", selection="forward", max_features=3)
    assert "narrower than 95 % intervals" in note
    assert len(notes(neighborhood, 3, kernel="none", selection="forward", max_features=3)) == 2


@pytest.mark.parametrize(("heavy", "noted"), [(11, True), (12, False)])
def test_fewer_effective_samples_than_superpixels_are_noted(neighborhood, heavy, noted):
    problem, spec = posed(neighborhood)
    weights = np.where(np.arange(60) < heavy, 1.0, 0.0)
    result = check_samples(replace(problem, weights=weights), spec)
    assert bool(result) == noted
    if noted:
        assert result[0].startswith("The kernel leaves an effective 11 of 60 samples for 12 superpixels;")
    few = replace(problem.rows(np.arange(60) < 12), weights=weights[:12])
    assert not any("effective" in note for note in check_samples(few, spec))  # they are few without the kernel


# The explanation


def test_an_explanation_counts_its_calls_and_names_its_units(image, neighborhood):
    explanation, workings = fit_surrogate(neighborhood, SPEC)
    assert explanation.calls == 61
    assert explanation.samples == 60
    assert (explanation.signed, explanation.unit, explanation.method) == (True, "probability", "lime")
    tree, _ = fit_surrogate(neighborhood, replace(SPEC, surrogate="tree"))
    assert (tree.signed, tree.unit) == (False, "importance")
    assert np.isnan(tree.covariances).all()
    assert tree.covariances.shape == (2, 2, SUPERPIXELS)
    weights = workings.problem.weights
    assert explanation.effective_sample_size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    for row, item in enumerate(explanation.classes):
        assert item.std_errors == pytest.approx(np.sqrt(explanation.covariances[row, row]))
        assert item.surrogate_output == pytest.approx(item.intercept + item.coefficients.sum())


def test_notes_of_the_answers_come_after_those_of_the_fit(neighborhood):
    noted = replace(first_samples(neighborhood, 12), notes=("Asked in haste.",))
    explanation, _ = fit_surrogate(noted, replace(SPEC, kernel="none"))
    assert len(explanation.notes) == 2
    assert explanation.notes[1] == "Asked in haste."


def test_a_linear_model_leaves_no_error_of_its_held_out_r2(image):
    spec = replace(SPEC, alpha=0, samples=64)
    classifier = known_answer(linear(np.linspace(-0.02, 0.03, SUPERPIXELS)), image, spec)
    (item,) = lc.explain(image, classifier, spec).classes
    assert item.r2_holdout == pytest.approx(1, abs=1e-6)
    assert item.r2_holdout_error == pytest.approx(0, abs=1e-6)


def test_workings_are_frozen_and_compare_by_identity(neighborhood):
    one, other = (solve(neighborhood, SPEC, [0]) for _ in range(2))
    assert one != other
    with pytest.raises(AttributeError):
        one.problem = None
    assert one.sandwiches[0] != other.sandwiches[0]
    with pytest.raises(AttributeError):
        one.sandwiches[0].pulls = None
    with pytest.raises(AttributeError):
        one.fitted.coefficients = None
    with pytest.raises(AttributeError):
        one.problem.masks = None
