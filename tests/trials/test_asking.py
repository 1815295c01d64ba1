"""The reality check and the curves, against a model that is the sum of its superpixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_attributions import of_pixels
from trials.hand_made import INDEX, WEIGHTS, SumOfSuperpixels, scored

import lime_core as lc
from lime_core import trials
from lime_core.explanation.verdict import Verdict


@pytest.fixture
def probe():
    return SumOfSuperpixels()


def test_the_reality_check_asks_about_sets_of_the_same_size_and_their_complements(probe):
    check = trials.reality_check(probe, scored(WEIGHTS), INDEX, 2, draws=7)
    (masks,) = probe.asked
    kept, removed = masks[:8], masks[8:]
    assert (kept.sum(axis=1) == 2).all()
    assert np.array_equal(kept, 1 - removed)
    assert kept[0].tolist() == [1, 1, 0, 0, 0, 0]
    assert len(np.unique(kept[1:], axis=0)) > 1
    for answer, asked in ((check.kept, kept), (check.removed, removed)):
        values = probe.value(asked)
        assert answer.model == pytest.approx(values[0], abs=1e-6)
        assert answer.random_mean == pytest.approx(values[1:].mean(), abs=1e-6)
        assert answer.random_low == pytest.approx(np.quantile(values[1:], 0.05), abs=1e-6)
        assert answer.random_high == pytest.approx(np.quantile(values[1:], 0.95), abs=1e-6)


def test_the_reality_check_draws_twenty_sets_that_depend_on_the_seed(probe):
    for seed in (0, 0, 1):
        trials.reality_check(probe, scored(WEIGHTS), INDEX, 3, seed=seed)
    first, again, other = probe.asked
    assert len(first) == 2 * 21
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def verdict(top_k):
    return Verdict("solid", (), "", {}, top_k, np.ones(6), 1.0, 0.0, 9.0, 0.0, None)


def test_without_k_the_verdicts_k_counts_and_without_a_verdict_five(probe):
    explanation = scored(np.arange(1.0, 7))
    assert trials.reality_check(probe, explanation, INDEX).features == (5, 4, 3, 2, 1)
    judged = replace(explanation, classes=(replace(explanation.classes[0], verdict=verdict(2)),))
    assert trials.reality_check(probe, judged, INDEX).features == (5, 4)
    assert trials.reality_check(probe, judged, INDEX, 3).features == (5, 4, 3)


def test_only_a_signed_surrogate_predicts(probe):
    signed = scored(WEIGHTS)
    assert trials.reality_check(probe, signed, INDEX, 2).kept.surrogate == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert np.isnan(trials.reality_check(probe, replace(signed, signed=False), INDEX, 2).kept.surrogate)
    plain = lc.Attribution(
        classes=(lc.ClassAttribution(index=INDEX, name="a", output=0.5, scores=WEIGHTS, std_errors=None),),
        **{
            name: getattr(signed, name)
            for name in ("segments", "signed", "unit", "calls", "method", "provenance", "spec")
        },
    )
    assert np.isnan(trials.reality_check(probe, plain, INDEX, 2).removed.surrogate)


def test_curves_go_from_the_picture_to_nothing_and_back_strongest_first(probe):
    curves = trials.curves(probe, scored([0.1, 0.3, 0.2, -0.1, 0.0, 0.05]), INDEX, draws=3)
    order = [1, 2, 0, 5, 4, 3]
    left = WEIGHTS.sum() - np.r_[0, np.cumsum(WEIGHTS[order])]
    assert curves.deletion == pytest.approx(0.1 + left, abs=1e-6)
    assert curves.insertion == pytest.approx(0.1 + WEIGHTS.sum() - left, abs=1e-6)
    assert curves.share == pytest.approx(np.arange(7) / 6)
    assert curves.step == 1
    assert curves.deletion_area == pytest.approx((curves.deletion[:-1] + curves.deletion[1:]).sum() / 12)
    assert curves.insertion_area == pytest.approx((curves.insertion[:-1] + curves.insertion[1:]).sum() / 12)


def test_the_band_of_random_orders_is_their_five_and_ninety_five_percent_quantile(probe):
    calls = []
    curves = trials.curves(probe, scored(WEIGHTS), INDEX, draws=9, on_progress=lambda *call: calls.append(call))
    assert len(probe.asked) == 2 + 9
    assert calls == [(7 * done, 7 * 11) for done in range(1, 12)]
    assert np.array_equal(probe.asked[1], 1 - probe.asked[0])
    orders = probe.asked[2:]
    for masks in orders:
        assert masks.sum(axis=1).tolist() == [6, 5, 4, 3, 2, 1, 0]
        assert (np.diff(masks.astype(int), axis=0) <= 0).all()
    values = np.array([probe.value(masks) for masks in orders])
    low, high = np.quantile(values, [0.05, 0.95], axis=0)
    assert curves.random_low == pytest.approx(low, abs=1e-6)
    assert curves.random_high == pytest.approx(high, abs=1e-6)
    assert curves.random_area == pytest.approx(np.mean([(v[:-1] + v[1:]).sum() / 12 for v in values]), abs=1e-6)


def test_curves_draw_ten_orders_that_depend_on_the_seed(probe):
    areas = [trials.curves(probe, scored(WEIGHTS), INDEX, seed=seed).random_area for seed in (0, 0, 1)]
    assert len(probe.asked) == 3 * 12
    assert areas[0] == areas[1] != areas[2]


@pytest.mark.parametrize(("superpixels", "step", "points"), [(64, 1, 65), (65, 2, 34), (128, 2, 65), (129, 3, 44)])
def test_no_more_than_64_steps_are_asked_and_the_last_one_deletes_everything(superpixels, step, points):
    probe = SumOfSuperpixels(np.linspace(0.1, 0.2, superpixels))
    attribution = of_pixels(np.arange(superpixels, dtype=float).reshape(1, -1))
    curves = trials.curves(
        probe, replace(attribution, segments=np.arange(superpixels, dtype=np.int32).reshape(1, -1)), INDEX, draws=1
    )
    assert (curves.step, len(curves.share)) == (step, points)
    assert (curves.share[0], curves.share[-1]) == (0, 1)
    assert curves.share[1] == step / superpixels
    assert curves.deletion[-1] == pytest.approx(0.1)
    assert curves.insertion[-1] == pytest.approx(curves.deletion[0])


def test_the_area_of_a_bent_line_by_hand():
    assert trials.area(np.array([0, 0.5, 1.0]), np.array([1.0, 0.0, 3.0])) == pytest.approx(0.25 + 0.75)


def test_results_of_trials_compare_by_identity_as_they_hold_arrays(probe):
    one, other = (trials.curves(probe, scored(WEIGHTS), INDEX, draws=1) for _ in range(2))
    assert one != other
    with pytest.raises(AttributeError):
        one.step = 2
    check = trials.reality_check(probe, scored(WEIGHTS), INDEX)
    assert check != trials.reality_check(probe, scored(WEIGHTS), INDEX)
    with pytest.raises(AttributeError):
        check.features = ()
    with pytest.raises(AttributeError):
        check.kept.model = 0.0
