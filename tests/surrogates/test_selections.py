"""Which superpixels a selection keeps, and the equations of the surrogates, against other ways to the same result."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Lasso as SklearnLasso
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.linear_model import lars_path
from sklearn.tree import DecisionTreeRegressor

import lime_core as lc
from lime_core.surrogates.families import Lasso, LeastSquares, Ridge, Tree
from lime_core.surrogates.problem import Problem, inverse, linear
from lime_core.surrogates.selection import All, Auto, Backward, Forward, HighestWeights, LassoPath

SUPERPIXELS = 9
TRUTH = np.array([0.1, 2.0, -1.2, 0.7, 0.0, -0.5, 0.3, 0.0, -0.9])


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(7)
    masks = random.integers(0, 2, (80, SUPERPIXELS)).astype(float)
    masks[:, 8] = masks[:, 1] * masks[:, 3]  # correlated with both
    return Problem(
        masks=masks,
        targets=np.column_stack([masks @ TRUTH, masks @ TRUTH[::-1]]) + random.normal(0, 0.3, (80, 2)),
        weights=random.uniform(0.1, 1.0, 80),
        pairs=np.arange(80, dtype=np.int32),
        weight_scale=0.5,
        varies=np.ones(2, bool),
    )


def columns(selection, problem, row=0):
    masks, targets, _, _ = problem.centred()
    weighted = masks * problem.weights[:, None]
    gram, moment = weighted.T @ masks, weighted.T @ targets[:, row]
    before = gram.copy(), moment.copy()
    result = selection.columns(gram, moment, samples=len(masks), weight_scale=problem.weight_scale)
    assert np.array_equal(gram, before[0])
    assert np.array_equal(moment, before[1])
    return result.tolist()


def residual_square(problem, chosen, row=0):
    masks, targets, _, _ = problem.centred()
    root = np.sqrt(problem.weights)
    design = masks[:, chosen] * root[:, None]
    target = targets[:, row] * root
    return float(((target - design @ np.linalg.lstsq(design, target, rcond=None)[0]) ** 2).sum())


def forward_by_refits(problem, count, row=0):
    chosen: list[int] = []
    while len(chosen) < count:
        left = [index for index in range(SUPERPIXELS) if index not in chosen]
        chosen.append(min(left, key=lambda index: residual_square(problem, [*chosen, index], row)))
    return chosen


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_forward_selection_adds_what_leaves_the_smallest_residual(problem, count, row):
    assert columns(Forward(max_features=count), problem, row) == forward_by_refits(problem, count, row)


def test_forward_selection_never_takes_a_column_that_says_nothing_new(problem):
    masks = problem.masks.copy()
    masks[:, 4] = masks[:, 1]  # a twin
    masks[:, 7] = 1.0  # never hidden
    chosen = columns(Forward(max_features=9), replace(problem, masks=masks))
    assert 7 not in chosen
    assert len({1, 4} & set(chosen)) == 1
    assert len(chosen) == 7


def backward_by_refits(problem, count, row=0):
    kept = list(range(SUPERPIXELS))
    while len(kept) > count:
        kept.remove(min(kept, key=lambda index: residual_square(problem, [j for j in kept if j != index], row)))
    return kept


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("count", range(1, 10))
def test_backward_elimination_leaves_out_what_raises_the_residual_least(problem, count, row):
    assert columns(Backward(max_features=count), problem, row) == backward_by_refits(problem, count, row)


def test_backward_elimination_keeps_two_that_only_help_together_where_forward_selection_takes_the_third(problem):
    random = np.random.default_rng(1)
    masks = random.integers(0, 2, (400, SUPERPIXELS)).astype(float)
    masks[:, 2] = np.abs(masks[:, 0] + masks[:, 1] - (random.random(400) < 0.1))  # close to the sum of both
    sums = masks[:, [0]] + masks[:, [1]]
    both = replace(
        problem,
        masks=masks,
        targets=np.hstack([sums, sums]),
        weights=np.ones(400),
        pairs=np.arange(400, dtype=np.int32),
    )
    assert columns(Backward(max_features=2), both) == [0, 1]
    assert 2 in columns(Forward(max_features=2), both)


def test_backward_elimination_first_leaves_out_columns_that_say_nothing_new(problem):
    masks = problem.masks.copy()
    masks[:, 4] = masks[:, 1]  # a twin
    masks[:, 7] = 1.0  # never hidden
    twins = replace(problem, masks=masks)
    kept = columns(Backward(max_features=9), twins)
    assert 7 not in kept
    assert len({1, 4} & set(kept)) == 1
    assert len(kept) == 7
    for count in range(1, 8):
        found, refitted = columns(Backward(max_features=count), twins), backward_by_refits(twins, count)
        assert len(found) == count
        assert residual_square(twins, found) == pytest.approx(residual_square(twins, refitted), rel=1e-9)


def test_backward_elimination_goes_on_with_fewer_samples_than_superpixels(problem):
    few = problem.rows(np.arange(80) < 6)
    kept = columns(Backward(max_features=3), few)
    assert len(kept) == 3
    assert len(columns(Backward(), few)) == len(columns(Forward(), few)) == 5


def test_backward_elimination_of_nothing_keeps_nothing():
    nothing = Backward(max_features=2).columns(np.zeros((3, 3)), np.zeros(3), samples=5, weight_scale=1.0)
    assert nothing.tolist() == []


def test_highest_weights_are_those_of_a_ridge_with_the_packages_penalty(problem):
    masks, targets, _, _ = problem.centred()
    weighted = masks * problem.weights[:, None]
    gram, moment = weighted.T @ masks, weighted.T @ targets[:, 0]
    ranked = np.linalg.solve(gram + 0.01 * 0.5 * np.eye(SUPERPIXELS), moment)
    expected = sorted(range(SUPERPIXELS), key=lambda index: -abs(ranked[index]))
    assert columns(HighestWeights(max_features=4), problem) == expected[:4]
    assert columns(HighestWeights(), problem) == expected


@pytest.mark.parametrize(("count", "rule"), [(6, Forward), (7, HighestWeights)])
def test_auto_selects_forward_up_to_six_and_by_weight_beyond(problem, count, rule):
    assert columns(Auto(max_features=count), problem) == columns(rule(max_features=count), problem)
    assert columns(Auto(max_features=count), problem) != columns(
        (HighestWeights if rule is Forward else Forward)(max_features=count), problem
    )


def test_the_lasso_path_ends_at_its_last_set_of_at_most_so_many(problem):
    masks, targets, _, _ = problem.centred()
    root = np.sqrt(problem.weights)
    _, _, path = lars_path(masks * root[:, None], targets[:, 0] * root, method="lasso")
    for count in range(1, SUPERPIXELS + 1):
        sets = [np.flatnonzero(step).tolist() for step in path.T]
        assert columns(LassoPath(max_features=count), problem) == [each for each in sets if 0 < len(each) <= count][-1]


def test_a_lasso_path_of_nothing_keeps_nothing():
    nothing = LassoPath(max_features=2).columns(np.eye(3), np.zeros(3), samples=5, weight_scale=1.0)
    assert nothing.tolist() == []


def test_a_lasso_path_that_starts_with_twins_keeps_as_many_as_asked():
    gram = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    twins = LassoPath(max_features=1).columns(gram, np.array([1.0, 1.0, 1.0]), samples=5, weight_scale=1.0)
    assert len(twins) == 1


def test_everything_is_kept_by_none_only(problem):
    assert columns(All(), problem) == list(range(SUPERPIXELS))
    assert All.everything
    assert not any(rule.everything for rule in (Auto, HighestWeights, Forward, Backward, LassoPath))
    assert All().most(7) == 7
    assert Forward(max_features=3).most(7) == 3
    assert Forward(max_features=9).most(7) == 7


@pytest.mark.parametrize("rule", [Auto, HighestWeights, Forward, Backward, LassoPath])
def test_a_selection_keeps_1_to_1023_superpixels(rule):
    assert rule().max_features == 1023
    assert rule(max_features=1).max_features == 1
    for outside in (0, 1024):
        with pytest.raises(lc.SpecError, match="max_features"):
            rule(max_features=outside)


# Surrogates


@pytest.mark.parametrize("selection", [All(), Forward(max_features=4)])
def test_ridge_and_least_squares_are_scikit_learns(problem, selection):
    for surrogate, alpha in ((Ridge(alpha=0.7), 0.7), (LeastSquares(), 0.0)):
        fitted = surrogate.fit(problem, selection)
        for row in (0, 1):
            chosen = sorted(columns(selection, problem, row))
            model = SklearnRidge(alpha=alpha).fit(
                problem.masks[:, chosen], problem.targets[:, row], sample_weight=problem.weights
            )
            assert fitted.coefficients[row, chosen] == pytest.approx(model.coef_, abs=1e-9)
            assert not np.delete(fitted.coefficients[row], chosen).any()
            assert fitted.intercepts[row] == pytest.approx(model.intercept_, abs=1e-9)
            predicted = fitted.predict(problem.masks)[:, row]
            assert predicted == pytest.approx(model.predict(problem.masks[:, chosen]), abs=1e-9)
        assert surrogate.ridge_penalty == alpha


def test_lasso_is_scikit_learns_on_the_selected_superpixels(problem):
    fitted = Lasso(alpha=0.05).fit(problem, Forward(max_features=4))
    chosen = columns(Forward(max_features=4), problem)
    model = SklearnLasso(alpha=0.05, tol=1e-10).fit(
        problem.masks[:, chosen], problem.targets[:, 0], sample_weight=problem.weights
    )
    assert fitted.coefficients[0, chosen] == pytest.approx(model.coef_, abs=1e-6)
    assert fitted.intercepts[0] == pytest.approx(model.intercept_, abs=1e-6)
    assert fitted.supports[0].tolist() == np.flatnonzero(fitted.coefficients[0]).tolist()
    assert Lasso().ridge_penalty == 0.0


def test_a_trees_scores_are_the_falls_in_error_at_its_splits_over_their_number(problem):
    fitted = Tree().fit(problem, All())
    for row in (0, 1):
        tree = DecisionTreeRegressor(min_samples_split=10, random_state=0)
        tree.fit(problem.masks, problem.targets[:, row], sample_weight=problem.weights)
        nodes, falls, splits = tree.tree_, np.zeros(SUPERPIXELS), 0
        share = nodes.weighted_n_node_samples / nodes.weighted_n_node_samples[0]
        for node in np.flatnonzero(nodes.children_left >= 0):
            below = [nodes.children_left[node], nodes.children_right[node]]
            falls[nodes.feature[node]] += share[node] * nodes.impurity[node] - share[below] @ nodes.impurity[below]
            splits += 1
        assert splits > 3
        assert fitted.coefficients[row] == pytest.approx(falls / splits)
        assert fitted.intercepts[row] == pytest.approx(np.average(problem.targets[:, row], weights=problem.weights))
        assert fitted.predict(problem.masks)[:, row] == pytest.approx(tree.predict(problem.masks))
        assert fitted.supports[row].tolist() == np.flatnonzero(falls).tolist()


def test_a_tree_without_a_split_scores_nothing(problem):
    flat = replace(problem, targets=np.ones((80, 2)))
    fitted = Tree().fit(flat, All())
    assert not fitted.coefficients.any()
    assert fitted.intercepts == pytest.approx(1)


def test_what_surrogates_say_of_themselves():
    assert [each.signed for each in (Ridge, LeastSquares, Lasso, Tree)] == [True, True, True, False]
    assert [each.linear for each in (Ridge, LeastSquares, Lasso, Tree)] == [True, True, True, False]
    assert [each.selects for each in (Ridge, LeastSquares, Lasso, Tree)] == [False, False, False, True]
    assert [each.underdetermined for each in (Ridge, LeastSquares, Lasso, Tree)] == [True, False, True, True]
    assert [each.selects_columns for each in (Ridge, LeastSquares, Lasso, Tree)] == [False, False, True, True]


@pytest.mark.parametrize("surrogate", [Ridge, Lasso])
def test_the_penalty_is_a_thousandth_by_default_and_lies_between_nothing_and_a_thousand(surrogate):
    assert surrogate().alpha == 0.001
    assert (surrogate(alpha=0).alpha, surrogate(alpha=1000).alpha) == (0, 1000)
    for outside in (-0.001, 1000.5):
        with pytest.raises(lc.SpecError, match="alpha"):
            surrogate(alpha=outside)


# The equations


def test_the_inverse_of_a_penalised_matrix(problem):
    masks, _, _, _ = problem.centred()
    gram = masks.T @ masks
    assert inverse(gram, 0.2) == pytest.approx(np.linalg.inv(gram + 0.2 * np.eye(SUPERPIXELS)))
    assert np.array_equal(inverse(gram, 0.2), inverse(gram, 0.2).T)
    assert inverse(np.zeros((0, 0)), 0.1).shape == (0, 0)


def test_columns_that_cannot_be_told_apart_share_a_pseudo_inverse():
    gram = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    result = inverse(gram, 0.0)
    assert result[:2, :2] == pytest.approx(0.25, rel=1e-2)
    assert result[2, 2] == pytest.approx(0.5)


def test_columns_that_differ_a_little_are_told_apart():
    gram = np.array([[1.0, 1.0], [1.0, 1.0 + 4e-12]])  # pivots 1 and 2e-6
    assert np.abs(inverse(gram, 0.0)).max() > 1e10


def test_centring_takes_off_weighted_means_and_levels_what_does_not_vary(problem):
    still = replace(problem, varies=np.array([True, False]))
    masks, targets, mask_mean, target_mean = still.centred()
    assert mask_mean == pytest.approx(np.average(problem.masks, axis=0, weights=problem.weights))
    assert target_mean == pytest.approx(np.average(problem.targets, axis=0, weights=problem.weights))
    assert masks == pytest.approx(problem.masks - mask_mean)
    assert targets[:, 0] == pytest.approx(problem.targets[:, 0] - target_mean[0])
    assert not targets[:, 1].any()


def test_pairs_start_where_their_number_changes(problem):
    pairs = np.array([3, 3, 4, 7, 7, 7, 8], np.int32)
    some = replace(problem.rows(np.arange(80) < 7), pairs=pairs)
    assert some.pair_starts().tolist() == [0, 2, 3, 6]
    assert len(some.masks) == len(some.targets) == len(some.weights) == 7


def test_a_linear_surrogate_adds_up():
    fitted = linear(np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([0.5, 0.1]), (np.arange(2), np.arange(1, 2)))
    assert fitted.predict(np.array([[1.0, 1.0], [0.0, 1.0]])) == pytest.approx(np.array([[3.5, -0.9], [2.5, -0.9]]))
