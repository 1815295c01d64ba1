"""What is measured of one method, and what chance gives instead of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.explanation.attribution import Attribution
from lime_core.trials.measured import Measured

MEASURES = ("top_alone", "without_top", "deletion_area", "insertion_area", "agreement_between_seeds")


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """What the model says of a method's ranking of the superpixels, for one class; in the unit of its outputs.

    Superpixels are ranked by evidence for the class: by falling score where scores have a sign, by strength where they
    have none.

    Attributes
    ----------
    index : int
        Class index.
    name : str
        Class name.
    top_alone, without_top : Measured
        The model's output when only the K strongest superpixels are shown, and when all but those are. Superpixels
        whose score is not evidence for the class are never among them, so that there may be fewer than K.
    deletion_area, insertion_area : Measured
        Areas under the curves of `lime_core.trials.curves`; small and large are good.
    agreement_between_seeds : Measured
        Mean Jaccard index, 0..1, of the K strongest over all pairs of seeds; NaN where nothing is drawn at random.
    top : tuple of int
        Numbers 0..S-1 of the K strongest superpixels with the first seed, strongest first.
    """

    index: int
    name: str
    top_alone: Measured
    without_top: Measured
    deletion_area: Measured
    insertion_area: Measured
    agreement_between_seeds: Measured
    top: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MethodMeasures:
    """One method: its attribution, what it cost, and the measures of each class.

    Attributes
    ----------
    method : str
        Name of the method.
    attribution : Attribution
        Of the first seed, judged, on the superpixels that all methods share.
    calls : int
        Pictures that one run asks the model about. Answers that several methods share count for each of them: this is
        what the method needs alone.
    seconds : float
        What one run takes alone, the median over the seeds; NaN where answers were given of which that is not known.
        The first method that needs a network's gradients also pays for building it.
    shares_answers : bool
        Whether its answers were there already: asked for by a method before it, or given.
    classes : tuple of ClassMeasures
        In the order of the attribution's classes.
    """

    method: str
    attribution: Attribution
    calls: int
    seconds: float
    shares_answers: bool
    classes: tuple[ClassMeasures, ...]

    def __getitem__(self, index: int) -> ClassMeasures:
        """Return the measures of the class with this index; `SpecError` when it was not explained."""
        return self.classes[self.attribution.row(index)]

    def document(self, superpixel_ids: NDArray[np.int64]) -> dict[str, Any]:
        """Return everything but the pixels of the attribution, to be made ready for JSON."""
        return {
            "method": self.method,
            "calls": self.calls,
            "seconds": self.seconds,
            "shares_answers": self.shares_answers,
            "unit": self.attribution.unit,
            "signed": self.attribution.signed,
            "notes": self.attribution.notes,
            "classes": [
                {
                    "index": item.index,
                    "name": item.name,
                    "output": self.attribution[item.index].output,
                    "scores": self.attribution.scores(item.index),
                    "top": superpixel_ids[list(item.top)],
                    **{name: getattr(item, name).value for name in MEASURES},
                    "errors": {name: getattr(item, name).std_error for name in MEASURES},
                }
                for item in self.classes
            ],
        }


@dataclass(frozen=True, slots=True)
class Band:
    """What chance gives: mean, 5 % and 95 % quantile over random orders."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RandomOrders:
    """Superpixels in random order, for one class; the same orders for all methods.

    Attributes
    ----------
    index : int
        Class index.
    area : Band
        Area under the deletion curve. Inserting at random is deleting at random backwards, so there is only one.
    top_alone, without_top : Band
        The model's output for K superpixels drawn at random alone, and without them.
    """

    index: int
    area: Band
    top_alone: Band
    without_top: Band
