"""Repeat, what-if and sanity with methods whose scores are given, so that every threshold can be met exactly."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from trials.hand_made import INDEX, Given, answers, network, scored, spec_of

import lime_core as lc
from lime_core import trials
from lime_core.methods import METHODS
from lime_core.trials.shared import mean, means_the_same, part_of, reusable

IMAGE, MODEL = answers()


def what_if(scores, base, variants, errors=None, **options):
    return trials.what_if(IMAGE, MODEL, base, 0, method=Given(scores, errors), variants=variants, **options)


# What stays among the strongest


def strongest_first(spec, superpixels):
    return np.arange(superpixels, 0, -1.0)


@pytest.mark.parametrize(
    ("columns", "share", "survivors"), [(2, 1.0, (0,)), (3, 2 / 3, (0,)), (4, 0.5, ()), (6, 1 / 3, ())]
)
def test_a_superpixel_survives_when_more_than_half_of_it_is_among_the_strongest(columns, share, survivors):
    """The base's left half against a left column that covers all, two thirds, half or a third of it."""
    result = what_if(strongest_first, spec_of(1, 2), {"finer": spec_of(1, columns)}, k=1)
    assert result.variants[0].top_share.tolist() == pytest.approx([share, 0])
    assert result.survivors == survivors
    assert result.variants[0].superpixels == columns


def test_a_superpixel_survives_only_what_every_variant_leaves():
    variants = {"same": spec_of(1, 2, seed=1), "finer": spec_of(1, 4)}
    assert what_if(strongest_first, spec_of(1, 2), variants, k=1).survivors == ()
    assert what_if(strongest_first, spec_of(1, 2), variants, k=2).survivors == (0,)
    assert what_if(strongest_first, spec_of(1, 2), {}, k=1).survivors == (0,)


def test_without_k_each_variant_has_its_own():
    base, finer = spec_of(1, 2, top_k=1), spec_of(1, 4, top_k=2)
    assert what_if(strongest_first, base, {"finer": finer}).survivors == (0,)
    assert what_if(strongest_first, base, {"finer": replace(finer, top_k=1)}).survivors == ()


def test_the_strongest_against_a_class_survive_as_those_for_it():
    def against(spec, superpixels):
        return -np.arange(superpixels, 0, -1.0)

    assert what_if(against, spec_of(1, 2), {"finer": spec_of(1, 3)}, k=1).survivors == (0,)


# What turns its sign


def turned(share):
    """Scores of 12 columns: those in the first `share` of the left half are negative, the rest of it is nothing."""

    def scores(spec, superpixels):
        if superpixels == 2:
            return [1.0, -1.0]
        return np.where(np.arange(12) < share, -1.0, 0.0) - (np.arange(12) >= 6)

    return scores


@pytest.mark.parametrize(("share", "flips"), [(3, ()), (4, (0,)), (6, (0,))])
def test_a_superpixel_flips_when_more_than_half_of_it_turns(share, flips):
    result = what_if(turned(share), spec_of(1, 2), {"finer": spec_of(1, 12)})
    assert result.variants[0].sign.tolist() == pytest.approx([-share / 6, -1])
    assert result.flips == flips


def test_what_was_against_a_class_flips_when_it_turns_to_be_for_it():
    def scores(spec, superpixels):
        return [-1.0, 2.0] if spec.seed else [1.0, -2.0]

    assert what_if(scores, spec_of(1, 2), {"seed": spec_of(1, 2, seed=1)}).flips == (0, 1)
    assert what_if(scores, spec_of(1, 2), {"seed": spec_of(1, 2, seed=1)}, errors=[9.0, 1e-9]).flips == (1,)


def test_a_score_of_nothing_has_no_sign_to_turn():
    def scores(spec, superpixels):
        return [0.0, 1.0] if spec.seed == 0 else [-1.0, 1.0]

    assert what_if(scores, spec_of(1, 2), {"seed": spec_of(1, 2, seed=1)}).flips == ()


# How variants are compared and asked


