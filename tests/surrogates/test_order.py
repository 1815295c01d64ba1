"""What is certain about an order, against true orders, and against the tests written out pair by pair."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from known_neighborhoods import answers_to_masks
from scipy.stats import norm as normal
from scipy.stats import t as student

import lime_core as lc
from lime_core.blas import one_thread
from lime_core.methods.lime.workings import solve
from lime_core.surrogates.order import Estimates

RUNS = 60


def spread(superpixels):
    """No two alike in value, some alike in size, and ever smaller differences."""
    return np.where(np.arange(superpixels) % 3 == 1, -1, 1) * 0.6 ** (np.arange(superpixels) // 2)


def ties(superpixels):
    """Five alike, three alike on the other side, and the rest without an effect."""
    result = np.zeros(superpixels)
    result[:5], result[5:8] = 0.3, -0.1
    return result


NOISES = {
    "normal": lambda random, count: random.normal(size=count),
    "heavy-tailed": lambda random, count: random.standard_t(3, size=count),
    "skewed": lambda random, count: random.exponential(size=count) ** 2 / 4,
}


def orders(truth, samples, sampler, noise, scale=0.3, runs=RUNS):
    """The orders that fits to noisy sums of superpixels find, run by run."""
    spec = lc.ExplainSpec(sampler=sampler, target="probability", kernel="none", alpha=0)

    def model(masks, random):
        return (masks @ truth + scale * NOISES[noise](random, len(masks)))[:, None]

    with one_thread():
        for seed in range(runs):
            answers = answers_to_masks(model, len(truth), samples, spec, seed)
            yield solve(answers, answers.fitted_spec(spec), [0]).order(0, None)


def rank_range(values):
    """The best and the worst rank that each value has under any way to break ties."""
    return 1 + (values > values[:, None]).sum(axis=1), (values >= values[:, None]).sum(axis=1)


def says_something_false(order, truth, k):
    """Whether one that is not is said to be among the K strongest for sure, or the other way round."""
    for values, best, worst in (
        (truth, order.best_by_value, order.worst_by_value),
        (np.abs(truth), order.best_by_size, order.worst_by_size),
    ):
        lowest, highest = rank_range(values)
        if ((best > k) & (lowest <= k)).any() or ((worst <= k) & (highest > k)).any():
            return True
    return bool((order.signs * np.sign(truth) < (order.signs != 0)).any())


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired", "mixed_rate", "lime"])
def test_what_is_said_of_the_k_strongest_is_true_in_95_percent_of_runs(sampler, noise):
    """Over all runs of a sampler, for each K: two standard errors of a share of 5 % are 2.8 % at 240 runs."""
    cases = [(ties(10), 64), (ties(10), 256), (ties(49), 256), (spread(20), 128)]
    false = np.array(
        [
            [says_something_false(order, truth, k) for k in (1, 2, 3, 5, 8)]
            for truth, samples in cases
            for order in orders(truth, samples, sampler, noise)
        ]
    )
    assert false.shape == (240, 5)
    assert (false.mean(axis=0) <= 0.05 + 0.028).all()


@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired"])
def test_a_clear_gap_is_found_at_512_samples(sampler):
    truth = ties(49)
    found = list(orders(truth, 512, sampler, "normal", scale=0.2, runs=20))
    assert np.mean([(order.worst_by_size <= 5).nonzero()[0].tolist() == [0, 1, 2, 3, 4] for order in found]) >= 0.9
    assert np.mean([(order.best_by_size > 5)[8:].all() for order in found]) >= 0.9


def test_no_order_is_told_of_pure_noise_by_what_samples_select():
    spec = lc.ExplainSpec(target="probability", surrogate="lasso")
    answers = answers_to_masks(lambda masks, random: random.random((len(masks), 1)), 10, 256, spec)
    assert lc.fit(answers)[0].order is None
    selected = lc.ExplainSpec(target="probability", selection="highest_weights", max_features=4)
    assert lc.fit(answers, selected)[0].order is None


def test_with_too_few_samples_nothing_is_certain():
    answers = answers_to_masks(lambda masks, random: masks[:, :1] + random.random((len(masks), 1)), 30, 40)
    order = lc.fit(answers, lc.ExplainSpec(target="probability"))[0].order
    assert order.best_by_size.tolist() == order.best_by_value.tolist() == [1] * 30
    assert order.worst_by_size.tolist() == order.worst_by_value.tolist() == [30] * 30
    assert not order.signs.any()


# The tests, written out


@pytest.mark.parametrize("moves", [False, True])
def test_ranks_follow_from_tests_of_every_difference_and_sum(moves):
    random = np.random.default_rng(4)
    root = random.normal(size=(6, 6)) * 0.3
    covariance, scores = root @ root.T, random.normal(size=6) * 4
    degrees = random.uniform(8, 60, 6)
    extra = random.uniform(0, 0.5, 6) if moves else np.zeros(6)
    order = Estimates(scores, covariance, degrees, extra if moves else None).order(error=0.1)

    def chance(contrast, others, freedom):
        variance = contrast @ covariance @ contrast + sum(extra[others]) ** 2
        return student.sf(contrast @ scores / np.sqrt(variance), freedom)

    one = np.eye(6)
    by_value, by_size = np.ones((6, 6)), np.ones((6, 6))
    for i, j in itertools.permutations(range(6), 2):
        freedom, up = min(degrees[i], degrees[j]) / 2, np.sign(scores[i])
        by_value[i, j] = chance(one[i] - one[j], [i, j], freedom)
        by_size[i, j] = max(chance(up * (one[i] + sign * one[j]), [i, j], freedom) for sign in (-1, 1))
    for chances, best, worst, tests, more in (
        (by_value, order.best_by_value, order.worst_by_value, 1, 6),
        (by_size, order.best_by_size, order.worst_by_size, 2, 0),
    ):
        for i in range(6):
            sure = [k for k in range(1, 6) if (chances[i] < 0.1 / (tests * k * (6 - k) + more)).sum() >= 6 - k]
            beaten = [k for k in range(1, 6) if (chances[:, i] < 0.1 / (tests * k * (6 - k) + more)).sum() >= k]
            # "Sure" holds for this K and every larger one, "not among them" for this K and every smaller one.
            assert worst[i] == min(k for k in range(1, 7) if set(range(k, 6)) <= set(sure))
            assert best[i] == 1 + max(k for k in range(6) if set(range(1, k + 1)) <= set(beaten))
    for i in range(6):
        clear = 2 * chance(np.sign(scores[i]) * one[i], [i], degrees[i]) < 0.1 / (3 * 3 + 6)
        assert order.signs[i] == (np.sign(scores[i]) if clear else 0)


@pytest.mark.parametrize("slack", [0.0, 0.7])
def test_who_is_not_much_weaker_by_size(slack):
    scores, variances = np.array([2.0, -1.5, 0.2]), np.array([0.01, 0.04, 0.09])
    found = Estimates(scores, np.diag(variances), np.full(3, np.nan)).chances_by_size(slack)
    for i, j in itertools.permutations(range(3), 2):
        least = min(abs(scores[i]) - scores[j], abs(scores[i]) + scores[j]) + slack
        expected = normal.sf(least / np.sqrt(variances[i] + variances[j]))
        assert found[i, j] == pytest.approx(expected if expected < 0.05 else 1, rel=1e-6)


def test_ranks_count_who_is_surely_stronger_and_who_is_surely_weaker():
    scores = np.array([5.0, -9.0, 1.0, 1.0, 0.0])
    order = Estimates(scores, np.eye(5) * 0.01, np.full(5, np.nan)).order()
    assert order.best_by_value.tolist() == [1, 5, 2, 2, 4]
    assert order.worst_by_value.tolist() == [1, 5, 3, 3, 4]
    assert order.best_by_size.tolist() == [2, 1, 3, 3, 5]
    assert order.worst_by_size.tolist() == [2, 1, 4, 4, 5]
    assert order.signs.tolist() == [1, -1, 1, 1, 0]


def test_exact_scores_that_differ_by_rounding_are_not_told_apart():
    scores = np.array([0.3, 0.1 + 0.2, 0.1])
    assert scores[0] != scores[1]
    order = Estimates(scores, np.zeros((3, 3)), np.full(3, 10.0)).order()
    assert order.best_by_size.tolist() == [1, 1, 3]
    assert order.worst_by_size.tolist() == [2, 2, 3]


def test_what_goes_together_is_told_apart_more_easily():
    """Two scores with a common error differ for sure, though each of their error bars is wider than the difference."""
    scores = np.array([1.0, 1.3])
    common = np.array([[1.0, 0.9999], [0.9999, 1.0]])
    assert Estimates(scores, common, np.full(2, 1e9)).order().best_by_value.tolist() == [2, 1]
    assert Estimates(scores, np.eye(2), np.full(2, 1e9)).order().best_by_value.tolist() == [1, 1]
