"""RISE: the mean of the model's answers to smooth random masks, weighted by how far each shows a pixel [1]_.

References
----------
.. [1] Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.explanation.attribution import Attribution
from lime_core.masks.covers import SmoothGrid
from lime_core.masks.pixel_designs import SmoothRandom
from lime_core.methods.base import MaskMethod, counted_from_zero, scored
from lime_core.settings.spec import ExplainSpec


class Rise(MaskMethod):
    """The importance of a pixel, Σ yᵢ Mᵢ / Σ Mᵢ: the mean output while the pixel is shown.

    The masks Mᵢ are the paper's: grids of 7×7 points, each shown with p = ½, enlarged bilinearly and shifted at random.
    The paper divides by N p, which Σ Mᵢ is on average; with the sum itself a pixel that happens to be shown more often
    scores no higher for it, and a model that answers the same to everything gets a flat map.

    The mean is of the model's outputs, not of the target. It has no zero, so only differences between pixels say
    something, and there are no error bars.
    """

    name: ClassVar[str] = "rise"
    title: ClassVar[str] = "RISE"
    summary: ClassVar[str] = "The mean output while this pixel is shown, over smooth random masks."

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` with smooth random masks."""
        return replace(spec, sampler=SmoothRandom(), include_original=False, early_stop=False)

    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return the sum of all masks, each times the output for it, by the sum of all masks."""
        cover = neighborhood.cover
        if not isinstance(cover, SmoothGrid):
            raise neighborhood.of_another_design(self.title)
        spec, masks, size = neighborhood.fitted_spec(spec), neighborhood.masks, neighborhood.segments.shape
        shown = cover.weighted_sum(masks, np.ones(len(masks)), size)
        outputs = neighborhood.outputs[:, chosen_classes(neighborhood.original_outputs, spec)].astype(np.float64)
        outputs, notes = counted_from_zero(outputs)
        sums = np.stack([cover.weighted_sum(masks, each, size) for each in outputs.T])
        # Few masks may not show a pixel at all: then nothing is known of it but the mean of all answers.
        means = np.where(shown > 0, sums / np.where(shown > 0, shown, 1.0), outputs.mean(axis=0)[:, None, None])
        return scored(self, neighborhood, spec, means, signed=False, unit="mean output while shown", notes=notes)