def test_scores_are_carried_between_superpixels_by_the_pixels_that_they_share():
    def scores(spec, superpixels):
        return [3.0, 1.0, 2.0] if superpixels == 3 else [10.0, 0.0, 0.0, 0.0, 9.0, 1.0]

    result = what_if(scores, spec_of(1, 3), {"finer": spec_of(1, 6)})
    # Sums over two columns each: 10, 0 and 10, so the last two ranks are 2.5.
    assert result.variants[0].agreement == pytest.approx(np.sqrt(3) / 2)
    assert np.isnan(result.variants[0].r2_holdout)
    assert what_if(scores, spec_of(1, 3), {"seed": spec_of(1, 3, seed=2)}).variants[0].agreement == pytest.approx(1)


def test_each_variant_says_what_the_model_makes_of_the_hidden_picture():
    variants = {"black": spec_of(1, 2, fill="black"), "grey": spec_of(1, 2, fill="grey")}
    black, grey = what_if(strongest_first, spec_of(1, 2), variants).variants
    assert (black.name, grey.name) == ("black", "grey")
    assert black.probability_hidden == pytest.approx(0, abs=1e-6)
    assert grey.probability_hidden == pytest.approx(128 / 255, abs=1e-6)


def test_every_variant_explains_the_one_class_and_none_stops_early():
    method = Given(strongest_first)
    base = spec_of(1, 2, early_stop=True)
    trials.what_if(IMAGE, MODEL, base, 0, method=method, variants={"seed": replace(base, seed=3)})
    assert [(spec.classes, spec.early_stop, spec.seed) for spec in method.specs] == [((0,), False, 0), ((0,), False, 3)]


def test_progress_counts_the_samples_of_all_variants():
    calls = []
    what_if(
        strongest_first,
        spec_of(1, 2),
        {"wide": spec_of(1, 2, kernel_width=1), "seed": spec_of(1, 2, seed=1)},
        on_progress=lambda *call: calls.append(call),
    )
    assert calls == [(8, 24), (24, 24)]  # the kernel asks nothing new


def test_pixels_without_superpixels_cannot_be_followed():
    class Pixels(Given):
        def from_answers(self, neighborhood, spec):
            return replace(super().from_answers(neighborhood, spec), segments=None)

    with pytest.raises(lc.SpecError, match="has no superpixels"):
        trials.what_if(IMAGE, MODEL, spec_of(1, 2), 0, method=Pixels(strongest_first), variants={"a": spec_of(1, 2)})


def test_scores_are_carried_by_their_density_not_by_their_size():
    """One superpixel of twelve columns against four, of which one is as wide as the other three together."""
    labels = np.repeat([[0] * 12 + [1] * 4 + [2] * 4 + [3] * 4], 12, axis=0)
    base = spec_of(1, 2)

    def scores(spec, superpixels):
        return [4.0, 1.0, 2.0, 2.0] if superpixels == 4 else [4.0, 5.0]

    result = what_if(scores, base, {"uneven": replace(base, segmentation=lc.LabelMap(labels))})
    assert result.variants[0].agreement == pytest.approx(1)  # 4 on the left, 1 + 2 + 2 on the right


def test_the_usual_variants_of_the_defaults_one_by_one():
    spec = lc.ExplainSpec(samples=101, seed=2**31 - 1, fill="black", kernel_width=0.2, segmentation=lc.Slic(50))
    variants = trials.usual_variants(spec)
    assert variants["superpixels: finer"].segmentation == lc.Slic(n_segments=90)
    assert variants["superpixels: coarser"].segmentation == lc.Slic(n_segments=25)
    assert variants["superpixels: 7×7 grid"].segmentation == lc.Grid(rows=7, columns=7)
    assert variants["kernel: half as wide"].kernel_width == pytest.approx(0.1)
    assert variants["kernel: twice as wide"].kernel_width == pytest.approx(0.4)
    assert variants["samples: half as many"].samples == 50
    assert variants["samples: another seed"].seed == 0
    assert trials.usual_variants(replace(spec, seed=4))["samples: another seed"].seed == 5
    assert {name: each.fill.name for name, each in variants.items() if name.startswith("fill")} == {
        "fill: grey": "grey",
        "fill: blur": "blur",
        "fill: picture's mean": "image_mean",
        "fill: superpixel mean": "segment_mean",
    }
    assert len(variants) == 11


