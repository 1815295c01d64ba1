"""All trials by name: what they ask at most, what becomes of one that fails, and how results read."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear
from known_attributions import explain
from trials.hand_made import Given

import lime_core as lc
from lime_core import trials
from lime_core.explanation.verdict import Verdict
from lime_core.methods import METHODS
from lime_core.trials.document import trust_document, trust_summary
from lime_core.trials.suite import SEEDS, TRIALS, Failed, Subject, attempt, calls_of

WEIGHTS = np.array([0.3, 0.2, 0.1, 0.0, 0.0, -0.1])
SPEC = lc.ExplainSpec(segmentation=lc.Grid(rows=2, columns=3), samples=64, fill="black", top_k=2, target="probability")


@pytest.fixture(scope="module")
def subject():
    image = colorful_image()
    classifier = known_answer(linear(WEIGHTS, 0.2), image, SPEC)
    neighborhood = lc.query(image, classifier, SPEC)
    return Subject(image, "none", classifier, lc.fit(neighborhood), 0, neighborhood, top_k=2, seeds=(0, 1, 2))


def test_calls_by_hand(subject):
    """Six superpixels: a run is 64 pictures and the unmodified one; a curve has seven points."""
    attribution = subject.attribution
    assert calls_of("reality", attribution) == 2 * 21 + 1
    assert calls_of("curves", attribution) == 12 * 7 + 1
    assert calls_of("repeat", attribution) == 1 + 4 * 65  # seed 0 is there
    assert calls_of("repeat", attribution, (1, 2)) == 2 * 65
    assert calls_of("sanity", attribution) == 5 * 65
    # Kernels ask nothing; half the samples are there; three segmentations, four fills and a seed are asked. Half the
    # samples and another seed hide everything as the base does, which is asked once.
    assert calls_of("what-if", attribution) == 3 + 1 + (3 + 4) * (3 + 64) + (1 + 64)


def test_calls_of_a_curve_with_steps_of_several_superpixels(subject):
    def cut_into(rows, columns):
        """Return the attribution as if the picture had been cut into so many superpixels."""
        segments = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
        first = replace(subject.attribution.classes[0], scores=np.zeros(rows * columns))
        return replace(subject.attribution, segments=segments, classes=(first,))

    assert calls_of("curves", cut_into(10, 15)) == 12 * 51 + 1
    assert calls_of("curves", cut_into(8, 8)) == 12 * 65 + 1


def test_leave_one_out_asks_once_a_superpixel_whatever_the_seed(subject):
    attribution = lc.attribute(subject.image, subject.classifier, method="leave_one_out", spec=SPEC)
    assert calls_of("sanity", attribution) == 5 * 7
    assert calls_of("repeat", attribution) == 1 + 4 * 7


def test_a_method_that_asks_about_no_masks_costs_each_time_what_it_cost(subject, monkeypatch):
    monkeypatch.setitem(METHODS, "other", SimpleNamespace(planned_calls=lambda *_: 9, draws_at_random=lambda _: True))
    attribution = replace(subject.attribution, method="other", calls=9)
    assert calls_of("repeat", attribution) == 1 + 4 * 9
    assert calls_of("sanity", attribution) == 5 * 9
    assert calls_of("what-if", attribution) == 12 * (9 + 2)  # eleven other settings


@pytest.mark.parametrize("name", ["reality", "curves", "repeat", "what-if"])
def test_no_trial_asks_more_than_it_says(subject, name):
    asked = []

    def counted(pictures):
        asked.append(len(pictures))
        return subject.classifier.predict(pictures)

    classifier = lc.CallableClassifier(counted, subject.classifier.input_size)
    known = lc.query(subject.image, classifier, SPEC)
    asked.clear()
    attempt(name, replace(subject, classifier=classifier, neighborhood=known), lambda done, total: None)
    limit = calls_of(name, subject.attribution, subject.seeds)
    assert limit / 4 < sum(asked) <= limit


def test_trials_by_name_are_those_of_the_library(subject):
    assert set(TRIALS) == {"reality", "curves", "repeat", "what-if", "sanity"}
    assert SEEDS == (0, 1, 2, 3, 4)
    calls = []
    results = {name: attempt(name, subject, lambda *call: calls.append(call)) for name in list(TRIALS)[:4]}
    assert results["reality"].features == (0, 1)
    assert calls[11] == (84, 84)  # the curves
    assert results["repeat"][0].seeds == (0, 1, 2)
    assert results["repeat"][0].top[0] == (0, 1)
    assert results["what-if"].class_index == 0
    assert len(results["what-if"].variants) == 11
    assert calls[-1][0] == calls[-1][1]
    probe = subject.probe()
    assert np.array_equal(results["curves"].deletion, trials.curves(probe, subject.attribution, 0).deletion)


def test_a_trial_that_cannot_be_done_says_why(subject):
    against = replace(subject.attribution.classes[0], scores=-np.ones(6))
    hopeless = replace(subject, attribution=replace(subject.attribution, classes=(against,)))
    failed = attempt("reality", hopeless, lambda done, total: None)
    assert isinstance(failed, Failed)
    assert failed.error.startswith("No superpixel is evidence")
    with pytest.raises(AttributeError):
        failed.error = ""
    with pytest.raises(AttributeError):
        hopeless.top_k = 1
    assert subject != replace(subject)


# How results read


NOTHING_TRIED = "  Not tried: reality check, deletion and insertion, repeat, other settings, sanity check."


def judged(advice="Use more."):
    verdict = Verdict("usable", ("It is so.", "And so."), advice, {}, 5, np.ones(6), 1.0, np.nan, 9.0, 0.1, None)
    explanation = explain()
    return replace(explanation, classes=(replace(explanation.classes[0], verdict=verdict, name="cat"),))


def test_a_summary_begins_with_the_verdict_its_reasons_and_its_advice():
    summary = trust_summary(judged().classes[0], {"curves": Failed("No.")})
    assert summary.splitlines() == [
        "cat: usable",
        "  It is so.",
        "  And so.",
        "  Advice: Use more.",
        "  curves could not be done: No.",
        NOTHING_TRIED,
    ]
    assert trust_summary(judged(advice="").classes[0], {}).splitlines() == [
        "cat: usable",
        "  It is so.",
        "  And so.",
        NOTHING_TRIED,
    ]


def test_a_summary_ends_with_what_was_passed_and_what_was_not_tried():
    results = {"sanity": trials.SanityCheck(7, (trials.SanityStep(2, "b", 0.25, 1.0),), passed=True)}
    item = trials.with_trials(judged(), {7: results}).classes[0]
    assert trust_summary(item, results).splitlines()[-2:] == [
        "  Passed: sanity check.",
        "  Not tried: reality check, deletion and insertion, repeat, other settings.",
    ]


def test_a_summary_has_a_line_for_every_result():
    answer = trials.Answer(0.5, 0.4, 0.3, 0.2, 0.1)
    points = np.array([0.0, 1.0])
    nothing = np.zeros(6)
    variant = trials.Variant("a", 6, 0.1, 0.2, 0.3, nothing, nothing)
    results = {
        "reality": trials.RealityCheck(7, (3, 1), answer, replace(answer, surrogate=np.nan)),
        "curves": trials.Curves(7, "blur", 2, points, points, points, points, points, 0.1, 0.2, 0.3, 0.25, 0.35),
        "repeat": (
            trials.Repeat(7, (0, 1), ((1,), (2,)), 0.1, 0.2, 0.3, 0.4, nothing, nothing),
            trials.Repeat(8, (0, 1), ((1,), (2,)), 0.9, 0.9, 0.9, 0.9, nothing, nothing),  # another class
        ),
        "what-if": trials.WhatIf(7, judged(), (variant, variant), (2, 3), (), (1, 2, 3)),
        "sanity": trials.SanityCheck(
            7, (trials.SanityStep(1, "a", 0.9, 1.0), trials.SanityStep(2, "b", 0.25, 1.0)), passed=True
        ),
    }
    assert trust_summary(judged().classes[0], results).splitlines()[4:] == [
        "  only the 2 strongest shown: model 0.50, surrogate 0.40, as many at random 0.30 (0.20..0.10)",
        "  the 2 strongest hidden: model 0.50, as many at random 0.30 (0.20..0.10)",
        "  area under the output: deletion 0.100, insertion 0.200, random order 0.300; fill blur, 2 superpixels a step",
        "  2 seeds: Jaccard 0.10, Kendall's tau 0.20, VSI 0.30, CSI 0.40 (1 = the same every time)",
        (
            "  2 other settings: superpixels that stay among the strongest in all: 2, 3; "
            "superpixels that change their sign in some: none"
        ),
        "  with re-initialised weights the explanation changes, as it should (rank correlation 0.25)",
        NOTHING_TRIED,
    ]
    stubborn = replace(results["sanity"], passed=False)
    assert "hardly changes, which it should not" in trust_summary(judged().classes[0], {"sanity": stubborn})


def test_the_document_holds_the_verdict_the_results_and_the_explanation_as_plain_json():
    results = {"curves": Failed("No."), "numbers": {1: np.array([1.0, np.nan, np.inf]), "pair": (1, None, True)}}
    document = json.loads(json.dumps(trust_document(judged(), 7, results), allow_nan=False))
    assert document["class"] == {"index": 7, "name": "cat"}
    assert document["method"] == "lime"
    assert document["units"] == {"explanation": "log-odds", "trials": "model output"}
    assert document["verdict"]["level"] == "usable"
    assert document["trials"] == {
        "curves": {"error": "No."},
        "numbers": {"1": [1.0, None, None], "pair": [1, None, True]},
    }
    assert document["explanation"] == json.loads(judged().to_json())


def test_an_attribution_among_results_is_its_own_document_and_a_class_stays_as_it_is():
    assert trials.to_json_ready([judged()]) == [json.loads(judged().to_json())]
    assert trials.to_json_ready(Failed) is Failed


@pytest.mark.parametrize("name", ["repeat", "what-if"])
def test_trials_explain_with_the_method_as_it_was_given(subject, name):
    """A method may have parameters, such as a layer, that its name does not tell."""
    given = Given(lambda spec, superpixels: np.arange(superpixels) + spec.seed)
    attempt(name, replace(subject, explained_by=given), lambda *_: None)
    assert given.specs
