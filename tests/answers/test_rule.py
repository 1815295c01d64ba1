"""The stopping rule at its borders, and the running fit against whole matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student

import lime_core as lc
from lime_core.answers.stopping import FEW_PAIRS, RunningFit, StoppingRule, allowed_error, block_length

SUPERPIXELS = 4
SPEC = lc.ExplainSpec(
    target="probability", early_stop=True, stop_top_k=2, stop_tolerance=0.1, kernel="none", alpha=0.5, samples=1000
)


@pytest.mark.parametrize(("superpixels", "block"), [(1, 4), (3, 8), (4, 16), (7, 16), (8, 32), (50, 128), (64, 256)])
def test_a_look_is_taken_after_every_whole_block_of_the_balanced_design(superpixels, block):
    assert block_length(superpixels) == block


def test_looks_share_an_error_of_five_percent_however_many_there_are():
    assert allowed_error(1, 1) == pytest.approx(0.05 / 2)
    assert allowed_error(2, 1) == pytest.approx(0.05 / 6)
    assert allowed_error(3, 5) == pytest.approx(0.05 / 60)
    assert sum(allowed_error(look, 1) for look in range(1, 400)) == pytest.approx(0.05 * (1 - 1 / 400))


def fit_of(coefficients, errors, pairs=100, looks=1, **changes):
    """A running fit as it stands after some looks, with independent coefficients."""
    coefficients = np.atleast_2d(np.asarray(coefficients, float))
    spec = replace(SPEC, **changes)
    fit = RunningFit(spec, np.ones(coefficients.shape[1]), list(range(len(coefficients))))
    fit.coefficients = coefficients
    errors = np.broadcast_to(np.asarray(errors, float), coefficients.shape)
    fit.covariances = np.stack([np.diag(row**2) for row in errors])
    fit._pairs, fit._looks = pairs, looks
    return fit


K_PAIRS, ALL_PAIRS = 2 * (SUPERPIXELS - 2), SUPERPIXELS * (SUPERPIXELS - 1)


def width(error, pairs=100, look=1, classes=1, compared=K_PAIRS):
    """How far two must be apart, for the standard error of their difference and sum: both are tested for each pair."""
    share = 0.05 / (look * (look + 1) * classes) / 2
    return student.isf(share / (2 * compared), (pairs - SUPERPIXELS) / 2) * error


@pytest.mark.parametrize(("pairs", "settled"), [(6, None), (7, "separated")])
def test_with_few_pairs_nothing_is_settled(pairs, settled):
    assert FEW_PAIRS == 1.5
    assert fit_of([1.0, -1.0, 0.5, 0.5], 1e-6, pairs=pairs).settled() == settled


@pytest.mark.parametrize("look", [1, 3])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_k_strongest_have_to_be_certain_at_the_error_of_the_look(look, sign):
    """Errors of 0.3 and 0.4 are a half together."""
    distance = width(0.5, look=look)
    for factor, settled in ((1.001, "separated"), (0.9, None)):
        coefficients = [50.0, 0.1, sign * (0.2 + factor * distance), -0.2]
        fit = fit_of(coefficients, [0.001, 0.001, 0.3, 0.4], looks=look, stop_tolerance=0.001)
        assert fit.settled() == settled


def test_all_classes_share_the_error_and_have_to_be_separated():
    distance = width(np.hypot(0.3, 0.3), classes=2)

    def rows(first, second):
        return [[50.0, 0.1, 0.2 + first * distance, 0.2], [0.2 + second * distance, 0.2, 0.1, 90.0]]

    tight = {"stop_tolerance": 0.001}
    assert fit_of(rows(1.001, 1.001), 0.3, **tight).settled() == "separated"
    assert fit_of(rows(1.001, 0.9), 0.3, **tight).settled() is None
    assert fit_of(rows(0.9, 1.001), 0.3, **tight).settled() is None


@pytest.mark.parametrize(("k", "settled"), [(1, "separated"), (2, None), (3, "separated"), (4, None), (9, None)])
def test_k_says_which_have_to_stand_apart(k, settled):
    fit = fit_of([9.0, 5.0, 4.9, 0.1], 0.2, stop_top_k=k, stop_tolerance=0.001)
    assert fit.settled() == settled


def test_what_is_open_may_be_tied_within_a_share_of_the_range():
    """-5 and 4.9 are alike by size; that one is stronger by more than 0.1 · 15 is excluded from some error bar on."""
    scores = [10.0, -5.0, 4.9, 0.1]
    allowed = 0.1 * 15 + 0.1
    error = allowed / width(np.sqrt(2), compared=ALL_PAIRS)
    assert fit_of(scores, 0.999 * error).settled() == "tied"
    assert fit_of(scores, 1.001 * error).settled() is None
    assert fit_of(scores, 0.999 * error, stop_tolerance=0.09).settled() is None


def test_every_class_is_certain_or_tied():
    tied, apart = [10.0, -5.0, 4.9, 0.1], [10.0, 9.0, 0.2, 0.1]
    assert fit_of([apart, apart], 0.1).settled() == "separated"
    assert fit_of([apart, tied], 0.1).settled() == "tied"
    assert fit_of([tied, apart], 0.1).settled() == "tied"
    assert fit_of([tied, apart], [[1.0] * 4, [0.1] * 4]).settled() is None


def test_before_the_first_block_nothing_is_settled():
    fit = RunningFit(SPEC, np.ones(SUPERPIXELS), [0, 2])
    assert fit.coefficients.shape == fit.std_errors.shape == (2, SUPERPIXELS)
    assert np.isnan(fit.std_errors).all()
    assert np.isnan(fit.coefficients).all()
    fit._pairs = 1000
    assert fit.settled() is None


# The running fit


def blocks(samples, seed=0):
    random = np.random.default_rng(seed)
    masks = random.integers(0, 2, (samples, SUPERPIXELS), dtype=np.uint8)
    outputs = (masks @ np.array([[0.5, 0.1], [0.0, 0.2], [-0.2, 0.3], [0.1, 0.0]])).astype(np.float32)
    outputs = np.column_stack([outputs + random.normal(0, 0.1, outputs.shape), random.random(samples)])
    return masks, outputs.astype(np.float32), np.arange(samples, dtype=np.int32) // 2


def dense(masks, outputs, penalty, weights):
    rows = np.column_stack([np.ones(len(masks)), masks.astype(float)])
    gram = rows.T @ np.diag(weights) @ rows + penalty * np.diag([0.0, 1, 1, 1, 1])
    inverse = np.linalg.inv(gram)
    return rows, inverse, inverse @ rows.T @ (weights * outputs.astype(np.float64))


def errors_by_hand(inverse, groups, pairs):
    meat = sum(np.outer(group, group) for group in groups)
    return np.sqrt(np.diagonal(inverse @ meat @ inverse)[1:] * pairs / (pairs - SUPERPIXELS))


@pytest.mark.parametrize(
    ("normalize", "kernel"), [(True, "none"), (False, "none"), (True, "lime"), (False, "gaussian")]
)
def test_a_first_block_gives_ridge_coefficients_and_errors_clustered_by_pair(normalize, kernel):
    masks, outputs, pairs = blocks(16)
    spec = replace(SPEC, normalize_weights=normalize, kernel=kernel)
    fit = RunningFit(spec, np.ones(SUPERPIXELS), [2, 0])
    fit.update(masks, outputs, pairs)
    weights = spec.kernel.weights(1 - np.sqrt(masks.mean(axis=1)))
    penalty = 0.5 * (weights.sum() if normalize else 1.0)
    for row, index in enumerate((2, 0)):
        rows, inverse, solution = dense(masks, outputs[:, index], penalty, weights)
        scores = rows * (weights * (outputs[:, index] - rows @ solution))[:, None]
        groups = scores.reshape(8, 2, -1).sum(axis=1)
        assert fit.coefficients[row] == pytest.approx(solution[1:])
        assert fit.std_errors[row] == pytest.approx(errors_by_hand(inverse, groups, 8))


def test_a_later_block_is_measured_against_the_fit_before_it():
    masks, outputs, pairs = blocks(40)
    fit = RunningFit(SPEC, np.ones(SUPERPIXELS), [0])
    fit.update(masks[:16], outputs[:16], pairs[:16])
    fit.update(masks[16:], outputs[16:], pairs[16:])
    target = outputs[:, 0].astype(np.float64)
    rows, _, first = dense(masks[:16], target[:16], 0.5 * 16, np.ones(16))
    early = (rows * (target[:16] - rows @ first)[:, None]).reshape(8, 2, -1).sum(axis=1)
    rows, inverse, solution = dense(masks, target, 0.5 * 40, np.ones(40))
    late = (rows[16:] * (target[16:] - rows[16:] @ first)[:, None]).reshape(12, 2, -1).sum(axis=1)
    assert fit.coefficients[0] == pytest.approx(solution[1:])
    assert fit.std_errors[0] == pytest.approx(errors_by_hand(inverse, [*early, *late], 20))


def test_the_first_update_is_the_first_look():
    masks, outputs, pairs = blocks(16)
    fit = RunningFit(replace(SPEC, stop_tolerance=0.001), np.ones(SUPERPIXELS), [0])
    fit.update(masks, outputs, pairs)
    distance = width(0.5, pairs=8)
    fit.covariances = np.diag(np.array([0.001, 0.3, 0.4, 0.001]) ** 2)[None]
    for factor, settled in ((1.001, "separated"), (0.9, None)):
        fit.coefficients = np.array([[90.0, 0.2 + factor * distance, 0.2, 0.1]])
        assert fit.settled() == settled


def test_the_covariance_is_joint_over_superpixels():
    masks, outputs, pairs = blocks(16)
    fit = RunningFit(replace(SPEC, normalize_weights=False), np.ones(SUPERPIXELS), [0])
    fit.update(masks, outputs, pairs)
    rows, inverse, solution = dense(masks, outputs[:, 0], 0.5, np.ones(16))
    groups = (rows * (outputs[:, 0] - rows @ solution)[:, None]).reshape(8, 2, -1).sum(axis=1)
    assert fit.covariances[0] == pytest.approx((inverse @ groups.T @ groups @ inverse)[1:, 1:] * 8 / (8 - SUPERPIXELS))


def test_as_many_pairs_as_superpixels_have_an_error_all_the_same():
    masks, outputs, pairs = blocks(8)
    fit = RunningFit(SPEC, np.ones(SUPERPIXELS), [0])
    fit.update(masks, outputs, pairs)
    rows, inverse, solution = dense(masks, outputs[:, 0], 0.5 * 8, np.ones(8))
    scores = (rows * (outputs[:, 0] - rows @ solution)[:, None]).reshape(4, 2, -1).sum(axis=1)
    assert fit.std_errors[0] == pytest.approx(np.sqrt(np.diagonal(inverse @ scores.T @ scores @ inverse)[1:] * 4))


def test_single_samples_are_clusters_of_their_own():
    masks, outputs, _ = blocks(16)
    fit = RunningFit(SPEC, np.ones(SUPERPIXELS), [0])
    fit.update(masks, outputs, np.arange(5, 21, dtype=np.int32))
    rows, inverse, solution = dense(masks, outputs[:, 0], 0.5 * 16, np.ones(16))
    scores = rows * (outputs[:, 0] - rows @ solution)[:, None]
    assert fit.std_errors[0] == pytest.approx(errors_by_hand(inverse, scores, 16))


def test_a_fit_without_a_penalty_keeps_a_superpixel_that_was_never_hidden_at_nothing():
    masks, outputs, pairs = blocks(16)
    masks[:, 3] = 1
    fit = RunningFit(replace(SPEC, alpha=0), np.ones(SUPERPIXELS), [0])
    fit.update(masks, outputs, pairs)
    assert np.isfinite(fit.coefficients).all()
    assert np.isfinite(fit.std_errors).all()
    assert fit.coefficients[0, 3] == pytest.approx(0, abs=1e-6)


# Blocks as they arrive


class Recorder:
    """A fit that writes down its blocks and settles at the n-th."""

    def __init__(self, settles_at):
        self.blocks, self._settles_at = [], settles_at

    def update(self, masks, outputs, pairs):
        assert len(masks) == len(outputs) == len(pairs)
        self.blocks.append(pairs.tolist())

    def settled(self):
        return "tied" if len(self.blocks) == self._settles_at else None


def test_every_whole_block_is_fed_once_however_samples_arrive():
    masks, outputs, pairs = blocks(60)
    recorder = Recorder(settles_at=3)
    rule = StoppingRule(recorder)
    looks = [rule.look(masks[:n], outputs[:n], pairs[:n]) for n in (10, 15, 16, 17, 33, 47)]
    assert looks == [None] * 6
    assert [len(block) for block in recorder.blocks] == [16, 16]
    assert rule.look(masks, outputs, pairs) == (48, "tied")
    assert recorder.blocks == [pairs[:16].tolist(), pairs[16:32].tolist(), pairs[32:48].tolist()]


def test_many_blocks_at_once_stop_at_the_first_that_settles():
    masks, outputs, pairs = blocks(64)
    recorder = Recorder(settles_at=2)
    assert StoppingRule(recorder).look(masks, outputs, pairs) == (32, "tied")
    assert len(recorder.blocks) == 2
