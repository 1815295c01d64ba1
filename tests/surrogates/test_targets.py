"""Log-odds and probabilities: what the surrogate is fitted to, and which outputs have no log-odds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import EXACT, SUPERPIXELS, colorful_image, explain, known_answer
from known_answers import UNPENALIZED as SPEC

import lime_core as lc
from lime_core.surrogates.targets import LogOdds, Probability


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def test_log_odds_make_a_logistic_model_linear(image):
    weights = np.linspace(-1, 1.5, SUPERPIXELS)

    def logistic(masks):
        return 1 / (1 + np.exp(-(masks @ weights - 0.5)))[:, None]

    explained = explain(logistic, image, replace(EXACT, target="log_odds")).classes[0]
    assert explained.coefficients == pytest.approx(weights, abs=1e-4)
    assert explained.model_output == pytest.approx(weights.sum() - 0.5, abs=1e-4)


def test_log_odds_stop_where_a_probability_says_no_more():
    target = LogOdds()
    outputs = np.array([-1e-4, 1e-6, 1e-4, 0.25, 1 - 1e-5, 1.0001], np.float32)
    targets = target.values(outputs)
    assert targets == pytest.approx([-9.21024, -9.21024, -9.21024, -np.log(3), 9.21024, 9.21024], abs=1e-4)
    # Of two classes, one mirrors the other.
    assert target.values(1 - outputs) == pytest.approx(-targets, abs=1e-3)
    assert target.outputs(targets) == pytest.approx([1e-4, 1e-4, 1e-4, 0.25, 0.9999, 0.9999], abs=1e-7)
    assert LogOdds(cut=1e-6).values(outputs)[[1, -1]] == pytest.approx([-13.8155, 13.8155], abs=1e-3)
    as_they_are = Probability()
    assert as_they_are.outputs(as_they_are.values(outputs)) == pytest.approx(outputs)


def test_a_model_without_probabilities_is_refused_log_odds_before_it_is_asked(image):
    asked = []

    def scores(masks):
        asked.append(len(masks))
        return 3 * masks[:, :2] - 1

    classifier = known_answer(scores, image, SPEC)
    with pytest.raises(lc.SpecError, match=r"answers 2\. Use target='probability'"):
        lc.query(image, classifier, replace(SPEC, target="log_odds"))
    assert sum(asked) == 1  # the unmodified picture
    neighborhood = lc.query(image, classifier, SPEC)
    assert lc.fit(neighborhood)[0].coefficients[0] == pytest.approx(3, abs=1e-4)
    with pytest.raises(lc.SpecError, match=r"answers -1 to 2"):
        lc.fit(neighborhood, replace(SPEC, target="log_odds"))


@pytest.mark.parametrize("level", [0.5, 0.999, 3e-5])
def test_an_answer_that_varies_by_rounding_only_has_nothing_to_explain(image, level):
    def constant(masks):
        noise = np.random.default_rng(0).choice([-1, 0, 1], len(masks))
        return np.full((len(masks), 1), level) * (1 + 3e-8 * noise[:, None])

    explained = explain(constant, image, replace(SPEC, target="log_odds")).classes[0]
    assert np.isnan(explained.r2)
    assert explained.trust.level == "meaningless"


def test_a_class_that_stays_below_the_smallest_probability_has_nothing_to_explain(image):
    explained = explain(lambda masks: 1e-5 * masks[:, :1], image, replace(SPEC, target="log_odds")).classes[0]
    assert explained.trust.level == "meaningless"
    assert explained.trust.reasons[0].endswith("The model gives this class no more than 0.0001, whatever is hidden.")


def test_the_two_classes_of_a_binary_model_mirror_each_other(image):
    def sides(masks):
        one = 1 / (1 + np.exp(-(masks @ np.linspace(-1, 3, SUPERPIXELS) - 3)))
        return np.stack([one, 1 - one], axis=1)

    explanation = explain(sides, image, replace(SPEC, target="log_odds"))
    assert explanation[0].coefficients == pytest.approx(-explanation[1].coefficients, abs=1e-3)
    assert explanation[0].r2_holdout == pytest.approx(explanation[1].r2_holdout, abs=1e-3)


def test_only_the_explained_classes_need_to_be_probabilities(image):
    def probability_and_age(masks):
        return np.stack([0.2 + 0.5 * masks[:, 0], 37 + masks[:, 1]], axis=1)

    explanation = explain(probability_and_age, image, replace(SPEC, target="log_odds", classes=(0,)))
    assert explanation.top_features(0, 1) == (0,)


def test_scores_that_pass_for_probabilities_at_first_are_refused_at_the_first_batch_that_does_not(image):
    asked = []

    def scores(masks):
        asked.append(len(masks))
        return 0.5 * masks.mean(axis=1, keepdims=True) * (1 - 6 * (1 - masks[:, :1]))

    classifier = known_answer(scores, image, SPEC)
    with pytest.raises(lc.SpecError, match="needs outputs between 0 and 1"):
        lc.query(image, classifier, replace(SPEC, target="log_odds"), batch_size=16)
    assert sum(asked) <= 17
