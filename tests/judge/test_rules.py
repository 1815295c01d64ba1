"""Every rule of a verdict at both sides of its thresholds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from judge.hand_made import CLEAR, LOG_ODDS, OUTPUTS, SOLID, SPEC, UNCLEAR, evidence, finding, level

from lime_core.judge.rules import find_weaknesses
from lime_core.masks.kernels import KERNELS, Kernel
from lime_core.settings.spec import MOST_SAMPLES

VARIED = np.linspace(0, 1, 11)


def test_solid_evidence_has_no_weakness():
    assert find_weaknesses(evidence()) == []


def test_the_gravest_weakness_comes_first():
    weaknesses = find_weaknesses(evidence(stability=0.6, largest_superpixel=0.9, pairs=3))
    assert [weakness.level for weakness in weaknesses] == ["meaningless", "doubtful", "usable"]


# One answer whatever is hidden


def test_one_answer_whatever_is_hidden_is_quoted_with_three_digits():
    constant = finding(outputs=np.full(16, 0.123456), r2=np.nan, r2_holdout=np.nan)
    assert constant.level == "meaningless"
    assert constant.reason == "The model answers 0.123 for this class whatever is hidden."
    assert constant.changes == {}


def cut_off(outputs, cut=1e-4):
    """Outputs that vary, at targets that the cut has levelled."""
    spec = replace(LOG_ODDS, log_odds_cut=cut)
    return find_weaknesses(
        evidence(spec=spec, outputs=outputs, targets=np.zeros(16), r2=np.nan, r2_holdout=np.nan, interaction=None)
    )[0]


def test_answers_below_the_cut_are_called_no_more_than_the_cut():
    below = cut_off(np.linspace(1e-5, 1e-4, 16, dtype=np.float32))
    assert (below.level, below.changes) == ("meaningless", {})
    assert below.reason == "The model gives this class no more than 0.0001, whatever is hidden."
    assert below.advice.startswith("Choose another class, or another fill")


@pytest.mark.parametrize(
    ("lowest", "cut", "changes"),
    [
        (0.99991, 1e-4, {"log_odds_cut": 1e-6}),
        (0.99991, 1e-6, {}),  # there is no later cut
        (1 - 1e-6, 1e-4, {}),  # and a later one would level them as well
    ],
)
def test_answers_above_the_cut_get_a_later_one_where_it_helps(lowest, cut, changes):
    above = cut_off(np.linspace(lowest, 1, 16), cut)
    assert (above.level, above.changes) == ("meaningless", changes)
    assert above.reason == f"The model gives this class {1 - cut:g} or more, whatever is hidden."


def test_targets_that_vary_although_the_fit_sees_nothing_are_the_kernels_doing():
    assert finding(r2=np.nan, r2_holdout=np.nan) is None


def test_a_method_without_a_fit_still_recognises_a_constant_answer():
    levels = [weakness.level for weakness in find_weaknesses(evidence(fit=None, outputs=np.full(16, 0.5)))]
    assert levels == ["meaningless", "usable"]


# Few samples, or few that count


@pytest.mark.parametrize(
    ("effective", "expected"), [(2.5, None), (2.49, "doubtful"), (1.25, "doubtful"), (1.24, "meaningless")]
)
def test_a_kernel_starves_a_fit_of_five_unknowns_below_half_and_a_quarter_of_them(effective, expected):
    assert level(effective_samples=effective) == expected


def test_of_fewer_samples_than_unknowns_half_have_to_count():
    three = {"outputs": OUTPUTS[-3:], "pairs": 16}
    assert level(effective_samples=1.5, **three) is None
    assert level(effective_samples=1.49, **three) == "doubtful"


@pytest.mark.parametrize(("distance", "width", "wider"), [(0.3, 0.1, 0.3), (0.14, 0.1, 0.15), (0.12345, 0.01, 0.123)])
def test_the_wider_kernel_reaches_the_typical_sample_and_is_wider_by_half_at_least(distance, width, wider):
    starved = finding(effective_samples=1, typical_distance=distance, spec=replace(SPEC, kernel_width=width))
    assert starved.changes == {"kernel_width": wider}
    assert starved.advice == f"Use a wider kernel, such as {wider:g}."
    assert starved.reason.endswith("16 of them count as 1.0.")


def test_a_flat_kernel_starves_nothing():
    assert finding(effective_samples=1, spec=replace(SPEC, kernel="none")) is None


def test_a_kernel_without_a_width_is_only_told_to_be_wider(monkeypatch):
    @dataclass(frozen=True, slots=True)
    class Nearest(Kernel):
        name: ClassVar[str] = "nearest"

        def weights(self, distance):
            return (distance <= distance.min()).astype(float)

    monkeypatch.setitem(KERNELS._options, "nearest", Nearest)
    starved = finding(effective_samples=1, spec=replace(SPEC, kernel=Nearest()))
    assert (starved.advice, starved.changes) == ("Use a wider kernel.", {})


@pytest.mark.parametrize(("pairs", "expected"), [(7, None), (6, "doubtful"), (5, "doubtful"), (4, "meaningless")])
def test_one_and_a_half_pairs_a_superpixel_are_few_and_one_is_none(pairs, expected):
    assert level(pairs=pairs) == expected


@pytest.mark.parametrize(("samples", "wanted"), [(10, 32), (16, 32), (20, 40)])
def test_few_samples_become_eight_a_superpixel_or_twice_as_many(samples, wanted):
    few = finding(pairs=5, outputs=np.linspace(0, 0.6, samples))
    assert few.reason == f"{samples} samples are few for 4 superpixels."
    assert few.changes == {"samples": wanted}
    assert few.advice == f"Use more samples: {wanted}."


def test_more_samples_end_at_the_most_that_are_allowed():
    nearly = finding(pairs=5, outputs=np.linspace(0, 0.6, MOST_SAMPLES - 1))
    assert nearly.changes == {"samples": MOST_SAMPLES}
    assert nearly.advice == f"Use more samples: {MOST_SAMPLES:,}."
    most = finding(pairs=5, outputs=np.linspace(0, 0.6, MOST_SAMPLES))
    assert (most.changes, most.advice) == ({}, "Use coarser superpixels: there cannot be more samples.")


def test_more_samples_of_a_run_that_may_stop_early_are_not_stopped():
    few = finding(pairs=5, spec=replace(SPEC, early_stop=True))
    assert few.changes == {"samples": 32, "early_stop": False}


# Saturation and cuts


def saturated(high, value=0.995, model_output=0.995, spec=SPEC):
    outputs = np.r_[np.full(high, value), np.linspace(0.1, 0.9, 20 - high)]
    return finding(outputs=outputs, model_output=model_output, spec=spec)


def test_a_probability_is_saturated_from_half_of_the_samples_on():
    assert saturated(10).level == "doubtful"
    assert "above 0.99 in 50% of the samples" in saturated(10).reason
    assert saturated(9) is None


def test_a_probability_is_saturated_where_the_picture_itself_is():
    assert saturated(12, model_output=0.99) is not None
    assert saturated(12, model_output=0.9899) is None
    assert saturated(12, value=0.99) is None  # not above


def test_a_saturated_probability_is_exchanged_for_log_odds_unless_they_are_cut_off_as_well():
    assert saturated(12).changes == {"target": "log_odds", "log_odds_cut": 1e-6}
    beyond = saturated(12, value=1.0)
    assert beyond.changes == {}
    assert beyond.advice == "Choose another fill that removes more of the picture."
    assert saturated(10, value=1.0).changes == {"target": "log_odds", "log_odds_cut": 1e-6}  # half of them are left


def test_a_probability_that_log_odds_would_cut_off_at_just_that_value_is_not_left_to_them():
    edge = np.float32(1 - 1e-6)
    assert saturated(12, value=edge).changes == {}
    assert saturated(12, value=np.nextafter(edge, np.float32(0))).changes != {}


def test_scores_beyond_one_and_log_odds_are_never_saturated():
    assert finding(outputs=np.r_[np.full(12, 0.995), 2.0, -1.0], model_output=0.995) is None
    assert saturated(12, spec=LOG_ODDS) is None


def cut(low=0, high=0, at=1e-4):
    outputs = np.r_[np.full(low, at), np.full(high, 1 - at), np.linspace(0.1, 0.9, 20 - low - high)]
    return finding(outputs=outputs, spec=replace(LOG_ODDS, log_odds_cut=at))


def test_log_odds_are_cut_off_too_often_from_half_of_the_samples_on():
    assert cut(low=9) is None
    assert cut(high=9) is None
    assert cut(low=9, high=9) is None  # neither side alone is half
    low, high = cut(low=10), cut(high=10)
    assert (low.level, high.level) == ("usable", "usable")
    assert low.reason.startswith("In 50% of the samples the output is below 0.0001,")
    assert high.reason.startswith("In 50% of the samples the output is above 1 − 0.0001,")


def test_what_helps_against_a_cut_depends_on_its_side():
    assert cut(low=12).advice.startswith("Choose a class that the model finds more probable")
    assert cut(low=12).changes == {}
    assert cut(high=12).changes == {"log_odds_cut": 1e-6}
    assert cut(high=12, at=1e-6).changes == {}
    assert cut(high=12, at=1e-6).advice == "Choose another fill that removes more of the picture."
    assert "above" in cut(low=10, high=10).reason


# The picture and its superpixels


@pytest.mark.parametrize(("share", "expected"), [(0.499, None), (0.5, "doubtful")])
def test_a_superpixel_is_too_large_from_half_of_the_picture_on(share, expected):
    assert level(largest_superpixel=share) == expected


def test_nothing_sure_is_noise_unless_a_pair_is_clear():
    nothing = np.zeros(4, bool)
    assert level(sure=nothing) == "meaningless"
    assert finding(sure=nothing).changes == {"samples": 64}
    assert level(sure=nothing, interaction=UNCLEAR) == "meaningless"
    pair = finding(sure=nothing, interaction=CLEAR)
    assert pair.level == "doubtful"
    assert "superpixels 1 and 3 act together: with their product R² would be 0.95 instead of 0.90" in pair.reason
    assert level(sure=np.array([False, True, False, False])) is None


# How well a sum fits


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [
        (0.5, None),
        (0.499, "usable"),
        (0.2, "usable"),
        (0.199, "doubtful"),
        (0.101, "doubtful"),
        (0.1, "meaningless"),
        (-0.3, "meaningless"),
    ],
)
def test_held_out_r2_is_good_from_a_half_fair_from_a_fifth_and_nothing_within_its_error(held_out, expected):
    assert level(r2_holdout=held_out, r2_holdout_error=0.1) == expected


def test_a_sum_that_predicts_nothing_says_so_and_asks_for_four_times_the_samples():
    nothing = finding(r2_holdout=0.02, r2_holdout_error=0.05)
    assert nothing.reason.endswith("held-out R² 0.02 ± 0.05.")
    assert nothing.changes == {"samples": 64}


def test_a_clear_pair_explains_why_a_sum_predicts_nothing():
    doubtful = finding(r2_holdout=-0.1, r2_holdout_error=0.05, interaction=CLEAR)
    assert doubtful.level == "doubtful"
    assert doubtful.reason.startswith("A sum of superpixels explains only 0% of the held-out answers; superpixels 1 ")
    assert level(r2_holdout=-0.1, r2_holdout_error=0.05, interaction=UNCLEAR) == "meaningless"


def test_a_poor_fit_that_learned_its_samples_by_heart_needs_more_of_them():
    assert finding(r2_holdout=0.3, r2=0.46).changes == {"samples": 32}
    assert "samples" not in finding(r2_holdout=0.3, r2=0.44).changes


def test_a_poor_fit_of_answers_that_swing_widely_is_told_to_explain_log_odds():
    swings = finding(r2_holdout=0.3, r2=0.3, outputs=VARIED)
    assert swings.changes == {"target": "log_odds"}
    narrow = finding(r2_holdout=0.3, r2=0.3, outputs=0.55 * VARIED)  # 0.9 · 0.55 is less than a half
    assert narrow.changes == {}
    assert narrow.advice.startswith("Use coarser superpixels")
    assert finding(r2_holdout=0.3, r2=0.3, outputs=0.57 * VARIED).changes == {"target": "log_odds"}
    assert finding(r2_holdout=0.3, r2=0.3, outputs=3 * VARIED).changes == {}  # no probabilities
    assert finding(r2_holdout=0.3, r2=0.3, outputs=VARIED, spec=LOG_ODDS).changes == {}


def test_answers_that_are_nearly_all_zero_or_one_do_not_swing_with_something_in_between():
    half = np.r_[np.zeros(5), np.ones(5), np.linspace(0.1, 0.9, 10)]
    assert finding(r2_holdout=0.3, r2=0.3, outputs=half).changes == {}
    assert finding(r2_holdout=0.3, r2=0.3, outputs=half[1:]).changes == {"target": "log_odds"}


@pytest.mark.parametrize(
    ("stability", "expected"), [(0.8, None), (0.799, "usable"), (0.5, "usable"), (0.499, "doubtful")]
)
def test_the_strongest_are_stable_from_four_fifths_and_fairly_from_a_half(stability, expected):
    assert level(stability=stability) == expected


def test_an_unstable_ranking_says_of_how_many_and_asks_for_twice_the_samples():
    unstable = finding(stability=0.7, top_k=3)
    assert "the top 3 agree to 70% (Jaccard)" in unstable.reason
    assert unstable.changes == {"samples": 32}
    assert "the top 4 agree" in finding(stability=0.7, top_k=9).reason
    assert finding(stability=np.nan) is None


@pytest.mark.parametrize(
    ("stability", "certain", "expected"),
    [
        (0.799, 2, None),  # two of three: the rest may tie for the last place
        (0.5, 2, None),
        (0.499, 2, "doubtful"),
        (0.799, 1, "usable"),
        (0.8, 1, None),
        (1.0, 0, "usable"),
    ],
)
def test_superpixels_that_are_certain_make_up_for_ties(stability, certain, expected):
    assert level(stability=stability, certain=certain, top_k=3) == expected


def test_how_many_are_certain_is_said():
    assert finding(stability=0.7, certain=1).reason.endswith("agree to 70% (Jaccard); certain of them: 1.")
    assert finding(stability=0.7, certain=0).reason.endswith("certain of them: none.")
    assert finding(certain=0).reason == "Of no superpixel it is certain that it is among the 3 strongest."


# The picture itself


@pytest.mark.parametrize(
    ("gap", "expected"), [(0.25, None), (0.2501, "usable"), (-0.25, None), (-0.2501, "usable"), (0.0, None)]
)
def test_a_gap_of_a_quarter_of_the_range_of_answers_is_large(gap, expected):
    assert level(gap=gap, targets=np.linspace(-0.5, 0.5, 16)) == expected


def test_a_large_gap_is_told_in_probabilities_and_in_log_odds():
    plain = finding(gap=0.2, surrogate_output=0.65, model_output=0.45)
    assert "(0.65 against 0.45)" in plain.reason
    both = finding(gap=5.0, surrogate_output=2.0, model_output=-3.0, spec=LOG_ODDS)
    assert "(0.881 against 0.0474; log-odds 2.00 against -3.00)" in both.reason


@pytest.mark.parametrize(
    ("rate", "changes"),
    [
        (0.8, {"max_hide_rate": 0.4}),
        (0.333, {"max_hide_rate": 0.17}),
        (0.2, {"max_hide_rate": 0.1}),
        (0.101, {"max_hide_rate": 0.1}),
        (0.1, {}),
    ],
)
def test_a_large_gap_asks_to_hide_half_as_much_down_to_a_tenth(rate, changes):
    spec = replace(SPEC, sampler="mixed_rate", max_hide_rate=rate)
    assert finding(gap=0.2, spec=spec).changes == changes


def test_without_a_fit_only_the_trials_can_confirm():
    assert level(fit=None) == "usable"
    assert level(fit=None, largest_superpixel=0.2, spec=LOG_ODDS) == "usable"
    silent = {"outputs": np.r_[np.full(12, 0.995), VARIED], "sure": np.zeros(4, bool)}
    assert level(fit=None, **silent) == "usable"


@pytest.mark.parametrize("changes", [{"sure": np.zeros(4, bool)}, {"stability": 0.1}, {"gap": 9.0}])
def test_of_an_answer_that_does_not_vary_nothing_else_is_said(changes):
    facts = {"outputs": np.full(16, 0.5), "r2": np.nan, "r2_holdout": np.nan} | changes
    assert finding(**facts).reason.startswith("The model answers 0.5")


def test_facts_are_frozen():
    with pytest.raises(AttributeError):
        SOLID.r2 = 1.0
    with pytest.raises(AttributeError):
        evidence().top_k = 2
    with pytest.raises(AttributeError):
        finding(pairs=4).reason = ""
