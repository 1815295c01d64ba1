"""Agreement of models on numbers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc
from lime_core.explanation.agreement import rank_correlation
from lime_core.explanation.comparison import compare

SPEC = lc.ExplainSpec(
    target="probability",
    segmentation=lc.Grid(1, 4),
    samples=64,
    surrogate="least_squares",
    kernel="none",
    fill="black",
)
# What each superpixel adds under either model; least squares without a kernel finds just these numbers.
ONE = np.array([[0.40, 0.30, 0.20, 0.10], [0.00, 0.00, 0.00, 0.10]])
OTHER = np.array([[0.10, 0.30, 0.40, -0.20], [0.00, 0.10, 0.00, 0.70]])


def explained(weights: np.ndarray, size: tuple[int, int], spec: lc.ExplainSpec = SPEC, seed: int = 0) -> lc.Explanation:
    image = colorful_image(seed=seed)
    return lc.explain(image, known_answer(linear(weights), image, spec, size), spec)


@pytest.fixture(scope="module")
def made() -> list[lc.Explanation]:
    """Two models whose inputs differ in size."""
    return [explained(ONE, (61, 87)), explained(OTHER, (32, 48))]


def test_agreement_of_the_strongest_is_their_overlap(made):
    comparison = compare(made, 0, k=2)
    assert comparison.top == ((0, 1), (2, 1))
    (pair,) = comparison.agreements
    assert (pair.common, pair.union) == ((1,), (0, 1, 2))
    assert pair.jaccard == pytest.approx(1 / 3)


def test_rank_correlation_is_that_of_the_coefficients(made):
    # Ranks 4 3 2 1 and 2 3 4 1: squared differences 4 + 0 + 4 + 0, so 1 − 6·8 / (4·15) = 0.2.
    (pair,) = compare(made, 0).agreements
    assert pair.rank_correlation == pytest.approx(0.2)


def test_the_difference_is_that_of_the_coefficients(made):
    difference = compare(made, 0).difference(0, 1)
    np.testing.assert_allclose(difference.coefficients, [0.3, 0.0, -0.2, 0.3], atol=1e-6)
    back = compare(made, 0).difference(1, 0)
    np.testing.assert_allclose(back.coefficients, -difference.coefficients)
    errors = [one[0].std_errors for one in made]
    np.testing.assert_allclose(difference.std_errors**2, errors[0] ** 2 + errors[1] ** 2)


def test_without_a_class_each_model_is_taken_at_its_word(made):
    # All shown: 0.1 + 1.0 against 0.1 + 0.1, and 0.1 + 0.6 against 0.1 + 0.8.
    comparison = compare(made, k=2)
    assert [one.index for one in comparison.explained] == [0, 1]
    assert comparison.top == ((0, 1), (3, 1))


def test_k_and_sign_choose_what_counts_as_strongest(made):
    comparison = compare(made, 0, k=3, sign="both")
    assert comparison.top == ((0, 1, 2), (2, 1, 3))
    assert comparison.agreements[0].jaccard == pytest.approx(2 / 4)
    assert compare(made, 0, sign="negative").top == ((), (3,))


def test_every_two_models_are_a_pair(made):
    comparison = compare([*made, made[0]], 0)
    assert [(pair.a, pair.b) for pair in comparison.agreements] == [(0, 1), (0, 2), (1, 2)]
    assert comparison.agreements[1].jaccard == 1
    assert comparison.agreements[1].rank_correlation == pytest.approx(1)


def test_one_model_is_compared_with_nobody(made):
    assert compare(made[:1], 0).agreements == ()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([1, 2, 3], [10, 20, 30], 1),
        ([1, 2, 3], [3, 2, 1], -1),
        # Ranks 1 2 3 4 and 1.5 1.5 3 4: covariance 4.5, variances 5 and 4.5.
        ([1, 2, 3, 4], [5, 5, 6, 7], 4.5 / np.sqrt(5 * 4.5)),
        ([1, 2, 3], [7, 7, 7], np.nan),
    ],
)
def test_rank_correlation_by_hand(one, other, expected):
    got = rank_correlation(np.array(one, float), np.array(other, float))
    assert got == pytest.approx(expected, nan_ok=True)


def test_nothing_to_compare_is_refused():
    with pytest.raises(lc.SpecError, match="no explanations"):
        compare([])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 1}, "different settings"),
        ({"samples": 32}, "different settings"),
        ({"distance": "hidden_fraction"}, "different settings"),
        ({"segmentation": lc.Grid(2, 2)}, "different superpixels"),
    ],
)
def test_answers_to_another_question_are_refused(made, changes, said):
    with pytest.raises(lc.SpecError, match=said):
        compare([made[0], explained(OTHER, (32, 48), replace(SPEC, **changes))], 0)


def test_another_picture_is_refused(made):
    with pytest.raises(lc.SpecError, match="different pictures"):
        compare([made[0], explained(OTHER, (32, 48), seed=1)], 0)


def test_classes_and_views_may_differ(made):
    other = explained(OTHER, (32, 48), replace(SPEC, classes=(0,), view="jet", top_k=4))
    assert compare([made[0], other], 0, k=2).top == ((0, 1), (2, 1))


def test_a_class_that_was_not_explained_is_refused(made):
    with pytest.raises(lc.SpecError, match="Class 7 was not explained"):
        compare(made, 7)


def test_a_model_that_is_not_there_is_refused(made):
    with pytest.raises(lc.SpecError, match="2 models, numbered from 0; got 2"):
        compare(made, 0).difference(0, 2)
