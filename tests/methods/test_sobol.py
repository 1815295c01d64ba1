"""Total Sobol indices against their definition, and figures of another implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import all_masks, colorful_image
from known_games import PLAIN, answers, conjunction, curved, exclusive, figures, scores_of, total_sobol_indices

import lime_core as lc
from lime_core.methods import METHODS


def over_all_masks(game, superpixels=6):
    """Answers to a block for each of the 2^S masks."""
    given = answers("sobol", game, superpixels)
    flips = np.vstack([np.zeros(superpixels, np.uint8), np.eye(superpixels, dtype=np.uint8)])
    masks = (all_masks(superpixels)[:, None] ^ flips).reshape(-1, superpixels)
    outputs = game(masks.astype(float))[:, None].astype(np.float32)
    return replace(given, masks=masks, outputs=outputs, pairs=np.arange(len(masks), dtype=np.int32))


@pytest.mark.parametrize("game", [figures, conjunction, exclusive, curved(6)])
def test_over_all_masks_the_indices_are_their_definition(game):
    found = METHODS["sobol"].from_answers(over_all_masks(game), PLAIN)
    # The variance is that of a sample: 448 answers, of which 447 are free.
    assert found[0].scores * 448 / 447 == pytest.approx(total_sobol_indices(game, 6), abs=1e-5)
    assert (found.signed, found.unit, found[0].std_errors) == (False, "share of variance", None)


def test_the_indices_are_xpliques_averaged_over_what_b_may_be():
    # Xplique 2.0.2, JansenEstimator on all 64 masks for A, their complements for B, and the six mixed sets: twice the
    # mean over all B, as every superpixel is flipped. It divides by the variance of the answers to A, 64 of them.
    theirs = np.array(
        [0.6443180441856384, 0.7930067181587219, 0.7048949599266052, 0.7048949599266052, 0.2478146106004715, 0.0]
    )
    found = METHODS["sobol"].from_answers(over_all_masks(figures), PLAIN)[0].scores
    masks = all_masks(6).astype(float)
    of_all = np.repeat(figures(masks), 7)
    assert found * of_all.var(ddof=1) / figures(masks).var(ddof=1) == pytest.approx(theirs / 2, abs=1e-6)


def test_of_a_linear_model_the_shares_are_those_of_the_squared_weights():
    weights = np.array([0.2, -0.15, 0.1, 0.0, 0.05, 0.05])
    found = METHODS["sobol"].from_answers(over_all_masks(lambda z: 0.4 + z @ weights), PLAIN)[0].scores
    assert found * 448 / 447 == pytest.approx(weights**2 / (weights**2).sum(), abs=1e-5)


def test_superpixels_that_act_only_together_are_seen_where_lime_sees_nothing():
    scores = scores_of("sobol", exclusive, 12, samples=520).scores
    assert scores[[1, 4]] == pytest.approx(1, abs=0.1)
    assert not np.delete(scores, [1, 4]).any()
    assert np.abs(scores_of("banzhaf", exclusive, 12, samples=512).scores).max() < 0.05


def test_a_dummy_gets_exactly_nothing_and_symmetric_superpixels_about_the_same():
    def game(z):
        return 0.1 + 0.3 * z[:, 0] * z[:, 1] + 0.2 * z[:, 2]

    scores = np.mean([scores_of("sobol", game, 12, seed=seed, samples=520).scores for seed in range(10)], axis=0)
    assert scores[0] == pytest.approx(scores[1], rel=0.1)
    assert not scores[3:].any()


def test_the_indices_come_closer_with_more_samples():
    game = curved(12)
    truth = total_sobol_indices(game, 12)
    errors = [
        np.sqrt(
            np.mean([(scores_of("sobol", game, 12, seed=seed, samples=n).scores - truth) ** 2 for seed in range(12)])
        )
        for n in (65, 260, 1040)
    ]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 0.02


def test_a_model_that_answers_the_same_to_everything_gets_nothing():
    assert not scores_of("sobol", lambda z: np.full(len(z), 0.4), 6).scores.any()


@pytest.mark.parametrize("samples", [26, 38, 39, 300])
def test_only_whole_blocks_are_asked(samples):
    spec = replace(PLAIN, samples=samples)
    assert METHODS["sobol"].planned_calls(spec, 12) == samples // 13 * 13 + 1 <= samples + 1


def test_a_budget_that_is_too_small_is_refused_before_the_model_is_asked():
    def function(images):
        raise AssertionError("the model was asked")

    spec = replace(PLAIN, segmentation=lc.Grid(rows=3, columns=4), samples=25)
    with pytest.raises(lc.SpecError, match=r"12 superpixels need at least 26 samples; got 25\. Raise samples to 26"):
        lc.attribute(colorful_image(), lc.CallableClassifier(function, 20), method="sobol", spec=spec)


def test_as_long_as_there_are_too_few_answers_the_scores_are_0_and_said_to_be():
    given = answers("sobol", curved(12), 12)
    few = replace(given, masks=given.masks[:25], outputs=given.outputs[:25], pairs=given.pairs[:25])
    found = METHODS["sobol"].from_answers(few, PLAIN)
    assert not found[0].scores.any()
    assert any("1 more samples are needed" in note for note in found.notes)


def test_a_block_that_is_only_partly_answered_does_not_count_yet():
    given = answers("sobol", curved(12), 12)
    cut = [replace(given, masks=given.masks[:n], outputs=given.outputs[:n], pairs=given.pairs[:n]) for n in (39, 45)]
    scores = [METHODS["sobol"].from_answers(each, PLAIN)[0].scores for each in cut]
    assert np.array_equal(*scores)
