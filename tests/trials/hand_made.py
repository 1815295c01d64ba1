"""A model that is a sum of superpixels, a network that is a list of arrays, and methods whose scores are given."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from known_attributions import explain

import lime_core as lc
from lime_core.explanation.attribution import without_view
from lime_core.explanation.verdict import Verdict
from lime_core.methods import MaskMethod
from lime_core.trials import Answer, Curves, RealityCheck, Repeat, SanityCheck, SanityStep, Variant, WhatIf

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

WEIGHTS = np.array([0.3, 0.2, 0.1, 0.05, -0.02, -0.1])
INDEX = 7  # the class that `known_attributions.explain` explains


def scored(scores: NDArray[np.float64]) -> lc.Explanation:
    """An explanation of class 7 with these scores, one a superpixel of two rows of three."""
    return explain(np.asarray(scores, float))


class SumOfSuperpixels:
    """A probe whose answer for class 7 is 0.1 + Σ weights of what is shown; it writes down what it is asked."""

    def __init__(self, weights: NDArray[np.float64] = WEIGHTS) -> None:
        self.weights = np.asarray(weights)
        self.scene = SimpleNamespace(superpixels=len(self.weights))
        self.asked: list[NDArray[np.uint8]] = []

    def ask(self, masks: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.asked.append(masks)
        outputs = np.full((len(masks), INDEX + 1), -9.0)
        outputs[:, INDEX] = self.value(masks)
        return outputs.astype(np.float32)

    def value(self, masks: NDArray[np.uint8]) -> NDArray[np.float64]:
        return 0.1 + masks @ self.weights


class Given(MaskMethod):
    """A method whose scores and error bars are a function of the settings and the number of superpixels."""

    name: ClassVar[str] = "given"
    title: ClassVar[str] = "Given"

    def __init__(self, scores: Callable[[lc.ExplainSpec, int], object], errors: object = None) -> None:
        self._scores, self._errors = scores, errors
        self.specs: list[lc.ExplainSpec] = []

    def asked(self, spec: lc.ExplainSpec) -> lc.ExplainSpec:
        return spec

    def from_answers(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec) -> lc.Attribution:
        self.specs.append(spec)
        scores = np.asarray(self._scores(spec, neighborhood.superpixels), float)
        errors = None if self._errors is None else np.broadcast_to(np.asarray(self._errors, float), scores.shape)
        indices = spec.classes or (0,)
        return lc.Attribution(
            classes=tuple(
                lc.ClassAttribution(index=index, name="a", output=0.5, scores=scores, std_errors=errors)
                for index in indices
            ),
            segments=neighborhood.segments,
            signed=True,
            unit="probability",
            calls=neighborhood.samples + 1,
            method=self.name,
            provenance=neighborhood.provenance,
            spec=without_view(spec),
        )


class Layer:
    """A layer of a network: a name and arrays of weights."""

    def __init__(self, name: str, *weights: NDArray[np.float64]) -> None:
        self.name, self._weights = name, [np.asarray(weight) for weight in weights]

    def get_weights(self) -> list[NDArray[np.float64]]:
        return [weight.copy() for weight in self._weights]

    def set_weights(self, weights: list[NDArray[np.float64]]) -> None:
        self._weights = [np.asarray(weight) for weight in weights]


def network(layers: int) -> SimpleNamespace:
    """Layers "0", "1", ... with a 4×5 array and a vector each, and one without weights at the end."""
    random = np.random.default_rng(0)
    made = [Layer(str(index), random.normal(size=(4, 5)), random.normal(size=5)) for index in range(layers)]
    return SimpleNamespace(layers=[*made, Layer("softmax")])


def answers() -> tuple[lc.Image, lc.CallableClassifier]:
    """A picture of 12×24 and a model whose answers are ignored: `Given` has its scores."""
    image = lc.Image(np.random.default_rng(1).integers(40, 256, (12, 24, 3), dtype=np.uint8))
    model = lc.CallableClassifier(
        lambda pictures: pictures.mean(axis=(1, 2, 3), keepdims=False)[:, None] / 255, (12, 24)
    )
    return image, model


def spec_of(rows: int, columns: int, **changes: object) -> lc.ExplainSpec:
    base = lc.ExplainSpec(segmentation=lc.Grid(rows=rows, columns=columns), samples=8, target="probability")
    return replace(base, **changes)


NOTHING = np.zeros(6)


def verdict_of(level: str = "solid", *reasons: str, advice: str = "", **changes: object) -> Verdict:
    """A verdict of the judge, without trials."""
    return Verdict(level, reasons, advice, changes, 5, np.ones(6), 1.0, 0.0, 9.0, 0.0, None)


def reality(kept: float, removed: float) -> RealityCheck:
    """A check of class 7 whose random sets answer 0.2 to 0.4, shown alone or hidden."""
    return RealityCheck(INDEX, (3, 1), Answer(kept, 0.5, 0.3, 0.2, 0.4), Answer(removed, 0.5, 0.3, 0.2, 0.4))


def curves_of(deletion_area: float, insertion_area: float) -> Curves:
    """Curves of class 7 with these areas; those of random orders are 0.2 to 0.4."""
    points = np.array([0.0, 1.0])
    band = {"random_area": 0.3, "random_area_low": 0.2, "random_area_high": 0.4}
    return Curves(INDEX, "blur", 1, points, points, points, points, points, deletion_area, insertion_area, **band)


def repeated(jaccard: float, class_index: int = INDEX, common: int = 0) -> Repeat:
    """Two seeds that agree as much on the five strongest, and have so many in common."""
    both = tuple(tuple(range(common)) + tuple(range(start, start + 5 - common)) for start in (10, 20))
    return Repeat(class_index, (0, 1), both, jaccard, 0.2, 0.3, 0.4, NOTHING, NOTHING)


def other_settings(survivors: tuple[int, ...], flips: tuple[int, ...] = ()) -> WhatIf:
    """Two variants of an explanation of class 7, whose five strongest superpixels are 0 to 4."""
    variant = Variant("a", 6, 0.1, 0.2, 0.3, NOTHING, NOTHING)
    return WhatIf(INDEX, scored(WEIGHTS), (variant, variant), survivors, flips, (0, 1, 2, 3, 4))


def sanity_of(agreement: float) -> SanityCheck:
    """A check that ends with this rank correlation."""
    return SanityCheck(INDEX, (SanityStep(2, "b", agreement, 1.0),), passed=agreement < 0.5)
