"""What trials add to a verdict: each rule at both sides of its thresholds, and how they are put together."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from trials.hand_made import (
    INDEX,
    WEIGHTS,
    curves_of,
    other_settings,
    reality,
    repeated,
    sanity_of,
    scored,
    verdict_of,
)

import lime_core as lc
from lime_core.explanation.verdict import TRIAL_TITLES, Verdict
from lime_core.judge.finding import NOT_MEASURED
from lime_core.trials import finding_of, weighed, with_trials
from lime_core.trials.suite import TRIALS, Failed

PASSED = {
    "reality": reality(0.9, 0.1),
    "curves": curves_of(0.1, 0.5),
    "repeat": (repeated(0.9),),
    "what-if": other_settings((0, 1, 2, 3, 4)),
    "sanity": sanity_of(0.1),
}
FAILED = {
    "reality": reality(0.3, 0.3),
    "curves": curves_of(0.3, 0.3),
    "repeat": (repeated(0.1),),
    "what-if": other_settings(()),
    "sanity": sanity_of(0.9),
}


def level_of(trial, result):
    return finding_of(trial, result, INDEX).level


def test_every_trial_has_a_title_and_a_rule():
    assert list(TRIAL_TITLES) == list(TRIALS)
    assert {name: level_of(name, PASSED[name]) for name in TRIALS} == dict.fromkeys(TRIALS, "solid")
    assert {name: level_of(name, FAILED[name]) for name in TRIALS} == {
        "reality": "doubtful",
        "curves": "doubtful",
        "repeat": "doubtful",
        "what-if": "usable",
        "sanity": "meaningless",
    }


@pytest.mark.parametrize(
    ("kept", "removed", "level"),
    [
        (0.41, 0.19, "solid"),
        (0.41, 0.3, "solid"),  # enough for the model, though others do as well
        (0.3, 0.19, "solid"),  # missed by the model, though not enough
        (0.4, 0.2, "doubtful"),  # the ends of the band belong to chance
        (0.1, 0.5, "doubtful"),
    ],
)
def test_the_reality_check_is_passed_by_what_is_enough_or_missed(kept, removed, level):
    check = reality(kept, removed)
    assert check.passed == (level == "solid")
    assert level_of("reality", check) == level


@pytest.mark.parametrize(
    ("trial", "result"),
    [
        ("reality", replace(reality(0.3, 0.3), comparable=False)),
        ("repeat", (replace(repeated(1.0), top=((), ())),)),
        ("what-if", replace(other_settings(()), top=())),
        ("sanity", sanity_of(float("nan"))),
    ],
)
def test_a_trial_that_can_tell_nothing_says_nothing(trial, result):
    assert finding_of(trial, result, INDEX) is None
    assert weighed(verdict_of(), {trial: result}, INDEX).trials == ()


def test_a_reality_check_that_failed_says_what_the_model_answered():
    finding = finding_of("reality", FAILED["reality"], INDEX)
    assert finding.reason == (
        "Reality check: the 2 strongest superpixels matter to the model no more than as many random ones "
        "(0.3 with them alone, 0.3 without them)."
    )
    assert finding.advice


@pytest.mark.parametrize(
    ("deletion", "insertion", "level"),
    [
        (0.19, 0.41, "solid"),
        (0.19, 0.4, "usable"),
        (0.2, 0.41, "usable"),
        (0.2, 0.4, "doubtful"),
    ],
)
def test_curves_are_judged_by_the_band_of_random_areas(deletion, insertion, level):
    assert level_of("curves", curves_of(deletion, insertion)) == level


def test_curves_that_pass_in_one_direction_say_which():
    assert (
        "beats random orders in deletion, but not in insertion" in finding_of("curves", curves_of(0.1, 0.3), 7).reason
    )
    assert (
        "beats random orders in insertion, but not in deletion" in finding_of("curves", curves_of(0.3, 0.5), 7).reason
    )


def test_the_sanity_check_is_grave_when_it_fails():
    assert level_of("sanity", sanity_of(0.49)) == "solid"
    assert level_of("sanity", sanity_of(0.5)) == "meaningless"


@pytest.mark.parametrize(
    ("jaccard", "common", "level"),
    [
        (0.8, 0, "solid"),
        (0.79, 1, "usable"),
        (0.5, 1, "usable"),
        (0.49, 1, "doubtful"),
        (0.5, 2, "solid"),  # the others may tie for the last places
        (0.49, 2, "usable"),
    ],
)
def test_a_repetition_is_judged_by_what_the_runs_share(jaccard, common, level):
    result = repeated(jaccard, common=common)
    assert result.in_every_run == common
    assert level_of("repeat", (result,)) == level


@pytest.mark.parametrize(
    ("survivors", "flips", "level"),
    [((3,), (), "solid"), ((), (), "usable"), ((3,), (4,), "usable"), ((3,), (5,), "solid")],  # 5 is not among the top
)
def test_other_settings_are_judged_by_the_strongest_superpixels(survivors, flips, level):
    finding = finding_of("what-if", other_settings(survivors, flips), INDEX)
    assert finding.level == level
    assert ("1 of them changes its sign" in finding.reason) == (flips == (4,))


def test_a_repetition_is_judged_for_its_own_class():
    both = (repeated(0.9, class_index=8), repeated(0.1))
    assert level_of("repeat", both) == "doubtful"
    assert finding_of("repeat", both, 8).passed
    assert finding_of("repeat", both, 9) is None


def test_a_solid_explanation_whose_superpixels_do_not_survive_other_settings_is_not_solid():
    verdict = weighed(verdict_of(), {"what-if": FAILED["what-if"]}, INDEX)
    assert verdict.level == "usable"
    assert verdict.reasons == (
        "Other settings: in all 2 variants none of the 5 strongest superpixels stay among the strongest.",
    )
    assert verdict.advice == verdict.trials[0].advice != ""
    assert verdict.not_tried == ("reality", "curves", "repeat", "sanity")


def test_passed_trials_leave_a_verdict_as_it_is():
    before = verdict_of("usable", "It is so.", advice="Use more.", samples=64)
    verdict = weighed(before, PASSED, INDEX)
    assert replace(verdict, trials=()).to_dict() == before.to_dict()
    assert verdict.not_tried == ()
    assert verdict.trials_in_words == (
        "Passed: reality check, deletion and insertion, repeat, other settings, sanity check.",
    )


def test_the_gravest_comes_first_with_its_advice_and_no_change_of_settings():
    before = verdict_of("doubtful", "It is so.", advice="Use more.", samples=64)
    results = {"curves": curves_of(0.1, 0.3), "sanity": FAILED["sanity"], "reality": PASSED["reality"]}
    verdict = weighed(before, results, INDEX)
    assert verdict.level == "meaningless"
    assert [reason.split()[0] for reason in verdict.reasons] == ["Sanity", "It", "Deletion"]
    assert verdict.advice == next(each.advice for each in verdict.trials if each.trial == "sanity")
    assert verdict.changes == {}
    assert [finding.trial for finding in verdict.trials] == ["reality", "curves", "sanity"]


def test_a_milder_trial_changes_neither_level_nor_advice():
    before = verdict_of("doubtful", "It is so.", advice="Use more.", samples=64)
    verdict = weighed(before, {"curves": curves_of(0.1, 0.3)}, INDEX)
    assert (verdict.level, verdict.advice, verdict.changes) == ("doubtful", "Use more.", {"samples": 64})
    assert len(verdict.reasons) == 2


def test_a_trial_that_could_not_be_done_counts_as_not_made():
    before = verdict_of()
    verdict = weighed(before, {"reality": Failed("No.")}, INDEX)
    assert verdict.to_dict() == before.to_dict()
    assert verdict.not_tried == tuple(TRIAL_TITLES)


@pytest.mark.parametrize(
    ("names", "level"),
    [
        (("reality", "repeat"), "solid"),
        (("reality", "curves"), "solid"),  # for a method that draws nothing at random
        (("reality",), "usable"),
        (("repeat", "curves", "what-if", "sanity"), "usable"),
    ],
)
def test_passed_trials_confirm_what_a_method_without_a_fit_cannot(names, level):
    before = verdict_of(NOT_MEASURED.level, NOT_MEASURED.reason, advice=NOT_MEASURED.advice)
    verdict = weighed(before, {name: PASSED[name] for name in names}, INDEX)
    assert verdict.level == level
    assert (NOT_MEASURED.reason in verdict.reasons) == (level == "usable")
    assert bool(verdict.advice) == (level == "usable")


def test_a_failed_trial_and_graver_reasons_stay_when_the_rest_is_confirmed():
    before = verdict_of("doubtful", "It is so.", NOT_MEASURED.reason, advice="Cut finer.")
    confirmed = {"reality": PASSED["reality"], "repeat": PASSED["repeat"]}
    assert weighed(before, confirmed, INDEX).reasons == ("It is so.",)
    assert weighed(before, confirmed, INDEX).level == "doubtful"
    unmeasured = verdict_of(NOT_MEASURED.level, NOT_MEASURED.reason, advice=NOT_MEASURED.advice)
    failed = weighed(unmeasured, confirmed | {"curves": FAILED["curves"]}, INDEX)
    assert failed.level == "doubtful"
    assert failed.reasons == (failed.trials[1].reason,)


def test_trials_are_taken_in_once():
    verdict = weighed(verdict_of(), PASSED, INDEX)
    with pytest.raises(lc.SpecError, match="judge the attribution anew"):
        weighed(verdict, PASSED, INDEX)


def test_an_attribution_takes_in_the_trials_of_each_class():
    first = scored(WEIGHTS).classes[0]
    classes = (replace(first, verdict=verdict_of()), replace(first, index=8, verdict=verdict_of()))
    attribution = replace(scored(WEIGHTS), classes=classes)
    assert with_trials(attribution, {}) is attribution
    assert with_trials(attribution, {7: {}, 8: {}}) is attribution
    tried = with_trials(attribution, {7: {}, 8: {"what-if": FAILED["what-if"]}})
    assert [item.trust.level for item in tried.classes] == ["solid", "usable"]
    assert tried.classes[0] is classes[0]


def test_what_trials_have_shown_travels_with_the_json():
    verdict = weighed(verdict_of("usable", "It is so."), PASSED | {"curves": FAILED["curves"]}, INDEX)
    values = json.loads(json.dumps(verdict.to_dict()))
    assert values["not_tried"] == []
    assert [each["trial"] for each in values["trials"]] == list(TRIAL_TITLES)
    again = Verdict.from_dict(values)
    assert again.trials == verdict.trials
    assert again.to_dict() == verdict.to_dict()


def test_a_document_of_before_trials_counted_still_loads():
    values = verdict_of().to_dict()
    del values["trials"], values["not_tried"]
    assert Verdict.from_dict(values).trials == ()


@pytest.mark.parametrize("change", [{"trial": "magic"}, {"level": "good"}, {"odd": 1}])
def test_a_damaged_finding_is_refused(change):
    values = weighed(verdict_of(), {"reality": PASSED["reality"]}, INDEX).to_dict()
    values["trials"][0] |= change
    with pytest.raises((ValueError, TypeError)):
        Verdict.from_dict(values)
