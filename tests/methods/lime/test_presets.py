"""The presets against scikit-learn, written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import curved_answers
from scipy.special import logit
from sklearn.linear_model import Lasso, LinearRegression, Ridge, lars_path
from sklearn.tree import DecisionTreeRegressor

import lime_core as lc

SUPERPIXELS = 12


def weighted_fit(model, masks, target, weights):
    model.fit(masks, target, sample_weight=weights)
    return model.coef_, model.intercept_


def test_tutorial_preset_is_weighted_least_squares_under_the_cosine_kernel():
    neighborhood, spec = curved_answers("tutorial")
    distance = 1 - np.sqrt(neighborhood.masks.mean(axis=1))
    weights = np.sqrt(np.exp(-(distance**2) / 0.25**2))
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        coefficients, intercept = weighted_fit(LinearRegression(), neighborhood.masks, target, weights)
        assert one.coefficients == pytest.approx(coefficients, abs=1e-9)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


@pytest.mark.parametrize("name", ["matlab-blog", "matlab-script"])
def test_matlab_presets_are_least_squares_under_a_gaussian_of_the_hidden_fraction(name):
    neighborhood, spec = curved_answers(name)
    weights = np.exp(-((1 - neighborhood.masks.mean(axis=1)) ** 2) / 0.35**2)
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        coefficients, intercept = weighted_fit(LinearRegression(), neighborhood.masks, target, weights)
        assert one.coefficients == pytest.approx(coefficients, abs=1e-9)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


def test_paper_preset_is_k_lasso_under_a_gaussian_of_the_pixel_distance():
    neighborhood, spec = curved_answers("paper")
    spec = replace(spec, max_features=5)
    distance = np.sqrt((1.0 - neighborhood.masks) @ neighborhood.energy)
    weights = np.exp(-(distance**2) / spec.kernel_width**2)
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        centred = neighborhood.masks - np.average(neighborhood.masks, axis=0, weights=weights)
        centred_target = target - np.average(target, weights=weights)
        root = np.sqrt(weights)
        path = lars_path(centred * root[:, None], centred_target * root, method="lasso")[2]
        chosen = next(np.flatnonzero(step) for step in path.T[::-1] if np.count_nonzero(step) <= 5)
        coefficients, intercept = weighted_fit(LinearRegression(), neighborhood.masks[:, chosen], target, weights)
        assert one.coefficients[chosen] == pytest.approx(coefficients, abs=1e-9)
        assert np.count_nonzero(one.coefficients) == len(chosen)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)


def test_imagelime_preset_is_the_trees_fall_in_error_over_its_number_of_splits():
    neighborhood, spec = curved_answers("imagelime")
    explanation = lc.fit(neighborhood, spec)
    assert not explanation.signed
    for one in explanation.classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        tree = DecisionTreeRegressor(min_samples_split=10, random_state=0).fit(neighborhood.masks, target).tree_
        importance = np.zeros(SUPERPIXELS)
        splits = [node for node in range(tree.node_count) if tree.children_left[node] >= 0]
        for node in splits:
            left, right = tree.children_left[node], tree.children_right[node]
            risk = tree.impurity * tree.n_node_samples / len(target)
            importance[tree.feature[node]] += risk[node] - risk[left] - risk[right]
        assert one.coefficients == pytest.approx(importance / len(splits), abs=1e-12)
        assert (one.coefficients >= 0).all()
        assert np.isnan(one.std_errors).all()


def test_imagelime_linear_preset_is_an_unweighted_lasso():
    neighborhood, spec = curved_answers("imagelime-linear")
    for one in lc.fit(neighborhood, spec).classes:
        target = neighborhood.outputs[:, one.index].astype(np.float64)
        model = Lasso(alpha=1 / 2048, tol=1e-10, max_iter=100_000).fit(neighborhood.masks, target)
        assert one.coefficients == pytest.approx(model.coef_, abs=1e-6)
        assert one.intercept == pytest.approx(model.intercept_, abs=1e-6)


def test_default_preset_is_a_ridge_with_weights_that_sum_to_one():
    neighborhood, spec = curved_answers("default")
    distance = 1 - np.sqrt(neighborhood.masks.mean(axis=1))
    weights = np.sqrt(np.exp(-(distance**2) / 0.25**2))
    for one in lc.fit(neighborhood, spec).classes:
        outputs = neighborhood.outputs[:, one.index].astype(np.float64)
        coefficients, intercept = weighted_fit(
            Ridge(alpha=spec.surrogate.alpha), neighborhood.masks, logit(outputs.clip(1e-4, 1)), weights / weights.sum()
        )
        assert one.coefficients == pytest.approx(coefficients, abs=1e-9)
        assert one.intercept == pytest.approx(intercept, abs=1e-9)
