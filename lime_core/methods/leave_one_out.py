"""Leave one out: hide each superpixel alone, and see how far the output falls.

Also known as feature ablation or occlusion by superpixels; the idea is that of [1]_ with superpixels for squares.

References
----------
.. [1] Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.explanation.attribution import Attribution
from lime_core.masks.samplers import EachHidden
from lime_core.methods.base import MaskMethod, scored
from lime_core.settings.spec import ExplainSpec


class LeaveOneOut(MaskMethod):
    """The fall of the target when a superpixel is hidden and all others are shown.

    No mask is drawn at random, so there are no error bars; `samples` does not matter, and `seed` only to the noise
    fill.
    """

    name: ClassVar[str] = "leave_one_out"
    title: ClassVar[str] = "Leave one out"
    summary: ClassVar[str] = "How far the output falls when this superpixel alone is hidden."
    design = EachHidden

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` with one mask a superpixel."""
        seed = spec.seed if spec.fill.random else 0
        return replace(spec, sampler=EachHidden(), samples=2, include_original=False, early_stop=False, seed=seed)

    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return the target of the unmodified picture less that without each superpixel.

        Answers of a query that was stopped early leave the superpixels that were not hidden yet at 0.
        """
        self.check(neighborhood)
        spec = neighborhood.fitted_spec(spec)
        indices = chosen_classes(neighborhood.original_outputs, spec)
        whole = spec.target.values(neighborhood.original_outputs[indices])
        hidden = spec.target.values(neighborhood.outputs[:, indices])
        # Row by row of the design one superpixel is hidden: where its mask is 0.
        falls = (1.0 - neighborhood.masks).T @ (whole - hidden)
        missing = neighborhood.superpixels - neighborhood.samples
        notes = (f"{missing} superpixels have not been hidden yet; their scores are 0.",) if missing else ()
        return scored(self, neighborhood, spec, falls.T, notes=notes)