def test_usual_variants_stay_in_range_and_leave_out_what_changes_nothing():
    narrow, wide = (trials.usual_variants(spec_of(2, 2, kernel_width=width)) for width in (0.001, 100))
    assert "kernel: half as wide" not in narrow
    assert "kernel: twice as wide" in narrow
    assert "kernel: twice as wide" not in wide
    flat = trials.usual_variants(spec_of(2, 2, kernel="none"))
    assert not any(name.startswith("kernel") for name in flat)
    assert trials.usual_variants(spec_of(2, 2, samples=3))["samples: half as many"].samples == 2
    assert "samples: half as many" not in trials.usual_variants(spec_of(2, 2, samples=2))


# Repeat


def of_seeds(*rows):
    return Given(lambda spec, superpixels: rows[spec.seed])


def test_repeat_runs_every_seed_and_counts_k():
    method = of_seeds([3.0, 2, 1], [3.0, 1, 2], [1.0, 2, 3])
    (result,) = trials.repeat(IMAGE, MODEL, spec_of(1, 3), method=method, seeds=(0, 1, 2), k=2)
    assert result.class_index == 0
    assert result.top == ((0, 1), (0, 2), (2, 1))
    assert result.seeds == (0, 1, 2)
    assert result.jaccard == pytest.approx(1 / 3)
    assert result.vsi == pytest.approx(1 / 2)
    assert result.kendall_tau == pytest.approx((1 / 3 - 1 - 1 / 3) / 3)
    assert result.mean == pytest.approx([7 / 3, 5 / 3, 2])
    assert result.spread == pytest.approx(np.std([[3, 2, 1], [3, 1, 2], [1, 2, 3]], axis=0, ddof=1))


def test_repeat_takes_five_seeds_and_the_k_of_the_view():
    method = Given(strongest_first)
    (result,) = trials.repeat(IMAGE, MODEL, spec_of(1, 8, top_k=3), method=method)
    assert result.seeds == (0, 1, 2, 3, 4)
    assert [spec.seed for spec in method.specs] == [0, 1, 2, 3, 4]
    assert result.top[0] == (0, 1, 2)


def test_repeat_counts_progress_over_all_seeds():
    calls = []
    trials.repeat(
        IMAGE,
        MODEL,
        spec_of(1, 3),
        method=Given(strongest_first),
        seeds=(4, 5),
        on_progress=lambda *call: calls.append(call),
    )
    assert calls == [(8, 16), (16, 16)]


@pytest.mark.parametrize(("apart", "overlap"), [(0.39, 1.0), (0.395, 0.0)])
def test_coefficients_agree_while_their_intervals_touch(apart, overlap):
    explanation = scored([1.0, 0, 0, 0, 0, 0])
    other = scored([1.0 + apart, 0, 0, 0, 0, 0])
    wide = [
        replace(run, classes=(replace(run.classes[0], std_errors=np.full(6, 0.1)),)) for run in (explanation, other)
    ]
    for runs in (wide, wide[::-1]):  # half widths of 0.196 each
        assert trials.agreement(runs, INDEX, (0, 1), k=1).csi == overlap


def test_without_error_bars_only_equal_coefficients_agree_and_infinite_ones_always_do():
    runs = [scored([1.0, 0, 0, 0, 0, 0]), scored([2.0, 0, 0, 0, 0, 0])]

    def with_errors(errors):
        return [replace(run, classes=(replace(run.classes[0], std_errors=errors),)) for run in runs]

    assert trials.agreement(with_errors(np.full(6, np.nan)), INDEX, (0, 1), k=1).csi == 0
    assert trials.agreement([with_errors(np.full(6, np.nan))[0]] * 2, INDEX, (0, 1), k=1).csi == 1
    assert trials.agreement(with_errors(np.full(6, np.inf)), INDEX, (0, 1), k=1).csi == 1


def test_runs_that_name_nothing_have_nothing_in_common():
    runs = [scored(np.zeros(6)), scored(np.zeros(6))]
    result = trials.agreement(runs, INDEX, (0, 1))
    assert (result.top, result.vsi, result.jaccard) == (((), ()), 0.0, 1.0)
    assert np.isnan(result.csi)


def test_without_k_five_superpixels_of_a_run_count():
    runs = [scored(np.arange(1.0, 7)), scored(np.arange(1.0, 7))]
    assert trials.agreement(runs, INDEX, (0, 1)).top[0] == (5, 4, 3, 2, 1)


