"""Tests of many changes at once: known answers, and how often nothing is called a change."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from lime_core.audits.difference.significance import COUNT_ERROR, EVIDENCE_ERROR, FAMILY_ERROR, holm, mcnemar, welch_p


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (1, 0), (5, 5), (0, 9), (12, 3), (40, 71)])
def test_mcnemars_test_is_the_binomial_test_of_the_pictures_that_changed(lost, gained):
    expected = scipy.stats.binomtest(lost, lost + gained).pvalue if lost + gained else 1.0
    assert mcnemar(lost, gained) == pytest.approx(expected)


def test_a_difference_is_tested_as_welch_does():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (7, 12)), rng.normal(0.4, 2, (7, 30))
    errors = tuple(each.std(axis=1, ddof=1) / np.sqrt(each.shape[1]) for each in (a, b))
    degrees = np.full(7, 11.0), np.full(7, 29.0)
    p = welch_p(b.mean(axis=1) - a.mean(axis=1), errors, degrees, np.zeros(7))
    assert p == pytest.approx(scipy.stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue)


def test_what_has_no_error_bar_is_not_tested_and_an_endless_one_says_nothing():
    first, second = np.array([np.nan, np.inf, 0.0, 0.0]), np.array([0.1, 0.1, 0.0, 0.0])
    degrees = np.full(4, 77.0)
    p = welch_p(np.array([9.0, 9.0, 9.0, 1e-8]), (first, second), (degrees, degrees), np.full(4, 9.0))
    assert np.isnan(p[0])
    assert p[1] == 1
    assert p[2] < 1e-20
    assert p[3] > 0.9  # what single precision rounds off is no change


def test_holm_agrees_with_the_procedure_written_out():
    p = np.array([0.011, 0.02, np.nan, 0.001, 0.3, 0.011])
    adjusted = holm(p)
    tested = sorted(value for value in p if not np.isnan(value))
    for level in (0.004, 0.02, 0.05, 0.06, 0.5, 1.0):
        rejected = 0
        while rejected < len(tested) and tested[rejected] * (len(tested) - rejected) <= level:
            rejected += 1
        assert np.count_nonzero(adjusted <= level) == rejected
    assert np.isnan(adjusted[2])
    assert holm(np.array([])).size == 0


def test_the_shares_of_false_alarms_add_up_to_no_more_than_the_whole():
    assert EVIDENCE_ERROR + 2 * COUNT_ERROR <= FAMILY_ERROR == 0.01


@pytest.mark.slow
@pytest.mark.parametrize(("pictures", "superpixels", "calls"), [(60, 50, 257), (20, 50, 129)])
def test_between_two_seeds_of_one_model_at_most_one_comparison_in_a_hundred_is_a_false_alarm(
    pictures, superpixels, calls
):
    """2,400 comparisons of audits with errors as a fit has them: normal, with error bars from the same samples.

    Verdicts differ by chance in a fifth of the pictures. The bound is Clopper and Pearson's, one-sided, 95 %.
    """
    rng, alarms, repetitions = np.random.default_rng(pictures), 0, 2400
    degrees = float((calls - 1) // 2 - superpixels - 1)
    shape, known = pictures * superpixels, np.full(pictures * superpixels, degrees)
    noise = rng.lognormal(-1.5, 0.5, shape)  # standard errors of the superpixels
    for _ in range(repetitions):
        change = noise * (rng.normal(size=shape) - rng.normal(size=shape))
        errors = tuple(noise * np.sqrt(rng.chisquare(degrees, shape) / degrees) for _ in range(2))
        moved = (holm(welch_p(change, errors, (known, known), np.ones(shape))) <= EVIDENCE_ERROR).any()
        lost, gained = rng.multinomial(pictures, [0.1, 0.1, 0.8])[:2]
        alarms += bool(moved or mcnemar(int(lost), int(gained)) <= COUNT_ERROR)
    bound = scipy.stats.beta.ppf(0.95, alarms + 1, repetitions - alarms)
    assert bound <= FAMILY_ERROR, f"{alarms} of {repetitions}"
