"""Models whose verdict must come out one way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import JUDGED as SPEC
from known_answers import WEIGHTS, all_masks, colorful_image, hashed, known_answer, linear, trust_in

import lime_core as lc
from lime_core.judge.evidence import Evidence, FitFacts
from lime_core.judge.rules import find_weaknesses


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def logistic(weights, bias):
    return lambda masks: (1 / (1 + np.exp(-(masks @ weights + bias))))[:, None]


def test_a_linear_model_is_solid(image):
    trust = trust_in(linear(WEIGHTS, 0.3), image)
    assert (trust.level, trust.reasons, trust.advice, trust.changes) == ("solid", (), "", {})
    assert trust.stability == pytest.approx(1)
    assert trust.top_k_frequency[:3] == pytest.approx(1)
    assert trust.top_k_frequency[3:] == pytest.approx(0)
    assert trust.nonlinear_share == pytest.approx(0, abs=1e-9)
    assert trust.gap == pytest.approx(0, abs=1e-3)
    assert trust.samples_per_superpixel == 256 / 12


def test_xor_is_doubtful_and_its_pair_is_named(image):
    def xor(masks):
        return np.abs(masks[:, 4] - masks[:, 7])[:, None] * 0.6 + 0.2

    trust = trust_in(xor, image, replace(SPEC, kernel="none"))
    assert trust.level == "doubtful"
    assert (trust.interaction.a, trust.interaction.b) == (4, 7)
    assert "superpixels 4 and 7 act together" in trust.reasons[0]
    assert trust.interaction.r2 == pytest.approx(1, abs=1e-6)
    assert trust.interaction.effect == pytest.approx(-1.2, abs=1e-5)
    assert trust.nonlinear_share == pytest.approx(1)


def test_a_constant_answer_is_meaningless(image):
    trust = trust_in(lambda masks: np.full((len(masks), 1), 0.25), image)
    assert trust.level == "meaningless"
    assert "0.25 for this class whatever is hidden" in trust.reasons[0]
    assert "another fill" in trust.advice


def test_pure_noise_is_meaningless_and_asks_for_more_samples(image):
    trust = trust_in(hashed, image)
    assert trust.level == "meaningless"
    assert trust.changes == {"samples": 1024}
    assert trust.stability < 0.8


def test_a_saturated_probability_suggests_log_odds_and_they_help(image):
    weights = np.array([3.0, 2.0, 1.0] + [0.2] * 9)
    saturated = logistic(weights, 6.0)
    trust = trust_in(saturated, image)
    assert trust.level == "doubtful"
    assert "saturated" in trust.reasons[0]
    # It reaches up to 1 − 1e-6, beyond where log-odds are cut off otherwise.
    assert trust.changes == {"target": "log_odds", "log_odds_cut": 1e-6}
    assert trust_in(saturated, image, replace(SPEC, **trust.changes)).level == "solid"


def test_log_odds_that_are_cut_off_in_most_samples_are_named_and_a_later_cut_helps(image):
    weights, spec = np.array([3.0, 2.0, 1.0] + [0.2] * 9), replace(SPEC, target="log_odds")
    trust = trust_in(logistic(weights, 6.0), image, spec)
    assert any("of the samples the output is above 1 − 0.0001" in reason for reason in trust.reasons)
    assert trust_in(logistic(weights, 6.0), image, replace(spec, log_odds_cut=1e-6)).level == "solid"
    rare = trust_in(logistic(weights, -14.0), image, spec)
    assert any("of the samples the output is below 0.0001" in reason for reason in rare.reasons)


def test_a_class_that_is_certain_beyond_the_cut_gets_a_later_one(image):
    certain = logistic(np.array([1.0, 0.5, 0.2] + [0.0] * 9), 10.0)
    trust = trust_in(certain, image, replace(SPEC, target="log_odds"))
    assert (trust.level, trust.changes) == ("meaningless", {"log_odds_cut": 1e-6})
    assert trust_in(certain, image, replace(SPEC, target="log_odds", **trust.changes)).level == "solid"


def test_a_probability_of_one_everywhere_has_no_log_odds_to_offer(image):
    for target in ("probability", "log_odds"):
        trust = trust_in(lambda masks: np.ones((len(masks), 1)), image, replace(SPEC, target=target))
        assert (trust.level, trust.changes) == ("meaningless", {})
        assert len(trust.reasons) == 1
        assert np.isnan(trust.nonlinear_share)


def test_scores_and_hard_answers_are_not_told_to_become_log_odds(image):
    def scores(masks):
        return 30 + 9 * linear(WEIGHTS, 0.3)(masks)

    def hard(masks):
        return (linear(WEIGHTS, 0.3)(masks) > 0.5).astype(float)

    for model in (scores, hard):
        assert "target" not in trust_in(model, image).changes


def test_a_narrow_kernel_is_not_mistaken_for_a_constant_model(image):
    narrow = replace(SPEC, kernel_width=0.001, include_original=True)
    trust = trust_in(linear(WEIGHTS, 0.3), image, narrow)
    assert trust.level == "meaningless"
    assert "kernel" in trust.reasons[0]


def test_answers_that_bend_ask_to_hide_less_and_then_bend_less(image):
    bent = logistic(np.linspace(1.2, 0.2, 12), -2.5)
    trust = trust_in(bent, image)
    assert "The linear model and the model disagree" in trust.reasons[0]
    assert trust.changes == {"sampler": "mixed_rate"}
    mixed = replace(SPEC, **trust.changes)
    iid = replace(SPEC, sampler="iid", keep_probability=0.4)
    assert replace(iid, **trust_in(bent, image, iid).changes) == mixed
    assert abs(trust_in(bent, image, mixed).gap) < abs(trust.gap) / 2


@pytest.mark.parametrize(
    ("rate", "changes"), [(0.8, {"max_hide_rate": 0.4}), (0.15, {"max_hide_rate": 0.1}), (0.1, {})]
)
def test_hiding_still_less_ends_where_hardly_anything_is_hidden(rate, changes):
    targets = all_masks(4) @ np.array([0.2, 0.1, 0.1, 0.05])
    fit = FitFacts(
        pairs=16,
        effective_samples=16.0,
        typical_distance=0.3,
        r2=0.9,
        r2_holdout=0.9,
        r2_holdout_error=0.01,
        model_output=0.1,
        surrogate_output=0.45,
        gap=0.35,
        top_k_frequency=np.ones(4),
        stability=1.0,
        certain=None,
        nonlinear_share=0.0,
        interaction=None,
    )
    evidence = Evidence(
        spec=replace(SPEC, sampler="mixed_rate", max_hide_rate=rate),
        top_k=3,
        superpixels=4,
        sure=np.ones(4, bool),
        largest_superpixel=0.25,
        outputs=targets.astype(np.float32),
        targets=targets,
        fit=fit,
        outputs_are="probabilities",
        largest_change=0.45,
    )
    (finding,) = find_weaknesses(evidence)
    assert "The linear model and the model disagree" in finding.reason
    assert finding.changes == changes


def test_more_samples_after_an_early_stop_are_not_stopped_early(image):
    early = replace(SPEC, early_stop=True, samples=16)
    assert trust_in(hashed, image, early).changes["early_stop"] is False


def test_a_kernel_that_weights_nothing_is_named_and_the_wider_one_helps(image):
    narrow = replace(SPEC, kernel_width=0.01)
    trust = trust_in(linear(WEIGHTS, 0.3), image, narrow)
    assert trust.level == "meaningless"
    assert "kernel" in trust.reasons[0]
    assert trust_in(linear(WEIGHTS, 0.3), image, replace(narrow, **trust.changes)).level == "solid"


def test_too_few_samples_are_named_and_more_help(image):
    few = replace(SPEC, samples=16)
    trust = trust_in(linear(WEIGHTS, 0.3), image, few)
    assert trust.level == "meaningless"
    assert "16 samples are few for 12 superpixels" in trust.reasons[0]
    assert trust_in(linear(WEIGHTS, 0.3), image, replace(few, samples=32)).level == "doubtful"
    assert trust_in(linear(WEIGHTS, 0.3), image, replace(few, samples=96)).level == "solid"


def test_one_superpixel_that_covers_nearly_everything_is_named(image):
    labels = np.zeros((61, 87), int)
    labels[:10, :10], labels[50:, 50:] = 1, 2
    spec = replace(SPEC, segmentation=lc.LabelMap(labels))
    trust = trust_in(linear(np.array([0.3, 0.2, 0.1])), image, spec)
    assert trust.level == "doubtful"
    assert "One superpixel covers 90%" in trust.reasons[0]


def test_a_surrogate_that_misses_the_picture_itself_is_only_usable(image):
    def curved(masks):
        return linear(WEIGHTS, 0.3)(masks) - 0.4 * masks.all(axis=1)[:, None]

    trust = trust_in(curved, image)
    assert trust.level == "usable"
    assert "unmodified picture" in trust.reasons[0]
    assert trust.gap == pytest.approx(0.4, abs=0.01)


def test_the_verdict_travels_with_the_json(image):
    def xor(masks):
        return np.abs(masks[:, 4] - masks[:, 7])[:, None]

    for spec in (SPEC, replace(SPEC, surrogate="tree")):
        explanation = lc.explain(image, known_answer(xor, image, spec), spec)
        back = lc.Explanation.from_json(explanation.to_json())
        assert back.classes[0].trust.to_dict() == explanation.classes[0].trust.to_dict()
