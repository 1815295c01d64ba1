"""What is compared: settings of ours, and the `lime` package, behind one interface."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.superpixels import segment
from tests.benchmarks.lab import Lab
from tests.benchmarks.measures import Floats, jointly_sure, only, strongest_positive
from tests.benchmarks.pictures import Picture

TOP = 5


@dataclass(frozen=True, slots=True, eq=False)
class ClassWeights:
    """What a method says of one class of one picture, as far as it is measured.

    An `lc.Attribution` says more, which other people's packages cannot fill in.

    Attributes
    ----------
    segments : ndarray of int32, shape (H, W)
        Superpixels ``0..S-1``, at whatever size the method works.
    weights : ndarray, shape (S,)
        Its coefficients (or importances).
    shown : ndarray, shape (S,)
        The weights that its own view of the picture shows; 0 for those it leaves out.
    std_errors : ndarray, shape (S,)
        NaN where the method gives none.
    r2_holdout : float
        Weighted R² on samples that the surrogate was not fitted to.
    """

    segments: NDArray[np.int32]
    weights: Floats
    shown: Floats
    std_errors: Floats
    r2_holdout: float

    @property
    def top(self) -> tuple[int, ...]:
        """The five superpixels that speak most for the class."""
        return strongest_positive(self.weights, TOP)

    def map_of(self, weights: Floats) -> Floats:
        """Return weights ``(S,)`` as a map ``(H, W)``."""
        return weights[self.segments]

    def top_weights(self, k: int) -> Floats:
        """Return the weights of the `k` superpixels that speak most for the class, 0 elsewhere."""
        return only(self.weights, strongest_positive(self.weights, k))

    @property
    def jointly_sure(self) -> Floats:
        """The weights whose interval excludes zero though all of the picture's are looked at together (Bonferroni)."""
        return np.where(jointly_sure(self.weights, self.std_errors), self.weights, 0.0)


class Method(Protocol):
    """A way to explain pictures."""

    name: str
    samples: int

    def attribute(self, picture: Picture, *, seed: int = 0, samples: int | None = None) -> list[ClassWeights]:
        """Return one attribution for each of ``picture.classes``."""
        ...


class Settings:
    """Our own pipeline under some settings."""

    def __init__(self, name: str, spec: lc.ExplainSpec, lab: Lab, samples: int | None = None) -> None:
        self.name = name
        # The lab hands over the wanted classes only; an equal number of calls is what makes rows comparable.
        self.spec = replace(spec, classes=None, top_classes=100, early_stop=False)
        self.samples = samples or spec.samples
        self._lab = lab

    def explain(self, picture: Picture, *, seed: int = 0, samples: int | None = None) -> lc.Explanation:
        """Return the explanation; its class i is ``picture.classes[i]``."""
        spec = replace(self.spec, seed=seed)
        return lc.fit(self._lab.ask(picture, spec, samples or self.samples), spec)

    def attribute(self, picture: Picture, *, seed: int = 0, samples: int | None = None) -> list[ClassWeights]:
        """Return one attribution for each of ``picture.classes``."""
        explanation = self.explain(picture, seed=seed, samples=samples)
        return [
            ClassWeights(
                segments=explanation.segments,
                weights=explanation[index].coefficients,
                shown=explanation.shown_scores(index, self.spec.view),
                std_errors=explanation[index].std_errors,
                r2_holdout=explanation[index].r2_holdout,
            )
            for index in range(len(picture.classes))
        ]


class Chance:
    """Random weights on our own superpixels: what the measures give to a method that knows nothing."""

    name = "chance"
    samples = 0

    def __init__(self, spec: lc.ExplainSpec) -> None:
        self._spec = spec

    def attribute(self, picture: Picture, *, seed: int = 0, samples: int | None = None) -> list[ClassWeights]:
        """Return one attribution for each of ``picture.classes``."""
        segments = segment(picture.image.pixels, self._spec.segmentation)
        random = np.random.default_rng([seed, int(picture.image.sha256[:8], 16)])
        drawn = [random.normal(size=int(segments.max()) + 1) for _ in picture.classes]
        return [ClassWeights(segments, weights, weights, np.full_like(weights, np.nan), np.nan) for weights in drawn]
