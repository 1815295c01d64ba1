"""Anchors against models of which the anchor is known, and against precisions of every mask."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, all_masks, colorful_image, known_answer

import lime_core as lc
from lime_core.methods.anchors.bounds import exploration_level, kl_bounds
from lime_core.methods.anchors.pool import Pool
from lime_core.methods.anchors.search import PRECISION, TOLERANCE
from lime_core.trials.suite import Subject, attempt, calls_of

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=1000, fill="black", seed=1)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def decides(rule):
    """A model of two classes: the first one wins exactly where the rule holds of masks (B, S)."""
    return lambda masks: np.where(rule(masks.astype(bool))[:, None], [0.8, 0.2], [0.3, 0.7])


def anchored(rule, image, spec=SPEC, **changes):
    spec = replace(spec, **changes)
    return lc.attribute(image, known_answer(decides(rule), image, spec), method="anchors", spec=spec)


def exact_precision(rule, anchor, superpixels=SUPERPIXELS):
    masks = all_masks(superpixels).astype(bool)
    return rule(masks[masks[:, list(anchor)].all(axis=1)]).mean()


# Known anchors


@pytest.mark.parametrize("members", [(4,), (2, 7), (0, 5, 11), (1, 3, 8, 10)])
def test_superpixels_that_decide_together_are_the_anchor_with_precision_one(image, members):
    result = anchored(lambda shown: shown[:, list(members)].all(axis=1), image)
    found = result[0]
    assert set(found.anchor) == set(members)
    assert (found.precision, found.precision_high, found.holds) == (1, 1, True)
    assert PRECISION - TOLERANCE <= found.precision_low < 1
    assert found.coverage == 2.0 ** -len(members)
    assert set(np.flatnonzero(found.scores)) == set(members)
    assert found.scores[list(members)] == pytest.approx([0.5] * len(members), abs=0.2)
    assert set(result.top_features(0, 12, "both")) == set(members)


def test_the_answer_of_a_constant_model_needs_no_superpixel(image):
    found = anchored(lambda shown: np.ones(len(shown), bool), image)[0]
    assert (found.anchor, found.precision, found.coverage, found.holds) == ((), 1, 1, True)
    assert not found.scores.any()


def test_both_superpixels_of_an_exclusive_or_are_needed(image):
    # Shown together, they leave the answer as it is; so do both hidden, which no anchor can ask for.
    found = anchored(lambda shown: shown[:, 2] == shown[:, 7], image)[0]
    assert set(found.anchor) == {2, 7}
    assert found.precision == 1


def test_either_of_two_superpixels_is_enough(image):
    found = anchored(lambda shown: shown[:, 2] | shown[:, 7], image)[0]
    assert found.anchor in ((2,), (7,))
    assert found.coverage == 0.5


@pytest.mark.parametrize("seed", range(6))
def test_the_bounds_hold_the_precision_of_all_masks_of_a_threshold_model(image, seed):
    random = np.random.default_rng(seed)
    weights = random.exponential(size=SUPERPIXELS)
    threshold = random.uniform(0.5, 0.8) * weights.sum()

    def rule(shown):
        return shown @ weights > threshold

    found = anchored(rule, image, seed=seed, samples=2000)[0]
    exact = exact_precision(rule, found.anchor)
    assert found.precision_low <= exact <= found.precision_high
    assert found.holds
    assert exact >= PRECISION - TOLERANCE
    # The strongest so many are at least as precise; if they reached 95 % with fewer, the search should have stopped.
    strongest = np.argsort(-weights)
    smaller = strongest[: max(len(found.anchor) - 1, 0)]
    assert exact_precision(rule, smaller) < PRECISION + 0.02


def test_a_lower_class_is_fixed_among_the_first_of_its_rank(image):
    # The third class is overtaken by the fourth where superpixel 5 is hidden; the second one never is.
    def outputs(masks):
        rows = np.tile([0.5, 0.2, 0.1, 0.05], (len(masks), 1))
        rows[masks[:, 5] == 0, 3] = 0.15
        return rows

    result = lc.attribute(image, known_answer(outputs, image, SPEC), method="anchors", spec=SPEC)
    assert [item.rank for item in result.classes] == [1, 2, 3, 4]
    assert [item.anchor for item in result.classes] == [(), (), (5,), ()]


# The budget


@pytest.mark.parametrize("samples", [2, 3, 10, 64, 200])
def test_no_more_pictures_are_asked_about_than_allowed(image, samples):
    counted = []
    inner = known_answer(decides(lambda shown: shown.sum(axis=1) > 9), image, SPEC)

    def function(images):
        counted.append(len(images))
        return inner.predict(images)

    classifier = lc.CallableClassifier(function, inner.input_size, outputs="probabilities")
    reports = []
    result = lc.METHODS["anchors"].attribute(
        image, classifier, replace(SPEC, samples=samples), on_progress=lambda *both: reports.append(both)
    )
    assert result.calls == sum(counted) <= samples + 1
    assert reports[-1] == (samples, samples)
    assert [done for done, _ in reports] == sorted({done for done, _ in reports})
    assert {total for _, total in reports} == {samples}


def test_what_no_budget_can_show_is_said_and_the_best_is_returned(image):
    result = anchored(lambda shown: shown.sum(axis=1) >= 11, image, samples=100)
    assert not result[0].holds
    assert result[0].precision_low <= result[0].precision <= result[0].precision_high
    assert "no set of superpixels was shown to fix the answer to 95%" in result.notes[0]
    assert "More samples" in result.notes[0]


def test_a_few_superpixels_are_asked_about_once_each_and_the_search_ends(image):
    spec = replace(SPEC, segmentation=lc.Grid(rows=1, columns=3), samples=5000)
    result = anchored(lambda shown: shown[:, 0] & shown[:, 2], image, spec)
    assert set(result[0].anchor) == {0, 2}
    assert result.calls <= 2**3


def test_the_seed_decides_and_the_sampler_does_not(image):
    def rule(shown):
        return shown[:, :6].sum(axis=1) >= 4

    first, other = anchored(rule, image, samples=300), anchored(rule, image, samples=300, sampler="iid")
    assert np.array_equal(first[0].scores, other[0].scores)
    assert first.notes == anchored(rule, image, samples=300).notes


def test_hundreds_of_superpixels_are_searched(image):
    spec = replace(SPEC, segmentation=lc.Grid(rows=20, columns=30), samples=1500)
    result = anchored(lambda shown: shown[:, 77], image, spec)
    assert result[0].anchor == (77,)


# Words, JSON, errors


def test_notes_name_superpixels_as_people_do_and_say_what_is_kept(image):
    labels = np.repeat(np.arange(10, 22), 8)[None, :].repeat(61, axis=0)[:, :87]
    spec = replace(SPEC, segmentation=lc.LabelMap(labels))
    result = anchored(lambda shown: shown[:, 4] & shown[:, 1], image, spec)
    note = result.notes[0]
    assert "14" in note
    assert "11" in note
    assert "stays the first class in 100.0% of the perturbed pictures (95 % bounds " in note
    assert "covers 25.00% of all perturbed pictures" in note
    assert "among the first 2 classes" in result.notes[1]


def test_precision_and_coverage_survive_json(image):
    result = anchored(lambda shown: shown[:, 4] & shown[:, 1], image)
    back = lc.AnchorAttribution.from_json(result.to_json())
    assert back.to_json() == result.to_json()
    names = ("anchor", "rank", "precision", "precision_low", "precision_high", "samples", "holds", "coverage")
    for one, other in zip(result.classes, back.classes, strict=True):
        assert isinstance(other, lc.ClassAnchor)
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    row = json.loads(result.to_json())["classes"][0]
    assert row["coverage"] == row["coverage_low"] == row["coverage_high"] == 0.25
    with pytest.raises(lc.LimeError, match="expected 'limelight-attribution/1'"):
        lc.Attribution.from_json(result.to_json())
    del row["precision"]
    with pytest.raises(lc.LimeError, match="Not a readable attribution"):
        lc.AnchorAttribution.from_json(json.dumps(json.loads(result.to_json()) | {"classes": [row]}))


def test_a_single_output_has_no_first_class(image):
    one = lc.CallableClassifier(lambda images: np.full((len(images), 1), 0.4), 20, outputs="probabilities")
    with pytest.raises(lc.ModelError, match="a single output"):
        lc.attribute(image, one, method="anchors", spec=SPEC)


def test_trials_put_anchors_to_the_test(image):
    spec = replace(SPEC, samples=60, seed=9)
    counted = []
    inner = known_answer(decides(lambda shown: shown[:, 4] & shown[:, 1]), image, spec)

    def function(images):
        counted.append(len(images))
        return inner.predict(images)

    classifier = lc.CallableClassifier(function, inner.input_size, outputs="probabilities")
    attribution = lc.attribute(image, classifier, method="anchors", spec=spec)
    subject = Subject(image, "own", classifier, attribution, 0, None, top_k=3)
    for trial in ("reality", "curves", "repeat"):
        counted.clear()
        result = attempt(trial, subject, lambda *_: None)
        assert not hasattr(result, "error"), result
        assert sum(counted) <= calls_of(trial, attribution)
        if trial == "reality":
            assert set(result.features) == {1, 4}
            assert (result.kept.model, result.removed.model) == pytest.approx((0.8, 0.3))


# The pool


def test_samples_count_for_every_anchor_that_they_may_count_for(image):
    spec = replace(SPEC, segmentation=lc.Grid(rows=2, columns=3))
    rule = decides(lambda shown: shown[:, 0] | (shown[:, 1] & shown[:, 2]))
    probe = lc.Probe(lc.prepare(image, (61, 87), spec), known_answer(rule, image, spec))
    pool = Pool(probe, lambda outputs: outputs[:, :1] > 0.5, 10_000, 0, lambda calls: None)
    drawn = [(), (0,), (2, 0), (1,)]
    for anchor in drawn:
        pool.draw([anchor], 3000, pool.left)
    assert pool.calls <= 2**6
    for anchor in [(), (0,), (1,), (0, 1), (1, 2), (0, 1, 2), (3, 4)]:
        kept, samples = pool.counts(anchor, 0)
        masks = all_masks(6).astype(bool)
        masks = masks[masks[:, list(anchor)].all(axis=1)]
        exact = (masks[:, 0] | (masks[:, 1] & masks[:, 2])).mean()
        # Those of every subset of the anchor count, each as often as it shows the rest of it.
        expected = sum(3000 * 2.0 ** -len(set(anchor) - set(each)) for each in drawn if set(each) <= set(anchor))
        assert samples == pytest.approx(expected, rel=0.1)
        assert kept / samples == pytest.approx(exact, abs=4 * np.sqrt(0.25 / samples))
        more_kept, more_samples = pool.counts_of_extensions(anchor, 0)
        for superpixel in set(range(6)) - set(anchor):
            assert (more_kept[superpixel], more_samples[superpixel]) == pool.counts((*anchor, superpixel), 0)


# Bounds


def test_kl_bounds_are_where_the_divergence_reaches_the_level():
    counts = np.array([10, 25, 100, 400.0])
    positives = np.array([3, 20, 97, 200.0])
    low, high = kl_bounds(positives, counts, 3.0)
    share = positives / counts
    for bound in (low, high):
        divergence = share * np.log(share / bound) + (1 - share) * np.log((1 - share) / (1 - bound))
        assert counts * divergence == pytest.approx(3.0, abs=1e-6)
    assert (low < share).all()
    assert (high > share).all()


def test_kl_bounds_of_none_all_and_nothing():
    low, high = kl_bounds(np.array([0, 20, 0.0]), np.array([20, 20, 0.0]), 3.0)
    assert low == pytest.approx([0, np.exp(-3 / 20), 0], abs=1e-9)
    assert high == pytest.approx([1 - np.exp(-3 / 20), 1, 1], abs=1e-9)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_kl_bounds_miss_less_often_than_they_may(share):
    positives = np.random.default_rng(0).binomial(60, share, 20_000).astype(np.float64)
    low, high = kl_bounds(positives, np.full(20_000, 60.0), np.log(2 / 0.05))
    assert ((low > share) | (high < share)).mean() <= 0.05


def test_exploration_grows_with_candidates_and_looks():
    assert exploration_level(10, 1, 0.05) < exploration_level(20, 1, 0.05) < exploration_level(20, 2, 0.05)
    rate = np.log(405.5 * 10 / 0.05)
    assert exploration_level(10, 1, 0.05) == pytest.approx(rate + np.log(rate))
