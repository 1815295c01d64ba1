from __future__ import annotations

import hashlib

import numpy as np
import pytest

from lime_core.errors import SpecError
from lime_core.masks.samplers import Balanced, Iid, LimePackage, MixedRate, Paired, draw_masks, pair_ids

SAMPLERS = [Balanced(), Iid(), Paired(), MixedRate(), LimePackage()]


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
@pytest.mark.parametrize("superpixels", [2, 3, 50, 63, 64, 1023])
@pytest.mark.parametrize("include_original", [False, True])
def test_every_design_gives_binary_masks_of_any_size_and_repeats_itself(sampler, superpixels, include_original):
    masks = draw_masks(sampler, 37, superpixels, seed=3, include_original=include_original)
    assert masks.dtype == np.uint8
    assert masks.shape == (37, superpixels)
    assert set(np.unique(masks)) <= {0, 1}
    assert np.array_equal(masks, draw_masks(sampler, 37, superpixels, seed=3, include_original=include_original))
    assert not np.array_equal(masks, draw_masks(sampler, 37, superpixels, seed=4, include_original=include_original))
    if include_original:
        assert masks[0].all()


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
@pytest.mark.parametrize("include_original", [False, True])
def test_a_longer_run_begins_with_the_masks_of_a_shorter_one(sampler, include_original):
    long = draw_masks(sampler, 400, 21, include_original=include_original)
    for samples in (2, 33, 64, 65, 399):
        assert np.array_equal(draw_masks(sampler, samples, 21, include_original=include_original), long[:samples])


@pytest.mark.parametrize("superpixels", [2, 7, 31, 50, 200])
def test_a_balanced_block_is_orthogonal_and_balanced(superpixels):
    order = 1 << superpixels.bit_length()
    signs = 2 * draw_masks(Balanced(), 4 * order, superpixels, seed=5).astype(int) - 1
    assert np.array_equal(signs.T @ signs, 4 * order * np.eye(superpixels, dtype=int))
    assert not signs.sum(axis=0).any()
    # The foldover: products of two columns are orthogonal to every single column.
    pair = signs[:, 0] * signs[:, 1]
    assert not (pair @ signs).any()


def test_blocks_of_a_balanced_run_differ():
    masks = draw_masks(Balanced(), 64, 15, seed=0)
    assert not np.array_equal(masks[:32], masks[32:])


@pytest.mark.parametrize("sampler", [Balanced(), Paired()])
@pytest.mark.parametrize("include_original", [False, True])
def test_pairs_are_complements(sampler, include_original):
    masks = draw_masks(sampler, 41, 10, include_original=include_original)
    pairs = pair_ids(sampler, 41, include_original=include_original)
    first = int(include_original)
    for row in range(first, 40, 2):
        assert pairs[row] == pairs[row + 1]
        assert np.array_equal(masks[row], 1 - masks[row + 1])
    assert len(np.unique(pairs)) == 21


@pytest.mark.parametrize("sampler", [Iid(), MixedRate(), LimePackage()])
def test_unpaired_samples_stand_alone(sampler):
    assert len(np.unique(pair_ids(sampler, 30))) == 30


def test_iid_keeps_with_its_probability():
    masks = draw_masks(Iid(keep_probability=0.8), 5000, 40)
    assert masks.mean() == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / masks.size))


def test_mixed_rate_hides_between_nothing_and_the_highest_rate():
    hidden = 1 - draw_masks(MixedRate(max_hide_rate=0.6), 4000, 1000).mean(axis=1)
    assert hidden.min() == pytest.approx(0, abs=0.02)
    assert hidden.max() == pytest.approx(0.6, abs=0.05)
    assert hidden.mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("sampler", "name", "usual", "low", "high"),
    [(Iid, "keep_probability", 0.5, 0.01, 0.99), (MixedRate, "max_hide_rate", 0.8, 0.01, 1)],
)
def test_rates_have_a_range(sampler, name, usual, low, high):
    assert getattr(sampler(), name) == usual
    assert [getattr(sampler(**{name: inside}), name) for inside in (low, high)] == [low, high]
    for outside in (low - 0.001, high + 0.001):
        with pytest.raises(SpecError, match=name):
            sampler(**{name: outside})


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_a_sampler_says_how_it_draws(sampler):
    assert sampler.paired == (sampler.name in {"balanced", "paired"})
    assert sampler.original_replaces_first == (sampler.name == "lime")
    assert sampler.size(77, 5) == 77
    assert np.array_equal(draw_masks(sampler, 9, 5), draw_masks(sampler, 9, 5, seed=0, include_original=False))
    assert np.array_equal(pair_ids(sampler, 9), pair_ids(sampler, 9, include_original=False))


def test_nothing_is_drawn_of_no_samples():
    for sampler in SAMPLERS:
        assert sampler.draw(0, 5, 0).shape == (0, 5)


def test_the_original_comes_before_the_stream_or_in_place_of_its_first_mask():
    for sampler in SAMPLERS:
        masks = draw_masks(sampler, 20, 6, seed=2, include_original=True)
        alone = draw_masks(sampler, 20, 6, seed=2)
        shifted = 0 if sampler.original_replaces_first else 1
        assert np.array_equal(masks[1:], alone[1 - shifted : 20 - shifted])


def test_half_of_a_paired_run_is_the_independent_one():
    assert np.array_equal(draw_masks(Paired(), 41, 7, seed=3)[::2], draw_masks(Iid(), 21, 7, seed=3))


def test_a_mixed_rate_hides_a_superpixel_whose_draw_is_below_the_rate_of_its_sample():
    draws = np.random.default_rng(5).random((30, 9))
    expected = draws[:, 1:] >= 0.7 * draws[:, :1]
    assert np.array_equal(draw_masks(MixedRate(max_hide_rate=0.7), 30, 8, seed=5), expected)


@pytest.mark.parametrize("seed", [7, 233])  # of the latter the first number drawn is 999
def test_lime_sampling_is_the_packages_own_stream(seed):
    random = np.random.RandomState(seed)
    random.randint(0, 1000)
    expected = random.randint(0, 2, 30 * 11).reshape(30, 11)
    expected[0] = 1
    assert np.array_equal(draw_masks(LimePackage(), 30, 11, seed=seed, include_original=True), expected)


@pytest.mark.parametrize(
    ("sampler", "digest"),
    [
        (Balanced(), "dacd9c8aa9e63c17"),
        (Iid(), "910f46dd288a8b07"),
        (Paired(), "020fd83089897f66"),
        (MixedRate(), "7fede56aa2fc7e84"),
        (LimePackage(), "245de5ba7834b2e8"),
    ],
)
def test_the_same_arguments_give_the_same_bytes_on_every_platform(sampler, digest):
    masks = draw_masks(sampler, 100, 37, seed=11)
    assert hashlib.sha256(masks.tobytes()).hexdigest()[:16] == digest
