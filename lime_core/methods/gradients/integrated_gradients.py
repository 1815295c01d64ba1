"""Integrated Gradients: the gradients along the way from the hidden picture to the unmodified one.

References
----------
.. [1] Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.methods.gradients.base import Floats, GradientMethod, Question
from lime_core.methods.gradients.maps import spread
from lime_core.settings.spec import ExplainSpec

_MOST_STEPS = 64  # the paper takes 20 to 300
_LARGEST_GAP = 0.05  # of what the scores should sum to,
_SMALL_RISE = 0.05  # or of this where that is little


class IntegratedGradients(GradientMethod):
    """The mean gradient on the straight line from a baseline to the picture, times their difference [1]_.

    The baseline is the fill of the settings, painted everywhere. A pixel's score is the sum over red, green and blue;
    all scores of a class sum to its target for the picture less that for the baseline, and keep that sum when they are
    dealt out to the pixels of the picture at viewing size. A note says by how much they miss it where that is much.

    The integral is taken by the trapezoidal rule at min(`samples`, 64) pictures, both ends included.
    """

    name: ClassVar[str] = "integrated_gradients"
    title: ClassVar[str] = "Integrated Gradients"
    summary: ClassVar[str] = "What each pixel adds to the output on the way from the hidden picture to the whole one."
    signed: ClassVar[bool] = True

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:  # noqa: ARG002 - one signature
        """Return the pictures of the way, at most 64, and one for the unmodified picture."""
        return _steps(spec) + 1

    def draws_at_random(self, spec: ExplainSpec) -> bool:
        """Return whether the baseline does: the noise fill is drawn anew with each seed."""
        return spec.fill.random

    def unit(self, target: str) -> str:
        """Return the unit of the target; all pixels of a class together have that unit."""
        return f"{target} per pixel"

    def scores(self, question: Question, spec: ExplainSpec) -> tuple[Floats, NDArray[np.float32], tuple[str, ...]]:
        """Return the integrals at viewing size, as `GradientMethod.scores` describes."""
        baseline, picture = question.scene.fill.astype(np.float64), question.scene.pixels.astype(np.float64)
        ways = np.linspace(0.0, 1.0, _steps(spec))
        weights = np.full(len(ways), 1.0 / (len(ways) - 1))
        weights[[0, -1]] /= 2
        mean, ends = np.zeros((len(question.classes), *picture.shape)), []
        for batch in question.batches(len(ways)):
            way = ways[batch, None, None, None]
            result = question.ask((1 - way) * baseline + way * picture)
            mean += np.einsum("b,bkhwc->khwc", weights[batch], result.gradients)
            ends += [result.values[0], result.values[-1]]
        scores = (mean * (picture - baseline)).sum(axis=-1)
        size = question.scene.segments.shape
        notes = _completeness(scores.sum(axis=(1, 2)), ends[-1] - ends[0], len(ways))
        return spread(scores, (size[0], size[1])), result.outputs[-1], notes


def _steps(spec: ExplainSpec) -> int:
    return min(spec.samples, _MOST_STEPS)


def _completeness(sums: Floats, differences: Floats, steps: int) -> tuple[str, ...]:
    """Return a note where scores miss the sum that they should have."""
    gaps = np.abs(sums - differences) / np.maximum(np.abs(differences), _SMALL_RISE)
    worst = int(np.argmax(gaps))
    if gaps[worst] <= _LARGEST_GAP:
        return ()
    note = (
        f"With {steps} steps the scores of a class sum to {sums[worst]:.3g} where its output rises by "
        f"{differences[worst]:.3g} from the hidden picture to the whole one."
    )
    return (note + (f" More samples help, up to {_MOST_STEPS}." if steps < _MOST_STEPS else ""),)
