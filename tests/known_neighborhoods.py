"""Answers of models that are functions of the mask, without pictures: thousands of them cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.answers.origin import Provenance
from lime_core.masks.samplers import draw_masks, pair_ids

Model = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.float64]]
_NOWHERE = Provenance(
    model="function of the mask",
    weights_sha256=None,
    engine="callable",
    input_size=(8, 8),
    image_sha256="0" * 64,
    versions={},
    timings={},
)


def answers_to_masks(
    model: Model, superpixels: int, samples: int, spec: lc.ExplainSpec | None = None, seed: int = 0
) -> lc.Neighborhood:
    """Ask a function of masks (B, S) and a generator for outputs (B, C), with the masks of a spec under a seed."""
    spec = replace(spec or lc.ExplainSpec(), samples=samples, seed=seed)
    masks = draw_masks(spec.sampler, samples, superpixels, seed=seed)
    random = np.random.default_rng(1000 + seed)
    outputs = np.asarray(model(masks, random), np.float32)
    return lc.Neighborhood(
        masks=masks,
        outputs=outputs,
        original_outputs=np.asarray(model(np.ones((1, superpixels), np.uint8), random)[0], np.float32),
        pairs=pair_ids(spec.sampler, samples),
        segments=np.repeat(np.arange(superpixels, dtype=np.int32)[:, None], 16, axis=1),
        energy=np.full(superpixels, 1 / superpixels),
        class_names=tuple(f"class {index}" for index in range(outputs.shape[1])),
        stop_reason="budget",
        spec=spec,
        provenance=_NOWHERE,
    )


def noise(masks: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float64]:
    """Answer anything in 0..1, whatever is hidden."""
    return random.random((len(masks), 1))


def additive(weights: NDArray[np.float64], scale: float = 0.0) -> Model:
    """0.5 + Σ weight (shown − ½), with normal noise of a standard deviation."""
    return lambda masks, random: (0.5 + (masks - 0.5) @ weights + scale * random.normal(size=len(masks)))[:, None]
