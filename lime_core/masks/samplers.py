"""Mask designs: which superpixels are shown (1) and which hidden (0) in each perturbed picture.

Every design is a stream: the masks of a longer run begin with the masks of a shorter one, so that samples can be
added to a neighborhood instead of starting again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

Masks = NDArray[np.uint8]
SamplerName = Literal["balanced", "iid", "paired", "mixed_rate", "lime"]


def draw_masks(
    sampler: SamplerName,
    samples: int,
    superpixels: int,
    *,
    seed: int = 0,
    keep_probability: float = 0.5,
    max_hide_rate: float = 0.8,
    include_original: bool = False,
) -> Masks:
    """Draw the masks of a run.

    Parameters
    ----------
    sampler : {"balanced", "iid", "paired", "mixed_rate", "lime"}
        balanced: randomised Hadamard foldover; each superpixel is shown in exactly half of the samples of a
        block, and any two are shown together in exactly a quarter.
        iid: each superpixel is shown with `keep_probability`, independently.
        paired: iid at one half, each mask followed by its complement.
        mixed_rate: a hide rate drawn per sample from U(0, `max_hide_rate`).
        lime: the `lime` package's own draw, bit for bit.
    samples, superpixels : int
        N and S.
    seed : int
        The same arguments give the same bytes on every platform.
    include_original : bool
        Make row 0 the original picture (all ones). "lime" overwrites its first draw, as the package does; the
        others begin their stream in row 1.

    Returns
    -------
    masks : ndarray of uint8, shape (N, S)
        1 = shown, 0 = hidden.
    """
    if sampler == "lime":
        masks = _lime(samples, superpixels, seed)
        if include_original:
            masks[0] = 1
        return masks
    drawn = samples - include_original
    if sampler == "iid":
        masks = _iid(drawn, superpixels, seed, keep_probability)
    elif sampler == "mixed_rate":
        masks = _mixed_rate(drawn, superpixels, seed, max_hide_rate)
    else:
        masks = _PAIRED[sampler](drawn, superpixels, seed)
    if include_original:
        masks = np.concatenate([np.ones((1, superpixels), np.uint8), masks])
    return masks


def pair_ids(sampler: SamplerName, samples: int, *, include_original: bool = False) -> NDArray[np.int32]:
    """Say which samples were drawn together: int32 ``(N,)``, equal for a mask and its complement.

    Error bars and held-out folds treat a pair as one observation.
    """
    if sampler not in _PAIRED:
        return np.arange(samples, dtype=np.int32)
    offset = 1 if include_original else 0
    return ((np.arange(samples, dtype=np.int32) + offset) // 2).astype(np.int32)


def _iid(samples: int, superpixels: int, seed: int, keep_probability: float) -> Masks:
    random = np.random.default_rng(seed)
    return (random.random((samples, superpixels)) < keep_probability).astype(np.uint8)


def _mixed_rate(samples: int, superpixels: int, seed: int, max_hide_rate: float) -> Masks:
    draws = np.random.default_rng(seed).random((samples, superpixels + 1))
    hide_rate = draws[:, :1] * max_hide_rate
    return (draws[:, 1:] >= hide_rate).astype(np.uint8)


def _lime(samples: int, superpixels: int, seed: int) -> Masks:
    random = np.random.RandomState(seed)  # the package's own generator, for the same bytes
    random.randint(0, 1000)  # the package draws the seed of its segmentation first
    return random.randint(0, 2, samples * superpixels).reshape(samples, superpixels).astype(np.uint8)


def _paired(samples: int, superpixels: int, seed: int) -> Masks:
    half = _iid((samples + 1) // 2, superpixels, seed, 0.5)
    return _with_complements(half)[:samples]


def _balanced(samples: int, superpixels: int, seed: int) -> Masks:
    order = 1 << superpixels.bit_length()  # the power of two that is >= S + 1
    blocks = -(-samples // (2 * order))
    masks = [_with_complements(_hadamard_block(order, superpixels, seed, block)) for block in range(blocks)]
    return np.concatenate(masks)[:samples] if masks else np.empty((0, superpixels), np.uint8)


def _hadamard_block(order: int, superpixels: int, seed: int, block: int) -> Masks:
    # Fresh columns and signs for each block average out what one choice of columns cannot tell apart; shuffled
    # rows make a block that is cut short a random half-sample instead of a structured one.
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


def _with_complements(masks: Masks) -> Masks:
    return np.stack([masks, 1 - masks], axis=1).reshape(-1, masks.shape[1])


_PAIRED: dict[str, Callable[[int, int, int], Masks]] = {"balanced": _balanced, "paired": _paired}
