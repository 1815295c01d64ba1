"""Numbers with the error of the seeds, by hand; and which are the best or tied with the best."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lime_core.trials.measured import Measured, best_of


def over_seeds(*values, random=True):
    return Measured.over_seeds(values, random=random)


def test_a_mean_over_seeds_has_the_standard_error_of_a_mean():
    measured = over_seeds(1.0, 2.0, 6.0)
    assert measured.value == 3
    assert measured.std_error == pytest.approx(math.sqrt(7 / 3))
    assert measured.values == (1, 2, 6)


def test_one_seed_leaves_the_error_unknown_unless_nothing_is_drawn():
    assert math.isnan(over_seeds(0.5).std_error)
    assert over_seeds(0.5, random=False).std_error == 0


def test_agreement_over_pairs_has_the_jackknifes_error():
    pairs = {(0, 1): 1.0, (0, 2): 0.5, (1, 2): 0.0}
    measured = Measured.over_pairs(lambda a, b: pairs[a, b], 3)
    assert measured.value == 0.5
    without = np.array([0.0, 0.5, 1.0])  # the pair that is left without seed 0, 1, 2
    assert measured.std_error == pytest.approx(math.sqrt(2 / 3 * ((without - 0.5) ** 2).sum()))
    assert np.mean(measured.values) == pytest.approx(0.5)


def test_agreement_of_two_seeds_has_no_error_and_of_one_no_value():
    two = Measured.over_pairs(lambda a, b: 0.4, 2)
    assert (two.value, math.isnan(two.std_error)) == (0.4, True)
    one = Measured.over_pairs(lambda a, b: 1.0, 1)
    assert math.isnan(one.value)
    assert math.isnan(one.std_error)


def test_the_best_is_the_highest_or_the_lowest_and_stands_first():
    measured = {"a": over_seeds(1.0, 1.0), "b": over_seeds(3.0, 3.0), "c": over_seeds(2.0, 2.0)}
    assert best_of(measured, "highest") == ("b",)
    assert best_of(measured, "lowest") == ("a",)


def test_what_has_no_value_is_never_the_best():
    nothing = Measured(math.nan, math.nan, ())
    assert best_of({"a": nothing, "b": over_seeds(0.1, 0.2)}, "highest") == ("b",)
    assert best_of({"a": nothing}, "lowest") == ()


def test_a_difference_within_its_own_interval_is_a_tie():
    # Differences 0.1, 0.3, 0.2: mean 0.2, standard error 0.0577; t with 2 degrees of freedom 4.303: 0.248.
    close = {"a": over_seeds(1.0, 1.0, 1.0), "b": over_seeds(0.9, 0.7, 0.8)}
    assert best_of(close, "highest") == ("a", "b")
    apart = {"a": over_seeds(1.0, 1.0, 1.0), "b": over_seeds(0.8, 0.6, 0.7)}  # 0.3 is more than 0.248
    assert best_of(apart, "highest") == ("a",)


def test_seeds_are_compared_one_by_one():
    """Both vary widely, but with the same seeds and by the same amounts."""
    measured = {"a": over_seeds(1.0, 5.0, 9.0), "b": over_seeds(0.8, 4.8, 8.8 - 1e-3)}
    assert best_of(measured, "highest") == ("a",)


def test_a_single_value_without_an_error_stands_against_every_seed():
    fixed = over_seeds(0.85, random=False)
    assert best_of({"a": over_seeds(1.0, 0.8, 0.9), "b": fixed}, "highest") == ("a", "b")
    assert best_of({"a": over_seeds(1.0, 0.99, 1.01), "b": fixed}, "highest") == ("a",)
    assert best_of({"a": over_seeds(0.9, random=False), "b": fixed}, "highest") == ("a",)


def test_equal_values_are_tied_whatever_is_known_of_the_error():
    measured = {"a": over_seeds(0.5), "b": over_seeds(0.5 + 1e-9), "c": over_seeds(0.4)}
    assert set(best_of(measured, "highest")) == {"a", "b"}