# Sanity


def stages_of(scores_by_stage, layers=5, **options):
    """Run a sanity check whose scores are given stage by stage; the weights that each stage saw are returned too."""
    model, seen = network(layers), []

    def classify(each):
        seen.append([layer.get_weights() for layer in each.layers])
        return MODEL

    rows = iter(scores_by_stage)
    method = Given(lambda spec, superpixels: next(rows))
    before = [layer.get_weights() for layer in model.layers]
    check = trials.sanity_check(IMAGE, model, classify, spec_of(1, 3), 0, method=method, **options)
    return check, seen, before, [layer.get_weights() for layer in model.layers]


TRAINED = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("last", "agreement", "passed"),
    [
        ([2.0, 1.0, 3.0], 0.5, False),
        ([2.0, 3.0, 1.0], -0.5, False),
        ([3.0, 1.0, 3.0], 0.0, True),
        ([1.0, 2.0, 3.0], 1.0, False),
        ([3.0, 2.0, 1.0], -1.0, False),
        ([5.0, 5.0, 5.0], 0.0, True),
    ],
)
def test_an_explanation_passes_when_it_agrees_by_less_than_a_half_at_the_end(last, agreement, passed):
    check, *_ = stages_of([TRAINED, TRAINED, last], steps=2)
    assert check.steps[0].agreement == pytest.approx(1)
    assert check.steps[1].agreement == pytest.approx(agreement)
    assert check.passed is passed


@pytest.mark.parametrize(("scores", "passed"), [([1.0, 3, 4, 2], True), ([2.0, 1, 4, 3], False)])
def test_agreements_of_two_fifths_and_three_fifths_are_on_either_side(scores, passed):
    rows = iter([[1.0, 2, 3, 4], scores])
    method = Given(lambda spec, superpixels: next(rows))
    check = trials.sanity_check(IMAGE, network(1), lambda _: MODEL, spec_of(1, 4), 0, method=method, steps=1)
    assert check.steps[0].agreement == pytest.approx(0.4 if passed else 0.6)
    assert check.passed is passed


def test_layers_are_shuffled_from_the_output_down_and_stay_so():
    check, seen, before, after = stages_of([TRAINED] * 4, layers=5, steps=3)
    assert [(stage.layers, stage.lowest) for stage in check.steps] == [(1, "4"), (3, "2"), (5, "0")]
    changed = [
        [
            any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))
            for one, other in zip(weights, before, strict=True)
        ]
        for weights in seen
    ]
    assert changed == [
        [False] * 6,
        [False] * 4 + [True, False],
        [False] * 2 + [True] * 3 + [False],
        [True] * 5 + [False],
    ]
    for one, other in zip(seen[-1], before, strict=True):
        for shuffled, original in zip(one, other, strict=True):
            assert shuffled.shape == original.shape
            assert np.array_equal(np.sort(shuffled, axis=None), np.sort(original, axis=None))
    # A layer that is shuffled once is not shuffled again.
    assert all(np.array_equal(a, b) for a, b in zip(seen[1][4], seen[3][4], strict=True))
    assert all(
        np.array_equal(a, b) for one, other in zip(before, after, strict=True) for a, b in zip(one, other, strict=True)
    )


def test_the_weights_come_back_also_when_a_stage_fails():
    model = network(2)
    before = [layer.get_weights() for layer in model.layers]
    method = Given(lambda spec, superpixels: next(rows))
    rows = iter([TRAINED])
    with pytest.raises((StopIteration, RuntimeError)):
        trials.sanity_check(IMAGE, model, lambda _: MODEL, spec_of(1, 3), 0, method=method)
    assert all(
        np.array_equal(a, b)
        for old, layer in zip(before, model.layers, strict=True)
        for a, b in zip(old, layer.get_weights(), strict=True)
    )


def test_a_network_with_fewer_layers_than_stages_loses_one_at_least():
    check, *_ = stages_of([TRAINED] * 5, layers=2)
    assert [stage.layers for stage in check.steps] == [1, 1, 1, 2]


