"""`fit` against the `lime` package itself, on the same masks and outputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sklearn.metrics
from known_answers import UNPENALIZED as SPEC
from known_answers import answers_of, colorful_image
from lime import lime_base

import lime_core as lc

SUPERPIXELS = 12


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def lime_package_answer(masks, outputs, label, num_features):
    """Coefficients, intercept, score, order and local prediction of the package for the same masks and outputs."""

    def kernel(distance):
        return np.sqrt(np.exp(-(distance**2) / 0.25**2))

    distance = sklearn.metrics.pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    base = lime_base.LimeBase(kernel, random_state=np.random.RandomState(0))
    return base.explain_instance_with_data(masks, outputs, distance, label, num_features)


@pytest.mark.parametrize("num_features", [1, 4, 6, 7, 12, 100_000])
def test_the_lime_preset_agrees_with_the_lime_package_to_1e_minus_8(image, num_features):
    random = np.random.default_rng(4)
    masks = random.integers(0, 2, (300, SUPERPIXELS), dtype=np.uint8)
    masks[0] = 1
    scores = masks @ random.normal(size=(SUPERPIXELS, 3)) + random.normal(size=(300, 3)) * 0.3
    outputs = (np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)).astype(np.float32)
    spec = replace(lc.preset("lime"), max_features=min(num_features, 1023))
    explanation = lc.fit(answers_of(outputs, masks, image, SPEC), spec)
    assert [one.index for one in explanation.classes] == list(np.argsort(outputs[0])[::-1])
    for one in explanation.classes:
        expected = lime_package_answer(masks, outputs.astype(np.float64), one.index, num_features)
        intercept, pairs, score, prediction = expected
        coefficients = np.zeros(SUPERPIXELS)
        coefficients[[feature for feature, _ in pairs]] = [weight for _, weight in pairs]
        assert np.abs(one.coefficients - coefficients).max() < 1e-8
        assert abs(one.intercept - intercept) < 1e-8
        assert abs(one.r2 - score) < 1e-8
        assert abs(one.surrogate_output - prediction[0]) < 1e-8
        order = explanation.top_features(one.index, SUPERPIXELS, sign="both")
        assert order == tuple(feature for feature, _ in pairs)
