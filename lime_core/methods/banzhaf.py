"""Banzhaf values from the answers that LIME asks for.

The Banzhaf value of a superpixel [1]_ is what showing it adds to the target, on average over all ways to show and hide
the others. Where masks are drawn uniformly it is the mean over those that show the superpixel less the mean over those
that hide it, and the slope of the best unweighted linear fit ([2]_, [3]_).

References
----------
.. [1] Banzhaf, "Weighted voting doesn't work: a mathematical analysis", Rutgers Law Review 19, 1965.
.. [2] Hammer and Holzman, "Approximations of pseudo-Boolean functions; applications to game theory", ZOR 36, 1992.
.. [3] Wang and Jia, "Data Banzhaf: a robust data valuation framework for machine learning", AISTATS 2023.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.explanation.attribution import Attribution
from lime_core.methods.base import MaskMethod, random_samples, scored
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.problem import inverse

Floats = NDArray[np.float64]


class Banzhaf(MaskMethod):
    """The mean target of the samples that show a superpixel less the mean of those that hide it.

    It asks what LIME asks. The error bars take the samples of a pair as one observation. They hold what a linear
    fit to all superpixels leaves unexplained, and what the masks add that show the other superpixels unevenly: the
    difference between the score and the slope of that fit.
    """

    name: ClassVar[str] = "banzhaf"
    title: ClassVar[str] = "Banzhaf values"
    summary: ClassVar[str] = "What showing a superpixel adds on average, over all ways to show and hide the others."

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` as it is."""
        return spec

    @one_thread()
    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Attribution:
        """Return differences of means, with standard errors where there are more pairs than superpixels."""
        self.check(neighborhood)
        spec = neighborhood.fitted_spec(spec)
        indices = chosen_classes(neighborhood.original_outputs, spec)
        rows = random_samples(neighborhood)
        masks = neighborhood.masks[rows].astype(np.float64)
        targets = spec.target.values(neighborhood.outputs[rows][:, indices])
        shown, hidden = masks.sum(axis=0), len(masks) - masks.sum(axis=0)
        usable = (shown > 0) & (hidden > 0)
        shares = np.where(usable, masks / np.maximum(shown, 1) - (1 - masks) / np.maximum(hidden, 1), 0.0)
        scores = targets.T @ shares
        std_errors, degrees = _errors(masks, targets, shares, neighborhood.pairs[rows], scores)
        notes = []
        if not neighborhood.spec.sampler.uniform:
            notes.append(
                f"The sampler {neighborhood.spec.sampler.name!r} does not show each superpixel independently with "
                "chance one half, so the scores only approximate Banzhaf values. Use sampler 'balanced'."
            )
        if not usable.all():
            notes.append(
                f"{(~usable).sum():,} superpixels were never hidden or never shown; their scores are 0. Raise samples."
            )
        return scored(
            self,
            neighborhood,
            spec,
            scores,
            std_errors=std_errors,
            degrees_of_freedom=np.full(std_errors.shape, degrees),
            notes=tuple(notes),
        )


def _errors(
    masks: Floats, targets: Floats, shares: Floats, pairs: NDArray[np.int32], scores: Floats
) -> tuple[Floats, float]:
    """Return the standard errors (C, S) of ``targets.T @ shares``, infinite without enough pairs, and their degrees."""
    superpixels = masks.shape[1]
    starts = np.flatnonzero(np.diff(pairs, prepend=pairs[:1] - 1))
    degrees = len(starts) - superpixels - 1
    if degrees < 1:
        return np.full(scores.shape, np.inf), 1.0
    centred = masks - masks.mean(axis=0)
    slopes = inverse(centred.T @ centred, 0.0) @ (centred.T @ targets)
    residuals = targets - targets.mean(axis=0) - centred @ slopes
    squares = np.stack([(np.add.reduceat(shares * column[:, None], starts) ** 2).sum(axis=0) for column in residuals.T])
    variances: Floats = squares * len(starts) / degrees + (scores - slopes.T) ** 2
    return np.sqrt(variances), float(degrees)
