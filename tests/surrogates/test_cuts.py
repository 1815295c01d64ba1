"""Targets at the ends of their range."""

from __future__ import annotations

import numpy as np
import pytest

import lime_core as lc
from lime_core.surrogates.targets import LogOdds, Probability


def test_rounding_by_a_thousandth_is_forgiven_and_no_more():
    target = LogOdds()
    target.check(np.array([-1e-3, 0.5, 1.001]))
    target.check(np.array([]))
    for outputs, message in (([-0.0011, 0.5], "answers -0.0011 to 0.5"), ([0.5, 1.0011], "answers 0.5 to 1")):
        with pytest.raises(lc.SpecError, match=message):
            target.check(np.array(outputs))


def test_log_odds_of_outputs_beyond_their_range_are_cut_like_those_at_its_ends():
    target = LogOdds(cut=0.1)
    assert target.values(np.array([-1e-3, 0.0, 0.1, 0.5, 0.9, 1.0, 1.001])) == pytest.approx(
        np.log(9) * np.array([-1, -1, -1, 0, 1, 1, 1])
    )
    assert target.bounded(np.array([-3.0, 0.3, 3.0])) == pytest.approx([-np.log(9), 0.3, np.log(9)])
    assert Probability().bounded(-3.0) == -3.0
    assert (target.unit, Probability().unit) == ("log-odds", "probability")


def test_the_cut_is_one_in_ten_thousand_and_lies_between_a_millionth_and_a_tenth():
    assert LogOdds().cut == 1e-4
    assert [LogOdds(cut=inside).cut for inside in (1e-6, 0.1)] == [1e-6, 0.1]
    for outside in (0.9e-6, 0.11):
        with pytest.raises(lc.SpecError, match="cut"):
            LogOdds(cut=outside)
