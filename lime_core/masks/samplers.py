"""Mask designs: which superpixels are shown (1) and which hidden (0) in each perturbed picture.

Every design is a stream: the masks of a longer run begin with the masks of a shorter one, so that samples can be
added to a neighborhood later. `SAMPLERS` holds the designs by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from lime_core.masks.covers import Cover
from lime_core.parameters import Option, Registry, parameter

Masks = NDArray[np.uint8]


class Sampler(Option, ABC):
    """A way to draw masks.

    Attributes
    ----------
    paired : bool
        Whether each mask is followed by its complement. Error bars and held-out folds treat a pair as one observation.
    original_replaces_first : bool
        Whether the unmodified picture replaces the first mask instead of coming before it.
    fixed_length : bool
        Whether there are always as many masks as the superpixels need, whatever is asked for.
    """

    __slots__ = ()

    paired: ClassVar[bool] = False
    original_replaces_first: ClassVar[bool] = False
    fixed_length: ClassVar[bool] = False

    @property
    def uniform(self) -> bool:
        """Whether each mask by itself is drawn from all 2^S masks with the same chance."""
        return False

    @abstractmethod
    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return masks uint8 ``(samples, superpixels)``; the same arguments give the same bytes everywhere."""

    def size(self, samples: int, superpixels: int) -> int:  # noqa: ARG002 - designs of fixed length use both
        """Return how many masks there are when `samples` are asked for."""
        return samples

    def cover(self, seed: int) -> Cover | None:  # noqa: ARG002 - of covers that are drawn at random
        """Return what the columns of its masks hide; None where these are the superpixels."""
        return None

    def check(self, samples: int, superpixels: int) -> None:
        """Raise `SpecError` when `samples` are too few for the design."""


@dataclass(frozen=True, slots=True)
class Balanced(Sampler):
    """Randomised Hadamard foldover, in complementary pairs.

    Within a block every superpixel is shown in exactly half of the samples, and any two are shown together in exactly
    a quarter.
    """

    name: ClassVar[str] = "balanced"
    paired: ClassVar[bool] = True

    @property
    def uniform(self) -> bool:
        """True: columns and signs are random."""
        return True

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return whole blocks, the last one cut."""
        order = 1 << superpixels.bit_length()  # the smallest power of two >= S + 1
        blocks = -(-samples // (2 * order))
        masks = [with_complements(_hadamard_block(order, superpixels, seed, block)) for block in range(blocks)]
        return np.concatenate(masks)[:samples] if masks else np.empty((0, superpixels), np.uint8)


@dataclass(frozen=True, slots=True)
class Iid(Sampler):
    """Each superpixel is shown with the same probability, independently."""

    name: ClassVar[str] = "iid"

    keep_probability: float = parameter(
        0.5, "Chance that a superpixel is shown.", low=0.01, high=0.99, flat="keep_probability"
    )

    @property
    def uniform(self) -> bool:
        """Whether a superpixel is shown with chance one half."""
        return self.keep_probability == 0.5

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return independent masks."""
        random = np.random.default_rng(seed)
        return (random.random((samples, superpixels)) < self.keep_probability).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Paired(Sampler):
    """Independent masks at one half, each followed by its complement."""

    name: ClassVar[str] = "paired"
    paired: ClassVar[bool] = True

    @property
    def uniform(self) -> bool:
        """True."""
        return True

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return complementary pairs."""
        half = Iid().draw((samples + 1) // 2, superpixels, seed)
        return with_complements(half)[:samples]


@dataclass(frozen=True, slots=True)
class MixedRate(Sampler):
    """A hide rate drawn for each sample from U(0, `max_hide_rate`)."""

    name: ClassVar[str] = "mixed_rate"

    max_hide_rate: float = parameter(
        0.8, "Highest share of superpixels hidden.", low=0.01, high=1, flat="max_hide_rate"
    )

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return masks of mixed density."""
        draws = np.random.default_rng(seed).random((samples, superpixels + 1))
        hide_rate = draws[:, :1] * self.max_hide_rate
        return (draws[:, 1:] >= hide_rate).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class LimePackage(Sampler):
    """The masks that the `lime` package draws, bit for bit."""

    name: ClassVar[str] = "lime"
    original_replaces_first: ClassVar[bool] = True

    @property
    def uniform(self) -> bool:
        """True."""
        return True

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:
        """Return the package's masks."""
        random = np.random.RandomState(seed)  # the package's own generator, for the same bytes
        random.randint(0, 1000)  # the package draws the seed of its segmentation first
        return random.randint(0, 2, samples * superpixels).reshape(samples, superpixels).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class EachHidden(Sampler):
    """Each superpixel hidden alone, once: the design of leave-one-out."""

    name: ClassVar[str] = "each_hidden"
    offered: ClassVar[bool] = False
    fixed_length: ClassVar[bool] = True

    def draw(self, samples: int, superpixels: int, seed: int) -> Masks:  # noqa: ARG002 - nothing is random
        """Return the first `samples` rows of all ones with a zero on the diagonal."""
        return (1 - np.eye(superpixels, dtype=np.uint8))[:samples]

    def size(self, samples: int, superpixels: int) -> int:  # noqa: ARG002 - always one mask a superpixel
        """Return the number of superpixels."""
        return superpixels


