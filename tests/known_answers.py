"""Classifiers whose explanation is known beforehand, and small pictures to ask them about."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import lime_core as lc

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def colorful_image(height: int = 61, width: int = 87, seed: int = 0) -> lc.Image:
    """A picture without a black pixel, so that hiding behind black always shows."""
    pixels = np.random.default_rng(seed).integers(40, 256, (height, width, 3), dtype=np.uint8)
    return lc.Image(pixels)


@dataclass(frozen=True)
class KnownAnswer:
    """A classifier f(z) of the mask z, which it reads off the picture: nothing of the pipeline is bypassed.

    `function` maps masks float64 (B, S) to outputs (B, C). A superpixel counts as hidden when none of its pixels
    is the original's.
    """

    scene: lc.Scene
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        same = (images == self.scene.pixels).all(axis=3).reshape(len(images), -1)
        labels = self.scene.labels.ravel()
        by_label = np.argsort(labels, kind="stable")
        starts = np.searchsorted(labels[by_label], np.arange(self.scene.superpixels))
        shown = np.logical_and.reduceat(same[:, by_label], starts, axis=1)
        return self.function(shown.astype(np.float64))


def known_answer(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    image: lc.Image,
    spec: lc.ExplainSpec,
    size: tuple[int, int] = (61, 87),
) -> lc.CallableClassifier:
    return lc.CallableClassifier(KnownAnswer(lc.prepare(image, size, spec), function), size)


def linear(weights: NDArray[np.float64], intercept: float = 0.1) -> Callable[..., NDArray[np.float64]]:
    """f(z) = intercept + Σ λⱼ zⱼ for weights (C, S)."""
    return lambda masks: intercept + masks @ np.atleast_2d(weights).T


def all_masks(superpixels: int) -> NDArray[np.uint8]:
    return np.array(list(itertools.product((0, 1), repeat=superpixels)), dtype=np.uint8)
