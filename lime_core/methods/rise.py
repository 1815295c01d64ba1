"""RISE: the mean of smooth random masks, each weighted by the model's answer to it [1]_.

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
from lime_core.explanation.attribution import Attribution, without_view
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.masks.covers import SmoothGrid
from lime_core.masks.pixel_designs import SmoothRandom
from lime_core.methods.base import MaskMethod
from lime_core.settings.spec import ExplainSpec


class Rise(MaskMethod):
    """The importance of a pixel in the paper's form, Σ yᵢ Mᵢ / (N p): the mean output while the pixel is shown.

    The masks are the paper's: grids of 7×7 points, each shown with p = ½, enlarged bilinearly and shifted at random.
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
        """Return the sum of all masks, each times the output for it, by the number of masks and p."""
        cover = neighborhood.cover
        if not isinstance(cover, SmoothGrid):
            raise neighborhood.of_another_design(self.title)
        spec = neighborhood.fitted_spec(spec)
        height, width = neighborhood.segments.shape
        outputs = neighborhood.outputs.astype(np.float64) / (neighborhood.samples * SmoothRandom.keep_probability)
        return Attribution(
            classes=tuple(
                ClassAttribution(
                    index=index,
                    name=neighborhood.class_names[index],
                    output=float(neighborhood.original_outputs[index]),
                    scores=cover.weighted_sum(neighborhood.masks, outputs[:, index], (height, width)),
                )
                for index in chosen_classes(neighborhood.original_outputs, spec)
            ),
            segments=neighborhood.segments,
            signed=False,
            unit="mean output while shown",
            calls=neighborhood.samples + 1,
            method=self.name,
            provenance=neighborhood.provenance,
            spec=without_view(spec),
            notes=neighborhood.notes,
        )
