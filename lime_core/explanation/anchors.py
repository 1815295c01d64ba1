"""What Anchors give: for each class the superpixels that fix the answer, with precision and coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassAnchor(ClassAttribution):
    """The superpixels that fix the answer about one class.

    Attributes
    ----------
    scores : ndarray of float64, shape (S,)
        By how much the precision falls when a superpixel of the anchor need not be shown, at least 0.01; 0 for all
        superpixels that are not part of it.
    anchor : tuple of int
        The numbers 0..S-1 of its superpixels, in the order in which the search has found them.
    rank : int
        The answer that is kept: the class stays among so many most probable ones.
    precision : float
        In which share of the perturbed pictures that show the anchor the answer is kept.
    precision_low, precision_high : float
        Its bounds: 95 %, for all sets of this size that the search has compared.
    samples : int
        Perturbed pictures behind the precision.
    holds : bool
        Whether it is an anchor: its precision is at least 0.95, and its lower bound at least 0.9. Otherwise it is the
        best set that was found.
    """

    anchor: tuple[int, ...]
    rank: int
    precision: float
    precision_low: float
    precision_high: float
    samples: int
    holds: bool

    @property
    def coverage(self) -> float:
        """In which share of all perturbed pictures the whole anchor is shown.

        Each superpixel is shown with one half, so this is known: 2 to the power of minus the anchor's size.
        """
        return float(2.0 ** -len(self.anchor))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AnchorAttribution(Attribution):
    """The anchors of one picture for some classes of one model.

    Attributes
    ----------
    classes : tuple of ClassAnchor
        By falling output.
    """

    classes: tuple[ClassAnchor, ...]

    _format: ClassVar[str] = "limelight-anchors/1"
    _class_type: ClassVar[type[ClassAttribution]] = ClassAnchor

    def __getitem__(self, index: int) -> ClassAnchor:
        """Return the anchor of the class with this index; `SpecError` when it was not explained."""
        return self.classes[self.row(index)]

    @classmethod
    def _class_fields(cls, row: dict[str, Any]) -> dict[str, Any]:
        own = {name: row[name] for name in _PLAIN}
        return {**super(AnchorAttribution, cls)._class_fields(row), **own, "anchor": tuple(row["anchor"])}

    def _document(self) -> dict[str, Any]:
        document = super(AnchorAttribution, self)._document()  # slots: the class was made anew
        for row, item in zip(document["classes"], self.classes, strict=True):
            row |= {name: getattr(item, name) for name in _PLAIN}
            # The bounds of the coverage are the coverage: it is known exactly.
            row |= dict.fromkeys(("coverage", "coverage_low", "coverage_high"), item.coverage)
            row["anchor"] = list(item.anchor)
        return document


_PLAIN = ("rank", "precision", "precision_low", "precision_high", "samples", "holds")
