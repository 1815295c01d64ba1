"""Sobol attribution: the share of the target's variance in which a superpixel takes part.

The total Sobol index of a superpixel [1]_ is E[Var(f | all others)] / Var(f): what it adds to the variance alone and
together with others. Jansen's estimator [2]_ draws two sets of N masks A and B and sets f(A) against f(A, Bⱼ), where
only superpixel j is as in B: Σ (f(A) − f(A, Bⱼ))² / 2N Var(f).

In the paper [3]_ the masks are continuous, with values 0..1. Here a superpixel is shown or hidden, as for the other
methods that it is compared with. Then Bⱼ either equals Aⱼ, and there is nothing to ask, or is its opposite. So B is not
drawn, and the mean over both cases is taken: half the squared difference that flipping superpixel j makes. That is
Jansen's estimator averaged over all B. It takes N(S + 1) calls instead of N(S + 2), and no call is spent on Bⱼ = Aⱼ.
Var(f) is that of all answers, which at few blocks is far closer than that of the answers to A.

References
----------
.. [1] Homma and Saltelli, "Importance measures in global sensitivity analysis of nonlinear models", 1996.
.. [2] Jansen, "Analysis of variance designs for model output", Computer Physics Communications 117, 1999.
.. [3] Fel, Cadène, Chalvidal, Cord, Vigouroux and Serre, "Look at the variance! Efficient black-box explanations with
   Sobol-based sensitivity analysis", NeurIPS 2021.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.explanation.attribution import Attribution
from lime_core.masks.method_designs import FEWEST_BLOCKS, EachFlipped
from lime_core.methods.base import MaskMethod, scored
from lime_core.settings.spec import ExplainSpec


class Sobol(MaskMethod):
    """The total Sobol index of each superpixel, of binary masks.

    Without a sign. Superpixels that act only together, such as two of which exactly one must be shown, are seen. The
    indices of all superpixels add up to 1, or to more where some act together. At least ``2 * (S + 1)`` samples are
    needed for S superpixels.
    """

    name: ClassVar[str] = "sobol"
    title: ClassVar[str] = "Total Sobol indices"
    summary: ClassVar[str] = "The share of the output's variance in which this superpixel takes part."
    design = EachFlipped

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` with balanced masks and, after each, those with one superpixel flipped."""
        return replace(spec, sampler=EachFlipped(), include_original=False, early_stop=False)

    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return the indices; as long as fewer than two blocks of masks are answered they are 0."""
        self.check(neighborhood)
        spec = neighborhood.fitted_spec(spec)
        indices = chosen_classes(neighborhood.original_outputs, spec)
        block = neighborhood.superpixels + 1
        blocks = neighborhood.samples // block
        targets = spec.target.values(neighborhood.outputs[: blocks * block, indices]).reshape(blocks, block, -1)
        if blocks < FEWEST_BLOCKS:
            scores = np.zeros((len(indices), neighborhood.superpixels))
            missing = FEWEST_BLOCKS * block - neighborhood.samples
            notes: tuple[str, ...] = (f"{missing:,} more samples are needed before there are scores; they are 0.",)
        else:
            whole, flipped = targets[:, 0], targets[:, 1:]
            variance = targets.var(axis=(0, 1), ddof=1)  # every answer is to a mask that is drawn like those of A
            taken_part = ((flipped - whole[:, None]) ** 2).mean(axis=0) / 4
            scores = (taken_part / np.where(variance > 0, variance, np.inf)).T
            notes = ()
        return scored(self, neighborhood, spec, scores, signed=False, unit="share of variance", notes=notes)
