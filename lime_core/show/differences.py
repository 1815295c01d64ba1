"""Differences between two classes or two models as attributions, so that they are drawn like any result."""

from __future__ import annotations

import math

from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.comparison import Difference
from lime_core.explanation.explanation import Contrast


def difference_attribution(difference: Contrast | Difference, attribution: Attribution, *, name: str) -> Attribution:
    """Return an attribution of one class whose scores are a difference, to be drawn.

    Parameters
    ----------
    difference : Contrast or Difference
        From `Explanation.contrast` or `Comparison.difference`.
    attribution : Attribution
        One of the two that were compared: its superpixels, unit and other fields are used.
    name : str
        Name of the difference.

    Returns
    -------
    Attribution
        Its class has the index ``difference.a``, no verdict, and NaN for an output.
    """
    item = ClassAttribution(
        index=difference.a,
        name=name,
        output=math.nan,
        scores=difference.coefficients,
        std_errors=difference.std_errors,
    )
    return Attribution(
        classes=(item,),
        segments=attribution.segments,
        signed=True,
        unit=attribution.unit,
        calls=attribution.calls,
        method=attribution.method,
        provenance=attribution.provenance,
        spec=attribution.spec,
    )
