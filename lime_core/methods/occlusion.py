"""Occlusion: slide a window over the picture, and see how far the output falls where it hides something [1]_.

References
----------
.. [1] Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar

import numpy as np

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.explanation.attribution import Attribution
from lime_core.masks.covers import Windows
from lime_core.masks.pixel_designs import MOST_WINDOWS, SlidingWindow
from lime_core.methods.base import MaskMethod, scored
from lime_core.settings.spec import ExplainSpec


class Occlusion(MaskMethod):
    """The mean fall of the target over all windows that cover a pixel.

    There are as many positions as `samples` allows, equally many along both axes and at most 31; they are half a
    window apart. The model sees the framed picture squashed to its input, so a window is as square as that input is.
    No mask is drawn at random, so there are no error bars, and `seed` matters only to the noise fill.
    """

    name: ClassVar[str] = "occlusion"
    title: ClassVar[str] = "Occlusion"
    summary: ClassVar[str] = "How far the output falls on average when a sliding window hides this pixel."

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` with one mask a position of the window."""
        side = min(math.isqrt(spec.samples), MOST_WINDOWS)
        return replace(
            spec,
            sampler=SlidingWindow(side),
            samples=max(side**2, 2),
            include_original=False,
            early_stop=False,
            seed=spec.seed if spec.fill.random else 0,
        )

    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return the target of the unmodified picture less that under a window, as the mean over each pixel's windows.

        Answers of a query that was stopped early leave the pixels that were not hidden yet at 0.
        """
        cover = neighborhood.cover
        if not isinstance(cover, Windows):
            raise neighborhood.of_another_design(self.title)
        spec = neighborhood.fitted_spec(spec)
        indices = chosen_classes(neighborhood.original_outputs, spec)
        whole = spec.target.values(neighborhood.original_outputs[indices])
        hidden = spec.target.values(neighborhood.outputs[:, indices])
        falls = (1.0 - neighborhood.masks).T @ (whole - hidden)
        asked = np.arange(cover.columns) < neighborhood.samples
        height, width = neighborhood.segments.shape
        scores = np.stack([cover.mean_over(each, asked, (height, width)) for each in falls.T])
        notes = _notes(cover, cover.columns - neighborhood.samples)
        return scored(self, neighborhood, spec, scores, notes=notes)


def _notes(cover: Windows, missing: int) -> tuple[str, ...]:
    """Say how large the windows are, and how many were not hidden yet."""
    size = cover.size
    said = f"{cover.side}×{cover.side} windows were hidden one after another, half a window apart; each covers "
    said += f"{size:.0%} of the picture's width and height."
    if not missing:
        return (said,)
    return said, f"{missing} windows have not been hidden yet; pixels that only these cover have a score of 0."
