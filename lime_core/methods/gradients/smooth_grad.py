"""SmoothGrad: the gradient, averaged over pictures with noise.

References
----------
.. [1] Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017.
.. [2] Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks: Visualising Image Classification Models and
   Saliency Maps", 2013.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import SpecError
from lime_core.methods.gradients.base import Floats, GradientMethod, Question
from lime_core.methods.gradients.maps import interpolated
from lime_core.settings.spec import ExplainSpec

_MOST_PICTURES = 50  # as in the paper


@dataclass(frozen=True, slots=True)
class SmoothGrad(GradientMethod):
    """The mean gradient of pictures with Gaussian noise [1]_, the largest of red, green and blue without its sign [2]_.

    A gradient says what making a pixel brighter would do, so its sign is not evidence for or against a class: scores
    have none. The noise is drawn with `seed`, for min(`samples`, 50) pictures; it may leave 0..255.

    Parameters
    ----------
    noise : float
        Standard deviation of the noise, as a part of the picture's range of grey levels, 0..1; the paper takes 0.1 to
        0.2.
    """

    noise: float = 0.15

    name: ClassVar[str] = "smooth_grad"
    title: ClassVar[str] = "SmoothGrad"
    summary: ClassVar[str] = (
        "How strongly the output reacts to a small change of a pixel, averaged over noisy pictures."
    )

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise) and 0 <= self.noise <= 1):
            raise SpecError(f"noise must be in 0..1, a part of the picture's range; got {self.noise!r}.")

    def planned_calls(self, spec: ExplainSpec, superpixels: int) -> int:  # noqa: ARG002 - one signature
        """Return the noisy pictures, at most 50, and two for the unmodified one: the classifier and the network."""
        return _pictures(spec) + 2

    def draws_at_random(self, spec: ExplainSpec) -> bool:  # noqa: ARG002 - whatever is asked
        """Return whether there is any noise."""
        return self.noise > 0

    def unit(self, target: str) -> str:
        """Return the unit of the target by a grey level."""
        return f"{target} per grey level"

    def scores(self, question: Question, spec: ExplainSpec) -> tuple[Floats, NDArray[np.float32], tuple[str, ...]]:
        """Return the mean gradients at viewing size, as `GradientMethod.scores` describes."""
        outputs = question.outputs()
        picture, count = question.scene.pixels.astype(np.float64), _pictures(spec)
        spread = self.noise * float(np.ptp(picture))
        rng = np.random.default_rng(spec.seed)
        total = np.zeros((len(question.classes), *picture.shape))
        for batch in question.batches(count):
            noise = rng.normal(0.0, spread, (batch.stop - batch.start, *picture.shape))
            total += question.ask(picture + noise).gradients.sum(axis=0, dtype=np.float64)
        scores = np.abs(total / count).max(axis=-1)
        size = question.scene.segments.shape
        return interpolated(scores, (size[0], size[1])), outputs, ()


def _pictures(spec: ExplainSpec) -> int:
    return min(spec.samples, _MOST_PICTURES)