SAMPLERS: Registry[Sampler] = Registry("sampler", Balanced, Iid, Paired, MixedRate, LimePackage, EachHidden)


def draw_masks(
    sampler: Sampler, samples: int, superpixels: int, *, seed: int = 0, include_original: bool = False
) -> Masks:
    """Draw the masks of a run.

    Parameters
    ----------
    sampler : Sampler
        The design.
    samples, superpixels : int
        N and S.
    seed : int
        The same arguments give the same bytes on every platform.
    include_original : bool
        Make row 0 the original picture (all ones).

    Returns
    -------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden.
    """
    count = sampler.size(samples, superpixels)
    if include_original and sampler.original_replaces_first:
        masks = sampler.draw(count, superpixels, seed)
        masks[0] = 1
        return masks
    masks = sampler.draw(count - include_original, superpixels, seed)
    if include_original:
        masks = np.concatenate([np.ones((1, superpixels), np.uint8), masks])
    return masks


def pair_ids(sampler: Sampler, samples: int, *, include_original: bool = False) -> NDArray[np.int32]:
    """Return which samples were drawn together: int32 ``(N,)``, equal for a mask and its complement."""
    if not sampler.paired:
        return np.arange(samples, dtype=np.int32)
    offset = 1 if include_original else 0
    return ((np.arange(samples, dtype=np.int32) + offset) // 2).astype(np.int32)


def _hadamard_block(order: int, superpixels: int, seed: int, block: int) -> Masks:
    # Fresh columns and signs for each block average out the interactions that a single choice of columns mixes up;
    # shuffled rows make a block that is cut short a random sample instead of a structured one.
    random = np.random.default_rng([seed, block])
    columns = 1 + random.permutation(order - 1)[:superpixels]
    signs = 1 - 2 * random.integers(0, 2, superpixels, dtype=np.int8)
    rows = random.permutation(order)
    design = _hadamard(order)[np.ix_(rows, columns)] * signs
    return ((design + 1) // 2).astype(np.uint8)


@lru_cache(maxsize=4)
def _hadamard(order: int) -> NDArray[np.int8]:
    matrix: NDArray[np.int8] = hadamard(order, dtype=np.int8)
    matrix.flags.writeable = False
    return matrix


def with_complements(masks: Masks) -> Masks:
    """Return masks uint8 ``(2N, S)``: each of N masks followed by its complement."""
    return np.stack([masks, 1 - masks], axis=1).reshape(-1, masks.shape[1])
