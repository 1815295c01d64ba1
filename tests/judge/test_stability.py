"""How firmly the strongest superpixels hold when samples are drawn anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import JUDGED as SPEC
from known_answers import SUPERPIXELS, WEIGHTS, colorful_image, hashed, known_answer, linear, trust_in
from sklearn.linear_model import LinearRegression

import lime_core as lc
from lime_core.explanation.verdict import LEVELS
from lime_core.judge.stability import resampled_top_k


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def test_resampling_agrees_with_refits_of_drawn_samples(image):
    def model(masks):
        return linear(WEIGHTS)(masks) + hashed(masks, -0.5, 0.5)

    spec = replace(SPEC, samples=400, kernel="none", alpha=0)
    neighborhood = lc.query(image, known_answer(model, image, spec), spec)
    explained = lc.fit(neighborhood).classes[0]
    random = np.random.default_rng(1)
    named = np.zeros(SUPERPIXELS)
    for _ in range(300):
        drawn = random.integers(0, 200, 200)
        rows = np.column_stack([2 * drawn, 2 * drawn + 1]).ravel()
        refit = LinearRegression().fit(neighborhood.masks[rows], neighborhood.outputs[rows, 0])
        named[np.argsort(-np.abs(refit.coef_))[:3]] += 1 / 300
    assert explained.trust.top_k_frequency == pytest.approx(named, abs=0.12)


def test_a_tree_has_no_resamples(image):
    frequency, stability = resampled_top_k(np.ones(4), None, 2)
    assert np.isnan(frequency).all()
    assert np.isnan(stability)
    assert trust_in(linear(WEIGHTS), image, replace(SPEC, surrogate="tree")).level in LEVELS
