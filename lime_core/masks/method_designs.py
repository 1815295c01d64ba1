"""Mask designs that only certain methods use: nobody chooses them as LIME's sampler.

They are streams as the others are: the masks of a longer run begin with those of a shorter one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import SpecError
from lime_core.masks.samplers import SAMPLERS, Balanced, Masks, Sampler, with_complements

FEWEST_BLOCKS = 2  # of which a variance can be estimated
_LISTED = 12_000  # coalitions of one size: above it drawing one twice is rare enough to draw again


@dataclass(frozen=True, slots=True)
class CoalitionPairs(Sampler):
    """Coalitions of every size equally often, each followed by its complement, none twice: the design of KernelSHAP.

    The first pair is everything hidden and everything shown. In each round after it every size from 1 to S - 1 has its
    turn once, in random order, with a coalition that has not been drawn yet; a size of which all have been drawn is
    left out. With 2^S masks or more all of them are there.
    """

    name: ClassVar[str] = "coalition_pairs"
    offered: ClassVar[bool] = False
    paired: ClassVar[bool] = True

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return the pairs, the last one cut when `samples` is odd."""
        pairs = _coalitions(superpixels, seed)
        first = [next(pairs) for _ in range(min((samples + 1) // 2, 1 << superpixels - 1))]
        half = np.array(first, np.uint8).reshape(len(first), superpixels)
        return with_complements(half)[:samples]

    def size(self, samples: int, superpixels: int) -> int:
        """Return `samples`, rounded down to whole pairs, and no more than there are masks."""
        return min(samples // 2 * 2, 1 << superpixels)


@dataclass(frozen=True, slots=True)
class EachFlipped(Sampler):
    """Blocks of a balanced mask and the S masks that differ from it in one superpixel: the design of Sobol indices."""

    name: ClassVar[str] = "each_flipped"
    offered: ClassVar[bool] = False

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return the blocks, the last one cut."""
        blocks = -(-samples // (superpixels + 1))
        flips = np.vstack([np.zeros(superpixels, np.uint8), np.eye(superpixels, dtype=np.uint8)])
        masks = Balanced().draw(blocks, superpixels, seed)[:, None, :] ^ flips
        return masks.reshape(-1, superpixels)[:samples]

    def size(self, samples: int, superpixels: int) -> int:
        """Return `samples`, rounded down to whole blocks; at least two blocks."""
        return max(samples // (superpixels + 1), FEWEST_BLOCKS) * (superpixels + 1)

    def check(self, samples: int, superpixels: int) -> None:
        """Raise `SpecError` when `samples` are not enough for two blocks."""
        least = FEWEST_BLOCKS * (superpixels + 1)
        if samples < least:
            raise SpecError(
                f"Sobol indices of {superpixels:,} superpixels need at least {least:,} samples; got {samples:,}. Raise "
                f"samples to {least:,} or more, or cut the picture into fewer superpixels."
            )


SAMPLERS.register(CoalitionPairs)
SAMPLERS.register(EachFlipped)


def coalition_pairs_of_size(superpixels: int, size: int) -> int:
    """Return how many pairs there are of a coalition of this size, at most S/2, and its complement."""
    count = comb(superpixels, size)
    return count // 2 if 2 * size == superpixels else count


def _coalitions(superpixels: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Yield one mask of every pair, first the one that hides everything."""
    yield np.zeros(superpixels, np.uint8)
    random = np.random.default_rng(seed)
    sizes = np.arange(1, superpixels)
    streams = {
        int(size): _coalitions_of_size(superpixels, int(size), seed) for size in sizes if 2 * size <= superpixels
    }
    while streams:
        for size in random.permutation(sizes):
            smaller = min(int(size), superpixels - int(size))
            coalition = next(streams[smaller], None) if smaller in streams else None
            if coalition is None:
                streams.pop(smaller, None)
            else:
                yield coalition if size == smaller else 1 - coalition


def _coalitions_of_size(superpixels: int, size: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Yield coalitions of a size in random order, each once; of two halves that complete each other only one."""
    random = np.random.default_rng([seed, size])
    count = coalition_pairs_of_size(superpixels, size)
    if count <= _LISTED:
        # In the order of `combinations` the first half of the halves holds superpixel 0, and the second one does not.
        listed = np.array(list(combinations(range(superpixels), size)))[:count]
        for members in listed[random.permutation(count)]:
            yield _mask(superpixels, members)
        return
    drawn: set[bytes] = set()
    while len(drawn) < count:
        mask = _mask(superpixels, random.permutation(superpixels)[:size])
        one_of_both = 1 - mask if 2 * size == superpixels and not mask[0] else mask
        key = np.packbits(one_of_both).tobytes()
        if key not in drawn:
            drawn.add(key)
            yield mask


def _mask(superpixels: int, members: NDArray[np.int64]) -> NDArray[np.uint8]:
    mask = np.zeros(superpixels, np.uint8)
    mask[members] = 1
    return mask