def test_a_sanity_check_compares_the_k_strongest_and_counts_its_samples():
    calls = []
    check, *_ = stages_of([TRAINED, [1.0, 3.0, 2.0]], steps=1, k=1, on_progress=lambda *call: calls.append(call))
    assert check.steps[0].jaccard == 0
    assert calls == [(8, 16), (16, 16)]
    check, *_ = stages_of([TRAINED, [1.0, 3.0, 2.0]], steps=1, k=2)
    assert check.steps[0].jaccard == 1


def test_a_sanity_check_counts_the_samples_of_every_step():
    calls = []
    stages_of([TRAINED] * 4, steps=3, on_progress=lambda *call: calls.append(call))
    assert calls == [(8, 32), (16, 32), (24, 32), (32, 32)]


def test_a_sanity_check_explains_the_one_class_and_never_stops_early():
    method = Given(lambda spec, superpixels: TRAINED)
    spec = spec_of(1, 3, early_stop=True)
    check = trials.sanity_check(IMAGE, network(2), lambda _: MODEL, spec, 0, method=method, steps=2)
    assert [(each.classes, each.early_stop) for each in method.specs] == [((0,), False)] * 3
    assert check.class_index == 0


def test_a_sanity_check_shuffles_by_its_seed():
    one, same, other = (stages_of([TRAINED] * 2, steps=1, seed=seed)[1][1][4][0] for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert np.array_equal(one, stages_of([TRAINED] * 2, steps=1)[1][1][4][0])


@pytest.mark.parametrize("steps", [0, -1])
def test_a_sanity_check_has_a_step(steps):
    with pytest.raises(lc.SpecError, match=f"steps must be at least 1; got {steps}"):
        stages_of([TRAINED], steps=steps)


# Shared


def test_parts_of_a_progress_count_over_all_parts_and_no_further():
    calls = []
    second = part_of(lambda *call: calls.append(call), 1, 3, 10)
    second(4, 10)
    second(12, 12)
    assert calls == [(14, 30), (20, 30)]
    assert part_of(None, 0, 3, 10) is None


def test_answers_are_reused_for_the_same_question_only():
    neighborhood = lc.query(IMAGE, MODEL, spec_of(1, 3))
    assert reusable(neighborhood, spec_of(1, 3, samples=20)) is neighborhood
    assert reusable(neighborhood, spec_of(1, 3, seed=1)) is None
    assert reusable(None, spec_of(1, 3)) is None


def test_specs_mean_the_same_when_neither_questions_nor_fit_differ():
    lime, left_out = METHODS["lime"], METHODS["leave_one_out"]
    spec = spec_of(1, 3)
    seed, kernel, view = (replace(spec, **each) for each in ({"seed": 1}, {"kernel_width": 0.5}, {"top_k": 2}))
    assert [means_the_same(lime, spec, other) for other in (seed, kernel, view)] == [False, False, True]
    assert [means_the_same(left_out, spec, other) for other in (seed, kernel, view)] == [True, True, True]
    noise = replace(spec, fill="noise")
    assert not means_the_same(left_out, noise, replace(noise, seed=1))
    assert not means_the_same(left_out, spec, noise)


def test_a_method_that_asks_about_no_masks_sees_every_difference_of_the_settings():
    other = SimpleNamespace(name="other", title="Other")
    assert means_the_same(other, spec_of(1, 3), spec_of(1, 3))
    assert not means_the_same(other, spec_of(1, 3), spec_of(1, 3, top_k=2))


def test_the_mean_of_no_numbers_is_not_a_number():
    assert mean(iter([1.0, 4.0])) == 2.5
    assert np.isnan(mean([]))


def test_results_are_frozen_and_compare_by_identity():
    result = what_if(strongest_first, spec_of(1, 2), {"finer": spec_of(1, 4)})
    assert result != what_if(strongest_first, spec_of(1, 2), {"finer": spec_of(1, 4)})
    (repeated,) = trials.repeat(IMAGE, MODEL, spec_of(1, 3), method=Given(strongest_first), seeds=(0, 1))
    check, *_ = stages_of([TRAINED, TRAINED], steps=1)
    assert check != stages_of([TRAINED, TRAINED], steps=1)[0]
    for frozen, name in (
        (result, "base"),
        (result.variants[0], "name"),
        (repeated, "vsi"),
        (check, "passed"),
        (check.steps[0], "layers"),
    ):
        assert frozen != replace(frozen)
        with pytest.raises(AttributeError):
            setattr(frozen, name, None)
