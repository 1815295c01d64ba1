"""The figures against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from lime_core.training.evaluation import calibration_error, evaluate, notes_on, wilson_interval


def test_accuracy_and_confusion_are_counted():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1]])
    found = evaluate(probabilities, np.array([0, 1, 0, 2, 0]))
    assert found.accuracy == 0.8
    assert found.majority == 0.6
    np.testing.assert_array_equal(found.confusion, [[2, 1, 0], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize(("right", "n"), [(0, 7), (7, 7), (45, 60), (1, 1000)])
def test_the_interval_is_wilson_s(right, n):
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert wilson_interval(right, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_calibration_error_is_the_gap_in_each_bin():
    confidences = np.array([0.65, 0.65, 0.95, 0.95, 1.0])
    right = np.array([True, False, True, True, True])
    assert calibration_error(confidences, right) == pytest.approx((abs(1 - 1.3) + abs(3 - 2.9)) / 5)


def test_what_weakens_the_figures_is_said():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [40, 4])
    chance = rng.dirichlet([1, 1], 44)
    notes = " ".join(notes_on(evaluate(chance, labels), ("cat", "dog"), labels, {"copies": 1}))
    assert "40 of 44 pictures are cat" in notes
    assert "cannot be told from the 91%" in notes
    assert "1 picture was left out (1 copy)" in notes
    sure = np.eye(2)[np.arange(100) % 2]
    assert notes_on(evaluate(sure, np.arange(100) % 2), ("cat", "dog"), np.arange(100) % 2, {}) == ()


def test_what_was_left_out_is_counted_by_its_kind():
    labels = np.arange(100) % 2
    kinds = {"without a class": 1, "copies": 3, "in several classes": 2}
    (note,) = notes_on(evaluate(np.eye(2)[labels], labels), ("cat", "dog"), labels, kinds)
    assert note == "6 pictures were left out (1 without a class, 3 copies, 2 in several classes)."
