"""Stability by hand, and what a judge hands from an attribution to the rules."""

from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer, linear

import lime_core as lc
from lime_core.judge import judged
from lime_core.judge.stability import RESAMPLES, resampled_top_k
from lime_core.masks.kernels import distances

SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=64, fill="black", target="log_odds", early_stop=False)
WEIGHTS = np.array([0.2, -0.15, 0.1] + [0.01] * 9)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.fixture(scope="module")
def asked(image):
    def bent(masks):
        return linear(np.stack([WEIGHTS, -WEIGHTS]), 0.4)(masks) + 0.1 * (masks[:, :1] * masks[:, 4:5])

    return lc.query(image, known_answer(bent, image, SPEC), SPEC)


# Stability


def by_hand(coefficients, influence, k, resamples):
    """Draw as many pairs as there are, with replacement, and rank again."""
    pairs = len(influence)
    counts = np.random.default_rng(0).multinomial(pairs, np.full(pairs, 1 / pairs), size=resamples)
    own = set(np.argsort(-np.abs(coefficients), kind="stable")[:k].tolist())
    named, alike = np.zeros(len(coefficients)), []
    for drawn in counts:
        moved = coefficients + (drawn - 1.0) @ influence
        theirs = set(np.argsort(-np.abs(moved), kind="stable")[:k].tolist())
        named[list(theirs)] += 1 / resamples
        alike.append(len(own & theirs) / len(own | theirs))
    return named, float(np.mean(alike))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_stability_is_the_mean_jaccard_index_over_two_hundred_resamples(k):
    random = np.random.default_rng(3)
    coefficients, influence = np.array([1.0, -0.9, 0.5, 0.45, 0.1]), random.normal(0, 0.06, (40, 5))
    frequency, stability = resampled_top_k(coefficients, influence, k)
    named, alike = by_hand(coefficients, influence, k, 200)
    assert RESAMPLES == 200
    assert frequency == pytest.approx(named)
    assert stability == pytest.approx(alike)
    assert 0.3 < stability < 1


def test_more_superpixels_than_there_are_are_all_of_them():
    frequency, stability = resampled_top_k(np.array([1.0, 0.5]), np.full((4, 2), 0.3), 5)
    assert (frequency.tolist(), stability) == ([1.0, 1.0], 1.0)


@pytest.mark.parametrize(("pairs", "resamples"), [(50_000, 200), (100_000, 100), (400_000, 40)])
def test_dear_resamples_are_fewer_but_never_fewer_than_forty(pairs, resamples, monkeypatch):
    """Five million multiplications a resample are too many for ten times as many."""
    seen = []

    def draws(count, number):
        seen.append((count, number))
        return np.zeros((number, count), np.float32)

    monkeypatch.setattr(importlib.import_module("lime_core.judge.stability"), "_draws", draws)
    influence = np.broadcast_to(np.zeros(5), (pairs, 5))
    frequency, _ = resampled_top_k(np.arange(5.0), influence, 2)
    assert seen == [(pairs, resamples)]
    assert frequency.tolist() == [0, 0, 0, 1, 1]


# What is handed on


def test_a_verdict_says_what_the_fit_says(image, asked):
    explanation = lc.fit(asked, SPEC)
    for item, verdict in zip(explanation.classes, lc.judge(explanation, asked, top_k=3), strict=True):
        assert verdict.top_k == 3
        assert verdict.top_k_frequency.sum() == pytest.approx(3)
        assert verdict.samples_per_superpixel == 64 / 12
        bounded = np.clip(item.surrogate_output, *np.log([1e-4 / (1 - 1e-4), (1 - 1e-4) / 1e-4]))
        assert verdict.gap == pytest.approx(bounded - item.model_output)
        assert 0 < verdict.nonlinear_share < 1
        assert (verdict.interaction.a, verdict.interaction.b) == (0, 4)


def test_a_surrogate_beyond_the_cut_is_judged_at_the_cut(asked):
    explanation = lc.fit(asked, SPEC)
    far = tuple(replace(item, surrogate_output=50.0, model_output=9.0) for item in explanation.classes)
    for verdict in lc.judge(replace(explanation, classes=far), asked):
        assert verdict.gap == pytest.approx(np.log((1 - 1e-4) / 1e-4) - 9.0)


def test_verdicts_are_for_five_superpixels_unless_told_otherwise(asked):
    explanation = lc.fit(asked, SPEC)
    assert {verdict.top_k for verdict in lc.judge(explanation, asked)} == {5}
    assert [item.trust.top_k for item in judged(explanation, asked).classes] == [5, 5]
    assert [item.trust.top_k for item in judged(explanation, asked, top_k=2).classes] == [2, 2]


def test_a_starved_kernel_is_widened_to_the_median_distance(asked):
    spec = replace(SPEC, kernel_width=0.01)
    explanation = lc.fit(asked, spec)
    verdict = lc.judge(explanation, asked)[0]
    median = np.median(distances(asked.masks, asked.energy, "cosine"))
    assert verdict.changes == {"kernel_width": pytest.approx(median, abs=5e-4)}


def test_a_class_that_does_not_vary_has_neither_pair_nor_nonlinear_share(image):
    constant = known_answer(lambda masks: np.full((len(masks), 1), 0.3), image, SPEC)
    (verdict,) = lc.judge(lc.explain(image, constant, SPEC), lc.query(image, constant, SPEC))
    assert verdict.interaction is None
    assert np.isnan(verdict.nonlinear_share)


@pytest.mark.parametrize(("columns", "searched"), [(16, True), (17, False)])
def test_pairs_are_searched_among_256_superpixels_at_most(columns, searched):
    wide = lc.Image(np.random.default_rng(0).integers(40, 256, (64, 68, 3), dtype=np.uint8))
    spec = replace(SPEC, segmentation=lc.Grid(rows=16, columns=columns), samples=600, target="probability")
    classifier = lc.CallableClassifier(lambda pictures: pictures.mean(axis=(1, 2, 3))[:, None] / 255, (64, 68))
    answers = lc.query(wide, classifier, spec)
    assert answers.superpixels == 16 * columns
    (verdict,) = lc.judge(lc.fit(answers, spec), answers)
    assert (verdict.interaction is not None) == searched


def test_without_a_fit_the_picture_itself_counts_among_the_answers(image):
    """Every superpixel is needed: whatever is hidden the answer is the same, but not for the picture."""
    spec = replace(SPEC, target="probability")
    all_needed = known_answer(lambda masks: masks.all(axis=1)[:, None] * 0.5, image, spec)
    attribution = lc.attribute(image, all_needed, method="leave_one_out", spec=spec)
    verdict = attribution.classes[0].trust
    assert verdict.level == "usable"
    assert len(verdict.reasons) == 1
    for value in (verdict.stability, verdict.nonlinear_share, verdict.gap):
        assert np.isnan(value)
    assert verdict.top_k_frequency.shape == (12,)
    assert np.isnan(verdict.top_k_frequency).all()
    assert verdict.interaction is None


def test_the_largest_superpixel_is_measured_in_the_picture(image):
    labels = np.zeros((61, 87), int)
    labels[:, 44:] = 1
    spec = replace(SPEC, segmentation=lc.LabelMap(labels), target="probability")
    classifier = known_answer(linear(np.array([0.3, 0.2])), image, spec)
    verdict = lc.explain(image, classifier, spec).classes[0].trust
    assert verdict.reasons[0].startswith("One superpixel covers 51% of the picture")
