"""What holds for masks of every size and seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lime_core.masks.fills import hidden_energy, hide
from lime_core.masks.kernels import KERNELS, distances, effective_sample_size
from lime_core.masks.samplers import SAMPLERS, Balanced, EachHidden, Iid, MixedRate, draw_masks, pair_ids

few_examples = settings(max_examples=40)
superpixels = st.integers(1, 130)
samples = st.integers(2, 150)
seeds = st.integers(0, 2**31 - 1)
rates = st.floats(0.01, 0.99)


@st.composite
def samplers(draw):
    cls = SAMPLERS[draw(st.sampled_from(SAMPLERS.offered))]
    if cls is Iid:
        return Iid(keep_probability=draw(rates))
    return MixedRate(max_hide_rate=draw(rates)) if cls is MixedRate else cls()


@few_examples
@given(samplers(), samples, superpixels, seeds, st.booleans())
def test_masks_have_their_size_are_binary_and_begin_with_the_picture_where_asked(sampler, n, s, seed, include_original):
    masks = draw_masks(sampler, n, s, seed=seed, include_original=include_original)
    assert masks.shape == (n, s)
    assert masks.dtype == np.uint8
    assert masks.max(initial=0) <= 1
    if include_original:
        assert masks[0].all()
    assert np.array_equal(masks, draw_masks(sampler, n, s, seed=seed, include_original=include_original))


@few_examples
@given(samplers(), st.integers(2, 90), st.integers(0, 90), superpixels, seeds, st.booleans())
def test_a_longer_run_begins_with_a_shorter_one(sampler, n, more, s, seed, include_original):
    short = draw_masks(sampler, n, s, seed=seed, include_original=include_original)
    long = draw_masks(sampler, n + more, s, seed=seed, include_original=include_original)
    assert np.array_equal(long[:n], short)
    assert np.array_equal(
        pair_ids(sampler, n + more, include_original=include_original)[:n],
        pair_ids(sampler, n, include_original=include_original),
    )


@few_examples
@given(superpixels, st.integers(1, 3), seeds)
def test_in_whole_blocks_each_superpixel_is_shown_half_and_any_two_a_quarter_of_the_time(s, blocks, seed):
    block = 2 * (1 << s.bit_length())
    assert block // 2 > s >= block // 4
    masks = draw_masks(Balanced(), blocks * block, s, seed=seed).astype(int)
    together = masks.T @ masks
    assert (np.diagonal(together) == blocks * block // 2).all()
    assert (together[~np.eye(s, dtype=bool)] == blocks * block // 4).all()


@few_examples
@given(st.sampled_from(["balanced", "paired"]), samples, superpixels, seeds, st.booleans())
def test_pairs_are_complements_of_one_another(name, n, s, seed, include_original):
    sampler = SAMPLERS[name]()
    masks = draw_masks(sampler, n, s, seed=seed, include_original=include_original)
    pairs = pair_ids(sampler, n, include_original=include_original)
    assert pairs.dtype == np.int32
    for row in range(n - 1):
        if pairs[row] == pairs[row + 1]:
            assert np.array_equal(masks[row], 1 - masks[row + 1])
        else:
            assert pairs[row + 1] == pairs[row] + 1
    counts = np.bincount(pairs)
    assert (counts[1:-1] == 2).all()
    assert counts[0] == (1 if include_original else 2)


@few_examples
@given(st.integers(1, 60), samples, st.integers(0, 60), seeds)
def test_each_superpixel_is_hidden_once_in_its_turn(s, n, count, seed):
    sampler = EachHidden()
    masks = draw_masks(sampler, n, s, seed=seed)
    assert np.array_equal(masks, 1 - np.eye(s))
    assert masks.dtype == np.uint8
    assert sampler.size(n, s) == s
    assert np.array_equal(sampler.draw(count, s, seed), masks[:count])
    assert pair_ids(sampler, s).tolist() == list(range(s))
    assert not sampler.offered
    assert sampler.fixed_length


@few_examples
@given(st.integers(1, 40), st.integers(1, 20), seeds)
def test_distances_lie_between_the_picture_and_nothing_and_weights_fall_with_them(n, s, seed):
    random = np.random.default_rng(seed)
    masks = random.integers(0, 2, (n, s), dtype=np.uint8)
    masks[0] = 1
    energy = random.random(s) / s
    for kind in ("cosine", "hidden_fraction", "l2_pixels"):
        distance = distances(masks, energy, kind)
        assert distance[0] == pytest.approx(0, abs=1e-12)
        assert ((distance >= 0) & (distance <= 1)).all()
        for cls in KERNELS.values():
            weights = cls().weights(distance)
            assert (np.diff(weights[np.argsort(distance)]) <= 0).all()
            assert 1 <= effective_sample_size(weights) <= n * (1 + 1e-12)


@few_examples
@given(seeds)
def test_hiding_and_energy_agree_for_any_labels(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 5, (6, 7)).astype(np.int32)
    labels.ravel()[:5] = np.arange(5)
    pixels, fill = random.integers(0, 256, (2, 6, 7, 3), dtype=np.uint8)
    masks = random.integers(0, 2, (4, 5), dtype=np.uint8)
    perturbed = hide(pixels, fill, labels, masks)
    assert perturbed.dtype == np.uint8
    difference = ((perturbed / 255.0 - pixels / 255.0) ** 2).mean(axis=(1, 2, 3))
    assert difference == pytest.approx((1 - masks) @ hidden_energy(pixels, fill, labels))
