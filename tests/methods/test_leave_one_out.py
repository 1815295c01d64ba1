"""Leave one out against models whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer, linear
from scipy.special import logit

import lime_core as lc
from lime_core.methods import METHODS
from lime_core.settings.flags import command_line, flags_of, spec_from_flags

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(segmentation=TWELVE, fill="black", target="probability")


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def left_out(function, image, spec=SPEC):
    return lc.attribute(image, known_answer(function, image, spec), method="leave_one_out", spec=spec)


def test_a_linear_model_is_recovered_exactly(image):
    weights = np.linspace(-0.05, 0.06, SUPERPIXELS)
    attribution = left_out(linear(np.stack([weights, -weights]), 0.4), image)
    assert attribution[0].scores == pytest.approx(weights, abs=1e-6)
    assert attribution[1].scores == pytest.approx(-weights, abs=1e-6)
    assert attribution[0].std_errors is None
    assert (attribution.signed, attribution.unit, attribution.calls) == (True, "probability", SUPERPIXELS + 1)


def test_a_superpixel_that_the_model_ignores_gets_nothing(image):
    weights = np.full(SUPERPIXELS, 0.05)
    weights[7] = 0
    scores = left_out(linear(weights), image)[0].scores
    assert scores[7] == 0
    assert (np.delete(scores, 7) != 0).all()


def test_two_superpixels_that_only_count_together_get_the_same(image):
    scores = left_out(lambda masks: (0.2 + 0.5 * masks[:, 2] * masks[:, 7])[:, None], image)[0].scores
    assert scores[2] == scores[7] == pytest.approx(0.5, abs=1e-6)
    assert np.delete(scores, [2, 7]) == pytest.approx(0, abs=1e-9)


def test_either_of_two_superpixels_is_the_blind_spot_of_leave_one_out(image):
    scores = left_out(lambda masks: masks[:, [2, 7]].max(axis=1, keepdims=True), image)[0].scores
    assert scores == pytest.approx(0, abs=1e-9)


def test_log_odds_make_a_logistic_model_linear(image):
    weights = np.linspace(-1, 1.5, SUPERPIXELS)

    def logistic(masks):
        return 1 / (1 + np.exp(-(masks @ weights - 2.0)))[:, None]

    attribution = left_out(logistic, image, replace(SPEC, target="log_odds"))
    assert attribution.unit == "log-odds"
    assert attribution[0].scores == pytest.approx(weights, abs=1e-4)
    assert logit(attribution[0].output) == pytest.approx(weights.sum() - 2.0, abs=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": 5000},
        {"seed": 9},
        {"sampler": "iid"},
        {"include_original": True},
        {"early_stop": True},
        {"kernel_width": 0.01},
        {"surrogate": "tree"},
        {"selection": "forward", "max_features": 2},
    ],
)
def test_what_belongs_to_the_fit_or_to_chance_does_not_matter(image, changes):
    model = linear(np.linspace(-0.05, 0.06, SUPERPIXELS), 0.4)
    usual, changed = left_out(model, image), left_out(model, image, replace(SPEC, **changes))
    assert np.array_equal(usual[0].scores, changed[0].scores)
    assert (changed.calls, changed.signed) == (usual.calls, usual.signed)


def test_a_query_that_was_left_early_says_what_is_missing(image):
    weights = np.full(SUPERPIXELS, 0.05)
    classifier, method = known_answer(linear(weights), image, SPEC), lc.METHODS["leave_one_out"]
    answers = next(lc.stream(image, classifier, method.asked(SPEC), batch_size=5))
    attribution = method.from_answers(answers, SPEC)
    assert attribution[0].scores == pytest.approx([0.05] * 5 + [0.0] * 7, abs=1e-6)
    assert attribution.notes == ("7 superpixels have not been hidden yet; their scores are 0.",)
    assert left_out(linear(weights), image).notes == ()


# Judging: rules that need what this method does not give are silent


def test_its_verdict_says_what_was_not_measured(image):
    trust = left_out(linear(np.linspace(-0.05, 0.06, SUPERPIXELS), 0.4), image)[0].trust
    assert trust.level == "usable"
    assert trust.reasons == (
        "This method does not measure how well its scores describe the model, so only the trials can confirm it.",
    )
    assert np.isnan([trust.stability, trust.nonlinear_share, trust.gap]).all()
    assert np.isnan(trust.top_k_frequency).all()
    assert trust.samples_per_superpixel == 1
    assert trust.interaction is None


def test_a_constant_answer_is_meaningless(image):
    trust = left_out(lambda masks: np.full((len(masks), 1), 0.25), image)[0].trust
    assert trust.level == "meaningless"
    assert "0.25 for this class whatever is hidden" in trust.reasons[0]


def test_a_model_that_needs_every_superpixel_is_not_taken_for_a_constant_one(image):
    attribution = left_out(lambda masks: 0.1 + 0.6 * masks.all(axis=1, keepdims=True), image)
    assert attribution[0].scores == pytest.approx(0.6, abs=1e-6)
    assert attribution[0].trust.level == "usable"


def test_one_superpixel_that_covers_nearly_everything_is_named(image):
    labels = np.zeros((61, 87), int)
    labels[:10, :10] = 1
    trust = left_out(linear(np.array([0.3, 0.2])), image, replace(SPEC, segmentation=lc.LabelMap(labels)))[0].trust
    assert trust.level == "doubtful"
    assert "One superpixel covers 98%" in trust.reasons[0]


def test_its_settings_can_be_written_as_flags_again(image):
    attribution = left_out(linear(np.full(SUPERPIXELS, 0.05)), image)
    assert "each_hidden" not in command_line(attribution.spec, "cat.jpg", method="leave_one_out")
    assert "--method leave_one_out" in command_line(attribution.spec, "cat.jpg", method="leave_one_out")
    method = lc.METHODS["leave_one_out"]
    assert method.asked(spec_from_flags(flags_of(attribution.spec))) == method.asked(SPEC)


def test_it_asks_once_a_superpixel_whatever_the_settings_of_a_random_run_say():
    spec = lc.ExplainSpec(samples=500, early_stop=True, include_original=True)
    asked = METHODS["leave_one_out"].asked(spec)
    assert (asked.sampler.name, asked.samples) == ("each_hidden", 2)
    assert not asked.early_stop
    assert not asked.include_original
    assert not METHODS["leave_one_out"].fits
    assert METHODS["lime"].fits
