"""Superpixels that act together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer
from sklearn.linear_model import LinearRegression

import lime_core as lc
from lime_core.judge.interactions import nonlinear_share

SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=256, fill="black", top_k=3, target="probability")
WEIGHTS = np.array([0.2, -0.15, 0.1] + [0.01] * 9)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def trust_in(function, image, spec=SPEC):
    return lc.explain(image, known_answer(function, image, spec), spec).classes[0].trust


def hashed(masks, low=0.0, high=1.0):
    code = (masks @ 2 ** np.arange(masks.shape[1])).astype(int)
    return (low + (high - low) * np.random.default_rng(0).random((2 ** masks.shape[1], 1)))[code]


def test_and_of_two_names_its_pair_and_the_r2_that_it_would_bring(image):
    def both(masks):
        return (0.2 + 0.5 * masks[:, 1] * masks[:, 6] + 0.05 * hashed(masks)[:, 0])[:, None]

    spec = replace(SPEC, samples=600)
    neighborhood = lc.query(image, known_answer(both, image, spec), spec)
    explained = lc.fit(neighborhood).classes[0]
    pair = explained.trust.interaction
    assert (pair.a, pair.b) == (1, 6)
    weights = np.sqrt(np.exp(-((1 - np.sqrt(neighborhood.masks.mean(axis=1))) ** 2) / 0.25**2))
    design = np.column_stack([neighborhood.masks, neighborhood.masks[:, 1] * neighborhood.masks[:, 6]])
    target = neighborhood.outputs[:, 0].astype(np.float64)
    model = LinearRegression().fit(design, target, sample_weight=weights)
    assert pair.r2 == pytest.approx(model.score(design, target, sample_weight=weights), abs=1e-6)
    assert pair.effect == pytest.approx(model.coef_[-1], abs=1e-6)


def test_chance_brings_no_clear_pair(image):
    clear = []
    for seed in range(10):
        spec = replace(SPEC, seed=seed)
        clear.append(trust_in(hashed, image, spec).interaction.clear)
    assert not any(clear)


def test_the_nonlinear_share_by_hand():
    pairs = np.array([0, 0, 1, 1, 2], np.int32)
    # Evens 2 and 4 (variance 1), odds 1 and 0 (mean square 0.5); the lone sample does not count.
    assert nonlinear_share(np.array([3.0, 1.0, 4.0, 4.0, 99.0]), pairs) == pytest.approx(1 / 1.5)
    assert np.isnan(nonlinear_share(np.arange(5.0), np.arange(5, dtype=np.int32)))
