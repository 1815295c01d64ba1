"""The `lime` package of 2016, by the authors of the method: what most people mean by LIME for images."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.superpixels import resize_pixels
from tests.benchmarks.lab import Lab
from tests.benchmarks.measures import Floats, weighted_r2
from tests.benchmarks.methods import ClassWeights
from tests.benchmarks.pictures import Picture

SAMPLES = 1000  # the package's own defaults, as is the next
KERNEL_WIDTH = 0.25
HELD_OUT = 512
HELD_OUT_SEED = 10_007  # no run is fitted under this seed


def is_installed() -> bool:
    """Say whether there is a peer to compare with."""
    return importlib.util.find_spec("lime") is not None


def explain(
    pixels: NDArray[np.uint8],
    predict: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    *,
    samples: int = SAMPLES,
    batch_size: int = 10,
    seed: int = 0,
    classes: tuple[int, ...] | None = None,
    segmentation: Callable[[NDArray[np.uint8]], NDArray[np.int64]] | None = None,
) -> Any:
    """Return the package's `ImageExplanation` of a picture at the model's input size.

    Everything that is not an argument here is left at the package's default: quickshift(4, 200, 0.2), superpixels
    hidden behind their own mean colour, cosine distance, kernel width 0.25, ridge, five top classes.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")  # its progress bar would cost it time and us a readable table
    from lime import lime_image  # only where there is something to compare

    explainer = lime_image.LimeImageExplainer(random_state=seed)
    wanted = {"top_labels": 5} if classes is None else {"labels": classes, "top_labels": None}
    return explainer.explain_instance(
        pixels,
        predict,
        num_samples=samples,
        batch_size=batch_size,
        segmentation_fn=segmentation,
        random_seed=0,  # quickshift's: the same superpixels for every seed of the samples, so that they compare
        **wanted,
    )


class LimePackage:
    """The package under its own defaults, as a method to compare.

    It is handed our classifier's `predict`, so that only the explaining differs. Its map is the one that
    ``get_image_and_mask(positive_only=True)`` draws from: every positive coefficient.
    """

    name = "lime package"
    samples = SAMPLES

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def attribute(self, picture: Picture, *, seed: int = 0, samples: int | None = None) -> list[ClassWeights]:
        """Return one attribution for each of ``picture.classes``."""
        classifier = self._lab.classifier
        pixels = resize_pixels(picture.image.pixels, classifier.input_size)
        count = samples or self.samples
        explained = explain(
            pixels, classifier.predict, samples=count, batch_size=32, seed=seed, classes=picture.classes
        )
        self._lab.calls += count
        segments = explained.segments.astype(np.int32)
        seen = replace(picture, image=lc.Image(pixels))
        return [
            self._attribution(seen, segments, place, explained.local_exp[index], explained.intercept[index])
            for place, index in enumerate(picture.classes)
        ]

    def _attribution(
        self, picture: Picture, segments: NDArray[np.int32], place: int, pairs: list[Any], intercept: float
    ) -> ClassWeights:
        weights = np.zeros(int(segments.max()) + 1)
        for superpixel, weight in pairs:
            weights[superpixel] = weight
        return ClassWeights(
            segments=segments,
            weights=weights,
            shown=np.maximum(weights, 0.0),
            std_errors=np.full_like(weights, np.nan),
            r2_holdout=self._r2(picture, segments, place, weights, intercept),
        )

    def _r2(
        self, picture: Picture, segments: NDArray[np.int32], place: int, weights: Floats, intercept: float
    ) -> float:
        """Judge the package's surrogate on fresh samples of its own kind; it reports R² in sample only."""
        spec = replace(
            lc.preset("lime"),
            segmentation=lc.LabelMap(segments),
            sampler="iid",
            include_original=False,
            seed=HELD_OUT_SEED,
        )
        fresh = self._lab.ask(picture, spec, HELD_OUT)
        distance = 1 - np.sqrt(fresh.masks.mean(axis=1))
        kernel = np.sqrt(np.exp(-((distance / KERNEL_WIDTH) ** 2)))
        return weighted_r2(fresh.outputs[:, place].astype(np.float64), fresh.masks @ weights + intercept, kernel)
