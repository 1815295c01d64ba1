"""LIME behind the seam for methods."""

from __future__ import annotations

from typing import ClassVar

from lime_core.answers.neighborhood import Neighborhood
from lime_core.explanation.explanation import Explanation
from lime_core.methods.base import MaskMethod
from lime_core.methods.lime.fit import fit_surrogate
from lime_core.methods.lime.workings import Workings
from lime_core.settings.spec import ExplainSpec


class Lime(MaskMethod):
    """Local interpretable model-agnostic explanations [1]_: a weighted surrogate around the picture.

    References
    ----------
    .. [1] Ribeiro, Singh and Guestrin, "Why Should I Trust You? Explaining the Predictions of Any Classifier",
       KDD 2016.
    """

    name: ClassVar[str] = "lime"
    title: ClassVar[str] = "LIME"
    summary: ClassVar[str] = "What showing a superpixel adds on average, by a weighted fit to random masks."
    fits: ClassVar[bool] = True

    def asked(self, spec: ExplainSpec) -> ExplainSpec:
        """Return `spec` as it is."""
        return spec

    def from_answers(self, neighborhood: Neighborhood, spec: ExplainSpec) -> Explanation:
        """Fit the surrogate; nothing is judged."""
        return fit_surrogate(neighborhood, spec)[0]

    def work_out(self, neighborhood: Neighborhood, spec: ExplainSpec) -> tuple[Explanation, Workings]:
        """Fit the surrogate, and return the regression beside it."""
        return fit_surrogate(neighborhood, spec)
