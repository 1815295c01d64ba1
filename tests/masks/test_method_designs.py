"""The designs that only methods use."""

from __future__ import annotations

import hashlib
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from known_answers import all_masks

from lime_core.errors import SpecError
from lime_core.masks import method_designs
from lime_core.masks.method_designs import CoalitionPairs, EachFlipped, coalition_pairs_of_size
from lime_core.masks.samplers import SAMPLERS, Balanced, draw_masks, pair_ids

few_examples = settings(max_examples=30)
seeds = st.integers(0, 2**31 - 1)


def test_they_can_be_read_back_but_are_not_offered():
    for cls in (CoalitionPairs, EachFlipped):
        assert SAMPLERS.make(cls().to_dict()) == cls()
        assert cls.name not in SAMPLERS.offered
        assert not cls.fixed_length
        assert not cls().uniform


@few_examples
@given(st.integers(1, 60), st.integers(2, 200), seeds)
def test_coalitions_come_in_pairs_of_which_none_comes_twice(superpixels, samples, seed):
    sampler = CoalitionPairs()
    masks = draw_masks(sampler, samples, superpixels, seed=seed)
    assert masks.dtype == np.uint8
    assert len(masks) == sampler.size(samples, superpixels) == min(samples // 2 * 2, 2**superpixels)
    assert not masks[0].any()
    assert np.array_equal(masks[1::2], 1 - masks[::2])
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert pair_ids(sampler, len(masks)).tolist() == [row // 2 for row in range(len(masks))]
    longer = sampler.draw(samples + 20, superpixels, seed)
    assert np.array_equal(longer[: len(masks)], masks)
    assert np.array_equal(sampler.draw(len(masks) - 1, superpixels, seed), masks[:-1])


@pytest.mark.parametrize("superpixels", [1, 2, 3, 4, 7, 8])
def test_with_samples_enough_every_mask_is_there(superpixels):
    masks = draw_masks(CoalitionPairs(), 1000, superpixels, seed=1)
    assert np.array_equal(np.unique(masks, axis=0), all_masks(superpixels))


@pytest.mark.parametrize("superpixels", [8, 9])
def test_a_size_whose_coalitions_are_too_many_to_list_can_be_drawn_to_the_last(superpixels, monkeypatch):
    monkeypatch.setattr(method_designs, "_LISTED", 5)
    masks = CoalitionPairs().draw(1000, superpixels, 0)
    assert np.array_equal(np.unique(masks, axis=0), all_masks(superpixels))
    assert len(masks) == 2**superpixels


@few_examples
@given(st.integers(20, 60), st.integers(2, 9), seeds)
def test_each_size_has_its_turn_once_a_round(superpixels, rounds, seed):
    pairs = CoalitionPairs().draw(2 * (1 + rounds * (superpixels - 1)), superpixels, seed)[2::2]
    for start in range(0, len(pairs), superpixels - 1):
        sizes = pairs[start : start + superpixels - 1].sum(axis=1)
        assert sorted(sizes) == list(range(1, superpixels))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_coalitions_of_a_size_are_all_equally_likely(size):
    superpixels = 8
    counts = np.zeros(2**superpixels)
    powers = 2 ** np.arange(superpixels)
    for seed in range(3000):
        masks = CoalitionPairs().draw(16, superpixels, seed)[2:]
        chosen = masks[masks.sum(axis=1) == size]
        np.add.at(counts, chosen @ powers, 1 / len(chosen))
    drawn = counts[counts > 0]
    assert len(drawn) == comb(superpixels, size)
    assert drawn / drawn.sum() == pytest.approx(1 / len(drawn), rel=0.6, abs=0.004)


def test_halves_of_the_superpixels_complete_each_other():
    assert coalition_pairs_of_size(8, 3) == 56
    assert coalition_pairs_of_size(8, 4) == 35
    assert 1 + sum(coalition_pairs_of_size(9, size) for size in range(1, 5)) == 2**8


@few_examples
@given(st.integers(1, 60), st.integers(2, 9), st.integers(0, 60), seeds)
def test_a_block_is_a_balanced_mask_and_those_that_differ_from_it_in_one_superpixel(superpixels, blocks, more, seed):
    sampler, length = EachFlipped(), superpixels + 1
    samples = blocks * length + more % length
    masks = draw_masks(sampler, samples, superpixels, seed=seed)
    assert len(masks) == sampler.size(samples, superpixels) == blocks * length
    assert masks.dtype == np.uint8
    whole = masks.reshape(blocks, length, superpixels)
    assert np.array_equal(whole[:, 0], Balanced().draw(blocks, superpixels, seed))
    assert np.array_equal(whole[:, 1:] ^ whole[:, :1], np.broadcast_to(np.eye(superpixels), whole[:, 1:].shape))
    assert np.array_equal(sampler.draw(samples, superpixels, seed)[: len(masks)], masks)
    assert np.array_equal(sampler.draw(length + 1, superpixels, seed), masks[: length + 1])


def test_fewer_than_two_blocks_are_refused():
    EachFlipped().check(102, 50)
    assert EachFlipped().size(102, 50) == EachFlipped().size(3, 50) == 102
    with pytest.raises(SpecError, match=r"50 superpixels need at least 102 samples; got 101\. Raise samples to 102"):
        EachFlipped().check(101, 50)


@pytest.mark.parametrize(
    ("sampler", "digest"), [(CoalitionPairs(), "db6cfdb865825a9c"), (EachFlipped(), "2d491efc336b9b08")]
)
def test_the_same_arguments_give_the_same_bytes_on_every_platform(sampler, digest):
    masks = sampler.draw(100, 37, 11)
    assert hashlib.sha256(masks.tobytes()).hexdigest()[:16] == digest
