"""Classifiers whose explanation is known beforehand, and small pictures to ask them about."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

import lime_core as lc

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TWELVE = lc.Grid(rows=3, columns=4)
SUPERPIXELS = 12
# Settings under which a verdict is judged for the three strongest superpixels.
JUDGED = lc.ExplainSpec(segmentation=TWELVE, samples=256, fill="black", top_k=3, target="probability")
# Three superpixels that matter, and nine that hardly do.
WEIGHTS = np.array([0.2, -0.15, 0.1] + [0.01] * 9)
# Settings under which a linear model is fitted without a penalty, and without any approximation.
UNPENALIZED = lc.ExplainSpec(segmentation=TWELVE, samples=256, fill="black", alpha=0, target="probability")
EXACT = replace(UNPENALIZED, surrogate="least_squares")


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
    # Left as they are, also where a function that is easy to reason about leaves 0..1.
    return lc.CallableClassifier(KnownAnswer(lc.prepare(image, size, spec), function), size, outputs="probabilities")


def linear(weights: NDArray[np.float64], intercept: float = 0.1) -> Callable[..., NDArray[np.float64]]:
    """f(z) = intercept + Σ λⱼ zⱼ for weights (C, S)."""
    return lambda masks: intercept + masks @ np.atleast_2d(weights).T


def hashed(masks: NDArray[np.float64], low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
    """Noise (B, 1) that is the same for the same mask."""
    code = (masks @ 2 ** np.arange(masks.shape[1])).astype(int)
    return (low + (high - low) * np.random.default_rng(0).random((2 ** masks.shape[1], 1)))[code]


def explain(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], image: lc.Image, spec: lc.ExplainSpec = EXACT
) -> lc.Explanation:
    return lc.explain(image, known_answer(function, image, spec), spec)


def trust_in(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], image: lc.Image, spec: lc.ExplainSpec = JUDGED
) -> lc.Verdict:
    """The verdict on the strongest class."""
    return explain(function, image, spec).classes[0].trust


def all_masks(superpixels: int) -> NDArray[np.uint8]:
    return np.array(list(itertools.product((0, 1), repeat=superpixels)), dtype=np.uint8)


def answers_of(
    outputs: NDArray[np.float64], masks: NDArray[np.uint8], image: lc.Image, spec: lc.ExplainSpec
) -> lc.Neighborhood:
    """A neighborhood with masks and outputs of the test's own."""
    real = lc.query(image, known_answer(lambda z: z[:, :1] * np.ones(outputs.shape[1]), image, spec), spec)
    return replace(
        real,
        masks=masks,
        outputs=outputs.astype(np.float32),
        original_outputs=outputs[0].astype(np.float32),
        pairs=np.arange(len(masks), dtype=np.int32),
        class_names=tuple(f"class {index}" for index in range(outputs.shape[1])),
    )


def curved_answers(preset: str) -> tuple[lc.Neighborhood, lc.ExplainSpec]:
    """Answers of a model that no linear surrogate fits, asked under a preset's own sampling on twelve superpixels."""
    weights = np.random.default_rng(2).normal(size=(12, 4))

    def model(masks: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = np.exp(masks @ weights * 0.6)
        return scores / scores.sum(axis=1, keepdims=True)

    image = colorful_image()
    spec = replace(lc.preset(preset), segmentation=TWELVE, samples=200, fill="black")
    return lc.query(image, known_answer(model, image, spec), spec), spec
