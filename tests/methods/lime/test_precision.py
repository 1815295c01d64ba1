"""Reduced precision is compared on the picture itself; models whose answers are known stand in for both precisions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

import lime_core as lc
from lime_core.methods.lime.precision import PROBABILITY_TOLERANCE, check_precision
from lime_core.models import bf16_available

SPEC = lc.ExplainSpec(segmentation=lc.Grid(4, 4), samples=500, top_classes=2, fill="image_mean")


@pytest.fixture(scope="module")
def chelsea():
    return lc.Image(data.chelsea())


def brightness(weights, shift=0.0):
    """A model of two classes: a weighted mean of the picture's rows and columns, and the rest."""

    def function(images):
        score = (images.mean(axis=3) / 255 * weights).mean(axis=(1, 2)) + shift
        return np.column_stack([score, 1 - score])

    return lc.CallableClassifier(function, 32, ("bright", "dark"))


def weights(seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (4, 4)).repeat(8, axis=0).repeat(8, axis=1)


def test_a_model_agrees_with_itself_entirely(chelsea):
    report = check_precision(chelsea, brightness(weights()), brightness(weights()), SPEC)
    assert (report.max_probability_difference, report.top5_jaccard, report.accepted) == (0.0, 1.0, True)


@pytest.mark.parametrize(("shift", "accepted"), [(0.8, True), (1.2, False)])
def test_probabilities_that_move_too_far_are_not_accepted(chelsea, shift, accepted):
    moved = brightness(weights(), shift * PROBABILITY_TOLERANCE)
    report = check_precision(chelsea, brightness(weights()), moved, SPEC)
    assert report.max_probability_difference == pytest.approx(shift * PROBABILITY_TOLERANCE, abs=1e-6)
    assert report.top5_jaccard == 1
    assert report.accepted is accepted


def test_other_superpixels_are_not_accepted_however_close_the_probabilities(chelsea):
    faint = 0.02
    report = check_precision(chelsea, brightness(faint * weights(0)), brightness(faint * weights(1)), SPEC)
    assert report.max_probability_difference < PROBABILITY_TOLERANCE
    assert report.top5_jaccard < 2 / 3
    assert not report.accepted


def test_one_block_is_asked_and_its_answers_can_be_gone_on_from(chelsea):
    reduced = brightness(weights(), 0.01)
    report = check_precision(chelsea, brightness(weights()), reduced, SPEC)
    # Sixteen superpixels: a block is 2·32 samples.
    assert report.reference.samples == report.reduced.samples == 64
    continued = lc.query(chelsea, reduced, SPEC, known=report.reduced)
    np.testing.assert_array_equal(continued.outputs[:64], report.reduced.outputs)
    assert continued.samples == 500


def test_the_report_says_which_precision_was_used_and_why(chelsea):
    good, bad = (check_precision(chelsea, brightness(weights()), brightness(weights(), shift)) for shift in (0.01, 0.2))
    assert good.describe().startswith("Asked in reduced precision (callable): on the first ")
    assert "moved by up to 0.010 and the top 5 superpixels overlap by 100%" in good.describe()
    assert bad.describe().startswith("Asked in f32, as reduced precision was not close enough")


def test_the_five_strongest_of_either_sign_are_compared_in_every_class(chelsea):
    """Both models rank sixteen squares; those of rank five and six change places."""
    ranked = np.linspace(1, 0.1, 16)
    swapped = ranked.copy()
    swapped[[4, 5]] = ranked[[5, 4]]

    def model(values):
        squares = values.reshape(4, 4).repeat(8, axis=0).repeat(8, axis=1)
        return brightness(0.05 * squares / squares.sum() * 1024)

    spec = replace(SPEC, fill="black", target="probability")
    flat = lc.Image(np.full((32, 32, 3), 200, np.uint8))
    report = check_precision(flat, model(ranked), model(swapped), spec)
    assert report.top5_jaccard == pytest.approx(4 / 6)
    assert report.accepted  # one of five exchanged, and no more
    swapped[[3, 6]] = ranked[[6, 3]]
    report = check_precision(flat, model(ranked), model(swapped), spec)
    assert report.top5_jaccard == pytest.approx(3 / 7)
    assert not report.accepted


def test_two_different_models_are_not_compared(chelsea):
    class Other(lc.CallableClassifier):
        weights_sha256 = "0" * 64

    with pytest.raises(lc.ModelError, match="different weights"):
        check_precision(chelsea, brightness(weights()), Other(lambda images: images, 32), SPEC)


@pytest.mark.skipif(not bf16_available(), reason="this processor does not compute in bf16")
def test_bf16_moves_the_built_in_model_and_the_report_says_how_far(chelsea, lite0):
    report = check_precision(chelsea, lite0, lc.load_classifier(precision="bf16"))
    assert 0 < report.max_probability_difference < 0.2
    assert report.reduced.provenance.engine == "openvino-bf16"
    assert 0 <= report.top5_jaccard <= 1
