"""Banzhaf values and RISE on superpixels: what LIME's own answers give beside LIME, at no cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import all_masks, colorful_image, known_answer, linear
from known_games import (
    PLAIN,
    answers,
    banzhaf_values,
    conjunction,
    coverage,
    curved,
    exclusive,
    figures,
    scores_of,
)
from known_neighborhoods import answers_to_masks

import lime_core as lc
from lime_core.masks.samplers import SAMPLERS
from lime_core.methods import METHODS, asks_the_same

LINEAR = np.array([0.2, -0.15, 0.1, 0.0, 0.05, 0.05])


def with_all_masks(game, superpixels=6):
    """Answers to each of the 2^S masks once."""
    given = answers("banzhaf", game, superpixels, replace(PLAIN, sampler="iid"))
    masks = all_masks(superpixels)
    outputs = game(masks.astype(float))[:, None].astype(np.float32)
    return replace(given, masks=masks, outputs=outputs, pairs=np.arange(len(masks), dtype=np.int32))


@pytest.mark.parametrize("game", [figures, conjunction, exclusive, curved(6), lambda z: 0.4 + z @ LINEAR])
def test_over_all_masks_banzhaf_values_are_their_definition(game):
    found = METHODS["banzhaf"].from_answers(with_all_masks(game), PLAIN)
    assert found[0].scores == pytest.approx(banzhaf_values(game, 6), abs=1e-6)
    assert (found.signed, found.unit, found.notes) == (True, "probability", ())


def test_banzhaf_values_of_games_with_a_known_answer():
    def scores(game):
        return METHODS["banzhaf"].from_answers(with_all_masks(game), PLAIN)[0].scores

    assert scores(lambda z: 0.4 + z @ LINEAR) == pytest.approx(LINEAR, abs=1e-6)
    assert scores(conjunction) == pytest.approx([0.15, 0, 0.15, 0.15, 0, 0], abs=1e-6)  # 0.6 · 2^-(3 − 1)
    assert scores(exclusive) == pytest.approx(0, abs=1e-6)
    assert scores(figures)[5] == pytest.approx(0, abs=1e-7)


def test_banzhaf_values_are_means_while_shown_less_means_while_hidden_whatever_the_masks():
    given = answers("banzhaf", curved(9), 9, replace(PLAIN, sampler="iid", target="log_odds"), samples=77)
    odds = np.log(given.outputs[:, 0].astype(float) / (1 - given.outputs[:, 0].astype(float)))
    expected = [odds[column == 1].mean() - odds[column == 0].mean() for column in given.masks.T]
    found = METHODS["banzhaf"].from_answers(given, replace(PLAIN, target="log_odds"))
    assert found[0].scores == pytest.approx(expected, abs=1e-9)
    assert found.unit == "log-odds"


def test_with_whole_blocks_of_balanced_masks_banzhaf_values_are_the_slopes_of_an_unweighted_fit():
    given = answers("banzhaf", curved(12), 12, samples=96)
    fitted = lc.fit(given, replace(PLAIN, kernel="none", surrogate="least_squares"))
    found = METHODS["banzhaf"].from_answers(given, PLAIN)
    assert found[0].scores == pytest.approx(fitted[0].scores, abs=1e-9)
    assert found[0].std_errors == pytest.approx(fitted[0].std_errors, rel=0.25)


@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired"])
@pytest.mark.parametrize("samples", [64, 200])
def test_intervals_of_banzhaf_values_hold_the_truth(sampler, samples):
    game = curved(12)
    held = coverage("banzhaf", game, banzhaf_values(game, 12), samples, sampler=sampler)
    assert 0.92 <= held <= (0.98 if sampler == "balanced" else 1.0)


def test_with_too_few_samples_for_error_bars_banzhaf_values_have_none():
    found = scores_of("banzhaf", curved(12), 12, samples=20)
    assert np.isinf(found.std_errors).all()
    assert not found.sure.any()


@pytest.mark.parametrize(
    ("sampler", "only_approximate"),
    [
        ("balanced", False),
        ("paired", False),
        ("iid", False),
        ("lime", False),
        ({"name": "iid", "keep_probability": 0.8}, True),
        ("mixed_rate", True),
    ],
)
def test_masks_that_are_not_uniform_are_said_to_approximate_only(sampler, only_approximate):
    spec = replace(PLAIN, sampler=sampler)
    found = METHODS["banzhaf"].from_answers(answers("banzhaf", curved(8), 8, spec), spec)
    assert any("only approximate" in note and spec.sampler.name in note for note in found.notes) == only_approximate


@pytest.mark.parametrize("name", ["balanced", "iid", "paired", "lime"])
def test_samplers_that_call_themselves_uniform_draw_every_mask_equally_often(name):
    sampler = SAMPLERS[name]()
    assert sampler.uniform
    masks = np.concatenate([sampler.draw(8, 3, seed) for seed in range(2000)])
    counts = np.bincount(masks @ np.array([4, 2, 1]), minlength=8)
    assert counts / len(masks) == pytest.approx(1 / 8, abs=0.01)


def test_the_unmodified_picture_is_no_random_sample():
    spec = replace(PLAIN, include_original=True, samples=101)
    classifier, image = known_answer(linear(LINEAR[None, :], 0.4), colorful_image(), SIX), colorful_image()
    given = lc.query(image, classifier, replace(SIX, include_original=True, samples=101))
    assert given.masks[0].all()
    rest = replace(given, masks=given.masks[1:], outputs=given.outputs[1:], pairs=given.pairs[1:], spec=SIX)
    for name in ("banzhaf", "superpixel_rise"):
        with_it, without = (METHODS[name].from_answers(each, spec)[0].scores for each in (given, rest))
        assert with_it == pytest.approx(without, abs=1e-12)


SIX = lc.ExplainSpec(segmentation=lc.Grid(rows=2, columns=3), samples=64, fill="black", target="probability")


def test_rise_is_the_mean_of_masks_weighted_by_the_output_over_how_often_each_shows():
    given = answers("superpixel_rise", curved(9), 9, replace(PLAIN, sampler="mixed_rate"), samples=90)
    outputs, masks = given.outputs[:, 0].astype(float), given.masks.astype(float)
    expected = sum(y * z for y, z in zip(outputs, masks, strict=True)) / masks.sum(axis=0)
    for target in ("probability", "log_odds"):
        found = METHODS["superpixel_rise"].from_answers(given, replace(PLAIN, target=target))
        assert found[0].scores == pytest.approx(expected, abs=1e-9)
        assert found.unit == "mean probability while shown"
        assert not found.signed
        assert found[0].std_errors is None


def test_over_all_masks_rise_is_the_mean_output_and_half_the_banzhaf_value():
    for game in (figures, conjunction, exclusive):
        given = with_all_masks(game)
        rise, banzhaf = (METHODS[name].from_answers(given, PLAIN)[0].scores for name in ("superpixel_rise", "banzhaf"))
        assert rise == pytest.approx(game(all_masks(6).astype(float)).mean() + banzhaf / 2, abs=1e-6)


def test_outputs_below_nothing_do_not_turn_the_order_of_rise_around():
    given = answers("superpixel_rise", lambda z: -3 + z @ LINEAR, 6, samples=64)
    found = METHODS["superpixel_rise"].from_answers(given, PLAIN)
    assert found.top_features(0, 2) == (0, 2)
    assert (found[0].scores >= 0).all()
    assert any("counted from its smallest" in note for note in found.notes)


def test_superpixels_that_the_samples_say_nothing_of_are_said_to_have_no_score():
    given = answers_to_masks(lambda masks, _: np.full((len(masks), 1), 0.5), 4, 2, PLAIN)
    given = replace(given, masks=np.array([[1, 0, 1, 1], [1, 0, 0, 1]], np.uint8))
    banzhaf, rise = (METHODS[name].from_answers(given, PLAIN) for name in ("banzhaf", "superpixel_rise"))
    assert any("3 superpixels were never hidden or never shown" in note for note in banzhaf.notes)
    assert any("1 superpixels were never shown" in note for note in rise.notes)
    assert rise[0].scores.tolist() == [0.5, 0.0, 0.5, 0.5]


@pytest.mark.parametrize(
    ("method", "costs_nothing"),
    [
        ("lime", True),
        ("banzhaf", True),
        ("superpixel_rise", True),
        ("hsic", True),
        ("kernel_shap", False),
        ("leave_one_out", False),
        ("sobol", False),
    ],
)
def test_what_asks_the_same_as_lime_costs_nothing_beside_it(method, costs_nothing):
    assert asks_the_same(METHODS[method], PLAIN) == costs_nothing


def test_hsic_costs_something_where_lime_asks_otherwise():
    for change in ({"sampler": "iid"}, {"early_stop": True}, {"include_original": True}, {"samples": 50_000}):
        assert not asks_the_same(METHODS["hsic"], replace(PLAIN, **change))
        assert asks_the_same(METHODS["banzhaf"], replace(PLAIN, **change))


def test_a_method_that_asks_about_no_masks_never_asks_the_same():
    assert not asks_the_same(object(), PLAIN)


def test_answers_of_lime_are_enough(monkeypatch):
    image = colorful_image()
    counts = []
    inner = known_answer(linear(LINEAR[None, :], 0.4), image, SIX)

    def function(images):
        counts.append(len(images))
        return inner.predict(images)

    classifier = lc.CallableClassifier(function, inner.input_size, outputs="probabilities")
    known = lc.query(image, classifier, SIX)
    for method in ("banzhaf", "superpixel_rise"):
        counts.clear()
        found = lc.attribute(image, classifier, method=method, spec=SIX, known=known)
        assert sum(counts) == 1
        assert found.calls == 65


def test_answers_in_reduced_precision_come_with_a_word():
    given = with_all_masks(figures)
    reduced = replace(
        given,
        provenance=replace(given.provenance, engine="openvino-bf16"),
        compared=np.arange(4, dtype=np.int32),
        compared_outputs=given.outputs[:4],
    )
    for name in ("banzhaf", "superpixel_rise"):
        before = METHODS[name].from_answers(given, PLAIN).notes
        assert set(METHODS[name].from_answers(reduced, PLAIN).notes) - set(before) == {
            "Asked in bf16: how far that has moved these scores is not known."
        }
