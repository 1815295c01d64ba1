"""What has changed between two audits of the same pictures: two models, or one model before and after its training.

Two audits of one model that differ in nothing but the seed differ by noise alone. The chance that anything is called a
significant change between them is at most 1 % (`lime_core.audits.difference.significance`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lime_core.audits.storage.findings import Box, Interval
from lime_core.audits.storage.findings_json import encode

_FORMAT = "limelight-audit-difference/1"


@dataclass(frozen=True, slots=True)
class MovedSuperpixel:
    """A superpixel whose evidence has moved beyond its error bars.

    Attributes
    ----------
    class_name : str
        The class that it is evidence for.
    superpixel : int
    box : Box
    before, after : float
        Its coefficients.
    std_error : float
        Of their difference.
    p_adjusted : float
        Welch's t test, by Holm over all superpixels of all pictures.
    """

    class_name: str
    superpixel: int
    box: Box
    before: float
    after: float
    std_error: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class PictureDifference:
    """What has changed about a picture.

    Attributes
    ----------
    picture, picture_b : str
        Its path in either audit.
    label : str or None
        Its true class.
    predicted, probability, level : two values
        The predicted class, its probability, and the level of the verdict on it, before and after.
    moved : tuple of MovedSuperpixel
        Strongest evidence of a change first.
    shift : float
        Largest difference over its standard error, without a sign; NaN where evidence could not be compared.
    """

    picture: str
    picture_b: str
    label: str | None
    predicted: tuple[str, str]
    probability: tuple[float, float]
    level: tuple[str, str]
    moved: tuple[MovedSuperpixel, ...]
    shift: float

    @property
    def prediction_changed(self) -> bool:
        """Whether another class is predicted."""
        return self.predicted[0] != self.predicted[1]


@dataclass(frozen=True, slots=True)
class Counts:
    """Of how many pictures something holds, before and after.

    Attributes
    ----------
    pictures : int
        How many were looked at.
    before, after : int
    lost, gained : int
        Of how many it holds no longer, and newly.
    p : float
        Two-sided, by McNemar's exact test.
    """

    pictures: int
    before: int
    after: int
    lost: int
    gained: int
    p: float

    @property
    def fall(self) -> float:
        """By which share of the pictures it has fallen; negative where it has risen."""
        return (self.before - self.after) / self.pictures if self.pictures else 0.0


@dataclass(frozen=True, slots=True)
class CandidateShift:
    """What has become of a shortcut candidate.

    Attributes
    ----------
    class_name : str
    concept : int
        Its number in the audit that found it.
    audit : {"a", "b"}
        Which audit that is. Its own noise has helped to choose the superpixels, so that the other's are a little weaker
        even if nothing has changed.
    also_in_other : bool
        Whether the other audit has a candidate of the class that is to a third the same superpixels.
    superpixels, pictures : int
        How many of its superpixels, in how many pictures, were compared.
    share : (float, float)
        Of the positive evidence for the class in those pictures, before and after; NaN where there is none.
    change : float
        Mean change of the coefficients of its superpixels.
    interval : (float, float)
        95 % interval of `change`.
    grown : int
        How many of its superpixels have more evidence, beyond their error bars.
    """

    class_name: str
    concept: int
    audit: str
    also_in_other: bool
    superpixels: int
    pictures: int
    share: Interval
    change: float
    interval: Interval
    grown: int

    @property
    def new(self) -> bool:
        """Whether only the second audit has found it, and its evidence has grown beyond the error bars."""
        return self.audit == "b" and not self.also_in_other and self.grown > 0

    @property
    def cannot_be_told(self) -> bool:
        """Whether only the second audit has found it, and none of its superpixels could be compared."""
        return self.audit == "b" and not self.also_in_other and not self.superpixels


@dataclass(frozen=True, slots=True)
class AuditDifference:
    """What has changed between two audits of the same pictures.

    Attributes
    ----------
    a, b : str
        The folders.
    models : (str, str)
        The models; empty where an audit does not say.
    pictures : tuple of PictureDifference
        All pictures that both have: those with the most moved superpixels first, then those with another prediction,
        then by falling `shift`.
    only_a, only_b : tuple of str
        Paths of pictures that the other audit does not have.
    replaced : tuple of str
        Paths at which there is another picture now; these are not compared.
    predictions_only : tuple of str
        Pictures of which only the predictions can be compared.
    tested : int
        How many superpixels were compared.
    accuracy : Counts or None
        Correct predictions; None where no true class is known.
    reliable : Counts
        Pictures whose explanation is solid or usable by its verdict, of those whose evidence was compared.
    candidates : tuple of CandidateShift or None
        Those of `a`, then those of `b`; None where an audit has no ``audit.json``.
    notes : tuple of str
        What a reader should know, in sentences.
    """

    a: str
    b: str
    models: tuple[str, str]
    pictures: tuple[PictureDifference, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    replaced: tuple[str, ...]
    predictions_only: tuple[str, ...]
    tested: int
    accuracy: Counts | None
    reliable: Counts
    candidates: tuple[CandidateShift, ...] | None
    notes: tuple[str, ...]

    @property
    def moved(self) -> tuple[PictureDifference, ...]:
        """The pictures with a superpixel that moved beyond its error bars."""
        return tuple(each for each in self.pictures if each.moved)

    @property
    def other_predictions(self) -> tuple[PictureDifference, ...]:
        """The pictures for which another class is predicted."""
        return tuple(each for each in self.pictures if each.prediction_changed)

    @property
    def with_evidence(self) -> int:
        """Of how many pictures the evidence was compared."""
        return len(self.pictures) - len(self.predictions_only)

    def to_json(self) -> str:
        """Return all of it as JSON; NaN as null, ``class`` for `class_name`."""
        document = {"format": _FORMAT, **encode(self)}
        return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
