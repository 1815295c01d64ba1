"""KernelSHAP against Shapley's definition, the `shap` package, and the constrained regression written out."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from known_answers import colorful_image, known_answer
from known_games import PLAIN, answers, conjunction, coverage, curved, exclusive, figures, scores_of, shapley_values

import lime_core as lc
from lime_core.methods import METHODS

LINEAR = np.array([0.2, -0.15, 0.1, 0.0, 0.05, 0.05])


@pytest.mark.parametrize("game", [figures, conjunction, exclusive, curved(6), lambda z: 0.4 + z @ LINEAR])
def test_with_as_many_samples_as_masks_the_values_are_exact(game):
    found = scores_of("kernel_shap", game, 6, samples=500)
    assert found.scores == pytest.approx(shapley_values(game, 6), abs=1e-6)
    assert found.std_errors == pytest.approx(0, abs=1e-9)


def test_shapley_values_of_games_with_a_known_answer():
    assert scores_of("kernel_shap", lambda z: 0.4 + z @ LINEAR, 6).scores == pytest.approx(LINEAR, abs=1e-6)
    assert scores_of("kernel_shap", conjunction, 6).scores == pytest.approx([0.2, 0, 0.2, 0.2, 0, 0], abs=1e-6)
    assert scores_of("kernel_shap", exclusive, 6).scores == pytest.approx(0, abs=1e-6)


def test_the_values_are_those_of_the_shap_package():
    # shap 0.51.0, KernelExplainer(figures, zeros).shap_values(ones, nsamples=64, l1_reg=0)
    theirs = [0.1125, 0.15, 0.0, 0.0, 0.1125, 0.0]
    assert scores_of("kernel_shap", figures, 6).scores == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(("superpixels", "samples"), [(9, 40), (12, 100), (12, 61), (11, 2000)])
def test_the_fit_is_the_regression_on_all_samples_with_the_sum_held(superpixels, samples):
    """Lagrange's equations of Σ wᵢ (f(zᵢ) − f(0) − zᵢφ)² with Σφ = f(1) − f(0)."""
    given = answers("kernel_shap", curved(superpixels), superpixels, samples=samples)
    masks, outputs = given.masks[2:].astype(float), given.outputs[2:, 0].astype(float)
    sizes = np.minimum(masks.sum(axis=1), superpixels - masks.sum(axis=1)).astype(int)
    drawn = np.bincount(sizes)
    kernel = np.array(
        [(1 if 2 * k == superpixels else 2) * (superpixels - 1) / (k * (superpixels - k)) / drawn[k] for k in sizes]
    )
    none, whole = float(given.outputs[0, 0]), float(given.original_outputs[0])
    ones = np.ones((superpixels, 1))
    system = np.block([[masks.T @ (masks * kernel[:, None]), ones], [ones.T, np.zeros((1, 1))]])
    right = np.append(masks.T @ (kernel * (outputs - none)), whole - none)
    expected = np.linalg.solve(system, right)[:superpixels]
    found = METHODS["kernel_shap"].from_answers(given, PLAIN)[0].scores
    assert found == pytest.approx(expected, abs=1e-8)
    assert found.sum() == pytest.approx(whole - none, abs=1e-12)


@pytest.mark.parametrize("samples", [2, 7, 20, 64, 300])
@pytest.mark.parametrize("target", ["probability", "log_odds"])
def test_the_scores_add_up_to_what_showing_everything_adds(samples, target):
    spec = replace(PLAIN, target=target)
    given = answers("kernel_shap", curved(12), 12, spec, samples=samples)
    values = spec.target.values(np.array([given.outputs[0, 0], given.original_outputs[0]]))
    found = METHODS["kernel_shap"].from_answers(given, spec)
    assert found[0].scores.sum() == pytest.approx(values[1] - values[0], abs=1e-9)
    assert found.unit == spec.target.unit


def test_superpixels_that_play_the_same_part_get_the_same_and_a_dummy_nothing():
    def game(z):
        return 0.1 + 0.4 * z[:, 0] * z[:, 1] + 0.2 * z[:, 2]

    scores = scores_of("kernel_shap", game, 9, samples=512).scores
    assert scores[:3] == pytest.approx([0.2, 0.2, 0.2], abs=1e-6)
    assert scores[3:] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("samples", [64, 128, 400])
def test_the_intervals_hold_the_exact_values(samples):
    game = curved(12)
    exact = scores_of("kernel_shap", game, 12, samples=4096).scores
    assert 0.9 <= coverage("kernel_shap", game, exact, samples) <= 0.98


def test_error_bars_shrink_to_nothing_as_the_masks_run_out():
    sizes = [
        scores_of("kernel_shap", curved(10), 10, samples=samples).std_errors.mean() for samples in (100, 900, 1022)
    ]
    assert sizes[0] > 4 * sizes[1] > 4 * sizes[2] > 0
    assert scores_of("kernel_shap", curved(10), 10, samples=1024).std_errors == pytest.approx(0, abs=1e-9)


def test_too_few_samples_are_said_to_be_too_few():
    for samples in (24, 25):
        few = METHODS["kernel_shap"].from_answers(answers("kernel_shap", curved(12), 12, samples=samples), PLAIN)
        assert any("24 samples cannot tell 12 superpixels apart" in note for note in few.notes)
        assert any("Raise samples to 26 or more" in note for note in few.notes)
        assert np.isinf(few[0].std_errors).all()
    enough = METHODS["kernel_shap"].from_answers(answers("kernel_shap", curved(12), 12, samples=26), PLAIN)
    assert not enough.notes
    assert np.isfinite(enough[0].std_errors).all()


def test_a_pair_that_is_only_half_answered_does_not_count_yet():
    given = answers("kernel_shap", curved(12), 12, samples=60)
    half = replace(given, masks=given.masks[:51], outputs=given.outputs[:51], pairs=given.pairs[:51])
    whole = replace(given, masks=given.masks[:50], outputs=given.outputs[:50], pairs=given.pairs[:50])
    scores = [METHODS["kernel_shap"].from_answers(each, PLAIN)[0].scores for each in (half, whole)]
    assert np.array_equal(*scores)


@pytest.mark.parametrize("samples", [3, 40])
def test_one_superpixel_gets_everything(samples):
    found = scores_of("kernel_shap", lambda z: 0.2 + 0.5 * z[:, 0], 1, samples=samples)
    assert found.scores == pytest.approx([0.5], abs=1e-6)
    assert found.std_errors == pytest.approx([0.0], abs=1e-9)


def test_a_thousand_superpixels_can_be_explained():
    weights = np.zeros(1000)
    weights[[3, 500]] = 0.2, -0.1
    found = scores_of("kernel_shap", lambda z: 0.5 + z @ weights, 1000, samples=2400)
    assert found.scores == pytest.approx(weights, abs=1e-5)


def test_the_fully_hidden_picture_is_asked_about():
    image, spec = colorful_image(), replace(PLAIN, segmentation=lc.Grid(rows=2, columns=3), fill="black", samples=64)
    found = lc.attribute(
        image, known_answer(lambda z: figures(z)[:, None], image, spec), method="kernel_shap", spec=spec
    )
    assert found[0].scores == pytest.approx(shapley_values(figures, 6), abs=1e-5)
    assert found.calls == 65
    assert sum(comb(6, size) for size in range(7)) == 64
