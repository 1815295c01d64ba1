"""The linear layer against scikit-learn's own pipeline, and its temperature against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from lime_core.training.linear_head import STRENGTHS, fit_head, fit_temperature


def blobs(n, features, classes, distance, seed=0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    centres = rng.normal(0, distance, (classes, features))
    return (centres[labels] + rng.normal(3, 1, (n, features))).astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("features", [20, 300], ids=["more pictures", "more features"])
def test_it_is_scikit_learn_s_logistic_regression_at_the_chosen_penalty(classes, features):
    values, labels = blobs(120, features, classes, 0.3)
    head = fit_head(values, labels, 0, lambda *_: None)
    values = values.astype(np.float64)
    scale = (values - values.mean(axis=0)).std()
    expected = LogisticRegression(C=head.strength, max_iter=10_000, tol=1e-8).fit(values / scale, labels)
    new = blobs(50, features, classes, 0.3, seed=0)[0] + 0.5
    logits = expected.decision_function(new / scale)
    logits = np.stack([-logits, logits], axis=1) / 2 if classes == 2 else logits
    np.testing.assert_allclose(head.probabilities(new), softmax(logits / head.temperature, axis=1), atol=2e-3)


def test_separable_classes_are_told_apart_and_chance_is_given_no_confidence():
    values, labels = blobs(100, 50, 4, 3.0)
    assert (fit_head(values, labels, 0, lambda *_: None).probabilities(values).argmax(axis=1) == labels).all()
    values, labels = blobs(100, 50, 2, 0.0)
    head = fit_head(values, labels, 0, lambda *_: None)
    assert head.strength == STRENGTHS[0]
    assert head.probabilities(blobs(100, 50, 2, 0.0, seed=1)[0]).max() < 0.6


def test_features_that_never_vary_do_no_harm():
    values, labels = blobs(40, 10, 2, 3.0)
    constant = np.concatenate([values, np.full((40, 2), 5.0, np.float32)], axis=1)
    assert np.isfinite(fit_head(constant, labels, 0, lambda *_: None).probabilities(constant)).all()
    assert np.isfinite(fit_head(constant[:, 10:], labels, 0, lambda *_: None).probabilities(constant[:, 10:])).all()


def test_the_temperature_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 3))
    chances = softmax(logits, axis=1)
    labels = (rng.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    assert fit_temperature(logits * 4, labels) == pytest.approx(4, rel=0.05)


def test_few_pictures_that_are_all_right_do_not_make_it_sure():
    labels = np.array([0, 1] * 10)
    logits = 8.0 * np.eye(2)[labels]
    surest = softmax(logits / fit_temperature(logits, labels), axis=1).max()
    assert surest == pytest.approx(1 - 1 / 22, abs=0.003)
