"""HSIC against its formula written out, and figures of another implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import all_masks
from known_games import PLAIN, answers, curved, exclusive, figures, scores_of

from lime_core.methods import METHODS
from lime_core.methods.hsic import MOST_COMPARED, independence_criteria, median_distance


def written_out(masks, outputs, width):
    """tr(KHLH) / (N − 1)², superpixel by superpixel, with whole matrices."""
    samples = len(masks)
    centring = np.eye(samples) - 1 / samples
    kernel = np.exp(-((outputs[:, None] - outputs) ** 2) / (2 * width**2))
    criteria = []
    for column in masks.T.astype(float):
        of_masks = 1 + 0.5 - (column[:, None] - column) ** 2
        criteria.append(np.trace(of_masks @ centring @ kernel @ centring) / (samples - 1) ** 2)
    return np.array(criteria)


def test_the_criteria_are_the_formula_written_out():
    given = answers("hsic", curved(9), 9, samples=120)
    outputs = given.outputs[:, 0].astype(float)
    for width in (0.02, 0.3):
        expected = written_out(given.masks, outputs, width)
        assert independence_criteria(given.masks, outputs, width) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_long_run_is_compared_piece_by_piece():
    random = np.random.default_rng(0)
    masks, outputs = random.integers(0, 2, (1003, 3), dtype=np.uint8), random.random(1003)
    assert independence_criteria(masks, outputs, 0.2) == pytest.approx(written_out(masks, outputs, 0.2), rel=1e-8)


def test_the_criteria_are_xpliques_at_its_width():
    # Xplique 2.0.2, BinaryEstimator(output_kernel="rbf")(all 64 masks, their outputs, 64): it takes the median output
    # for the width, and divides by N in place of (N − 1)².
    theirs = np.array([0.6474974751472473, 1.1548502445220947, 0.0, 0.0, 0.619410514831543, 0.0])
    masks = all_masks(6)
    found = independence_criteria(masks, figures(masks.astype(float)), 0.3)
    assert found == pytest.approx(theirs * 64 / 63**2, abs=1e-6)


def test_scores_are_the_criteria_of_the_target_at_its_median_distance():
    for target in ("probability", "log_odds"):
        spec = replace(PLAIN, target=target)
        given = answers("hsic", curved(9), 9, spec, samples=120)
        values = spec.target.values(given.outputs[:, 0])
        pairs = np.abs(values[:, None] - values)[np.triu_indices(120, 1)]
        found = METHODS["hsic"].from_answers(given, spec)
        assert found[0].scores == pytest.approx(written_out(given.masks, values, np.median(pairs)), rel=1e-9)
        assert not found.signed
        assert "unit" in found.unit


def test_adding_a_number_to_all_answers_and_stretching_them_changes_nothing():
    one, other = (scores_of("hsic", game, 12).scores for game in (curved(12), lambda z: 0.1 + 0.5 * curved(12)(z)))
    assert other == pytest.approx(one, rel=1e-3)


def test_a_dummy_gets_little_and_symmetric_superpixels_about_the_same():
    def game(z):
        return 0.1 + 0.3 * z[:, 0] + 0.3 * z[:, 1] + 0.2 * z[:, 2] * z[:, 3]

    scores = np.mean([scores_of("hsic", game, 12, seed=seed, samples=512).scores for seed in range(8)], axis=0)
    assert scores[0] == pytest.approx(scores[1], rel=0.05)
    assert scores[2] == pytest.approx(scores[3], rel=0.2)
    assert scores[4:].max() < 0.1 * scores[2:4].min()


def test_which_of_two_is_shown_alone_is_the_blind_spot_of_hsic():
    masks = all_masks(6)
    assert independence_criteria(masks, exclusive(masks.astype(float)), 0.3) == pytest.approx(0, abs=1e-9)


def test_where_most_answers_are_the_same_the_mean_distance_is_taken():
    assert median_distance(np.array([0.0, 0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.4)
    assert median_distance(np.array([0.0, 1.0, 3.0])) == 2.0
    assert median_distance(np.full(9, 0.3)) == 0.0
    assert median_distance(np.array([0.3])) == 0.0
    together = scores_of("hsic", lambda z: 0.1 + 0.8 * z[:, :4].prod(axis=1), 12, samples=512).scores
    assert set(np.argsort(-together)[:4]) == {0, 1, 2, 3}


def test_a_model_that_answers_the_same_to_everything_gets_nothing():
    assert not scores_of("hsic", lambda z: np.full(len(z), 0.4), 6).scores.any()


def test_no_more_samples_are_asked_for_than_can_be_compared():
    asked = METHODS["hsic"].asked(replace(PLAIN, samples=90_000))
    assert (asked.samples, asked.sampler.name) == (MOST_COMPARED, "balanced")
    assert METHODS["hsic"].planned_calls(replace(PLAIN, samples=90_000), 50) == MOST_COMPARED + 1
