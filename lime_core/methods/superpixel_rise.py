"""RISE on superpixels, from the answers that LIME asks for.

RISE [1]_ scores a pixel by the mean of the model's output over random masks, weighted by how visible the pixel is in
each. Here the masks are those of the superpixels; `rise` draws smooth masks of its own.

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
from lime_core.methods.base import MaskMethod, counted_from_zero, random_samples, scored
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.targets import Probability


class SuperpixelRise(MaskMethod):
    """The model's mean output over the samples that show a superpixel.

    It asks what LIME asks. The scores are means of the outputs themselves, whatever the target is: a mean of log-odds
    would be no score of importance, as it has both signs. They differ little between superpixels; only their order
    and their differences say anything.
    """

    name: ClassVar[str] = "superpixel_rise"
    title: ClassVar[str] = "RISE on superpixels"
    summary: ClassVar[str] = (
        "The mean output of the model while this superpixel is shown and others are hidden at random."
    )

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` as it is."""
        return spec

    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return Σ yᵢzᵢⱼ / Σ zᵢⱼ of outputs y and masks z; 0 for superpixels that no sample shows."""
        self.check(neighborhood)
        spec = neighborhood.fitted_spec(spec)
        rows = random_samples(neighborhood)
        masks = neighborhood.masks[rows].astype(np.float64)
        outputs = neighborhood.outputs[rows][:, chosen_classes(neighborhood.original_outputs, spec)].astype(np.float64)
        outputs, notes = counted_from_zero(outputs)
        shown = masks.sum(axis=0)
        if not shown.all():
            notes += (f"{(shown == 0).sum():,} superpixels were never shown; their scores are 0. Raise samples.",)
        return scored(
            self,
            neighborhood,
            spec,
            outputs.T @ masks / np.maximum(shown, 1),
            signed=False,
            unit=f"mean {neighborhood.unit(replace(spec, target=Probability()))} while shown",
            notes=notes,
        )
