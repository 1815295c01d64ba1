"""Error bars of coefficients and of contrasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, all_masks, colorful_image, curved_answers, known_answer
from sklearn.linear_model import LinearRegression

import lime_core as lc

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=256, fill="black", alpha=0, target="probability")


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired"])
def test_error_bars_match_the_spread_between_seeds(image, sampler):
    weights = np.random.default_rng(8).normal(size=(SUPERPIXELS, 2))

    def model(masks):
        scores = np.exp(masks @ weights * 0.7)
        return scores / scores.sum(axis=1, keepdims=True)

    spec = replace(SPEC, sampler=sampler, samples=192, kernel="none")
    classifier = known_answer(model, image, spec)
    fits = [lc.explain(image, classifier, replace(spec, seed=seed))[0] for seed in range(40)]
    spread = np.std([one.coefficients for one in fits], axis=0, ddof=1)
    stated = np.mean([one.std_errors for one in fits], axis=0)
    assert np.median(stated / spread) == pytest.approx(1, abs=0.3)


def test_contrast_is_the_explanation_of_the_difference():
    neighborhood, spec = curved_answers("default")
    outputs = neighborhood.outputs.copy()
    outputs[:, 3] = outputs[:, 0] - outputs[:, 1]
    changed = replace(neighborhood, outputs=outputs)
    explanation = lc.fit(changed, replace(spec, classes=(0, 1, 3), target="probability"))
    contrast = explanation.contrast(0, 1)
    assert contrast.coefficients == pytest.approx(explanation[3].coefficients, abs=1e-7)
    assert contrast.std_errors == pytest.approx(explanation[3].std_errors, rel=1e-3)


def test_fewer_pairs_than_superpixels_give_infinite_error_bars_instead_of_none(image):
    spec = replace(SPEC, samples=20, alpha=0.001)
    classifier = known_answer(lambda masks: np.random.default_rng(1).random((len(masks), 2)), image, spec)
    explanation = lc.explain(image, classifier, spec)
    for one in explanation.classes:
        assert np.isinf(one.std_errors).all()
        assert not one.sure.any()
        assert np.isnan(one.trust.stability)
    assert np.isinf(explanation.contrast(0, 1).std_errors).all()
    assert lc.Explanation.from_json(explanation.to_json()).to_json() == explanation.to_json()
    assert not explanation.heatmap(0, view=lc.View()).any()


@pytest.mark.parametrize("sampler", ["balanced", "iid", "mixed_rate"])
def test_ninety_five_percent_intervals_cover_the_truth_nearly_that_often(image, sampler):
    weights = np.random.default_rng(3).normal(size=(SUPERPIXELS, 2))

    def model(masks):
        scores = np.exp(masks @ weights * 0.8)
        return scores / scores.sum(axis=1, keepdims=True)

    spec = replace(SPEC, sampler=sampler, kernel="none", samples=128, alpha=0, classes=(0,))
    classifier = known_answer(model, image, spec)
    if sampler == "mixed_rate":
        truth = lc.explain(image, classifier, replace(spec, samples=20_000, seed=99)).classes[0].coefficients
    else:
        masks = all_masks(SUPERPIXELS)
        truth = LinearRegression().fit(masks, model(masks)[:, 0]).coef_
    covered = []
    for seed in range(60):
        one = lc.explain(image, classifier, replace(spec, seed=seed)).classes[0]
        covered.append(np.abs(one.coefficients - truth) <= 1.96 * one.std_errors)
    assert 0.91 <= np.mean(covered) <= 0.995
