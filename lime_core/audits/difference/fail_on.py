"""What `limelight diff --fail-on` stops a pipeline for: conditions, each a word with a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lime_core.audits.difference.significance import COUNT_ERROR
from lime_core.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lime_core.audits.difference.difference import AuditDifference, CandidateShift, Counts

MEANINGS: Final[Mapping[str, str]] = {
    "evidence": "a superpixel's evidence moved beyond its error bars (evidence:5%: in more than 5 % of the pictures)",
    "prediction": "another class is predicted for a picture (prediction:5%: for more than 5 % of the pictures)",
    "accuracy": "accuracy is significantly lower (accuracy:2%: lower by more than 2 % of the pictures, significantly "
    "or not); the true classes of pictures have to be known",
    "verdict": "significantly fewer explanations are solid or usable (verdict:5%: and by more than 5 % of the "
    "pictures)",
    "shortcut": "a shortcut candidate is new, and its evidence has grown beyond the error bars",
}
_WITHOUT_THRESHOLD: Final = ("shortcut",)


@dataclass(frozen=True, slots=True)
class Condition:
    """A change that is not accepted.

    Attributes
    ----------
    name : str
        A key of `MEANINGS`.
    threshold : float or None
        Share of the pictures, 0..1, above which it holds; None for any.
    """

    name: str
    threshold: float | None = None

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Return the condition that ``NAME``, ``NAME:0.05`` or ``NAME:5%`` stands for.

        Raises
        ------
        SpecError
            When there is no such condition, or its threshold is not in 0..1.
        """
        name, colon, written = text.partition(":")
        if name not in MEANINGS:
            raise SpecError(f"There is no condition {name!r}; choose from {', '.join(MEANINGS)}.")
        if not colon:
            return cls(name)
        if name in _WITHOUT_THRESHOLD:
            raise SpecError(f"{name} takes no threshold; got {text!r}.")
        try:
            share = float(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
        except ValueError:
            share = math.nan
        if not 0 <= share <= 1:
            raise SpecError(f"The threshold of {name} is a share of the pictures in 0..1, or in %; got {written!r}.")
        return cls(name, share)

    def __str__(self) -> str:
        return self.name if self.threshold is None else f"{self.name}:{self.threshold:.4g}"

    def reason(self, difference: AuditDifference) -> str | None:
        """Return why the difference is not accepted, in a sentence; None where it is.

        Raises
        ------
        SpecError
            When the two audits do not hold what would tell.
        """
        return _CHECKS[self.name](difference, self.threshold)


def _evidence(difference: AuditDifference, threshold: float | None) -> str | None:
    moved, compared = len(difference.moved), difference.with_evidence
    _need(difference, difference.tested, "evidence")
    if moved <= compared * (threshold or 0):
        return None
    return f"Evidence moved beyond its error bars in {moved} of {compared} pictures{_allowed(threshold)}."


def _prediction(difference: AuditDifference, threshold: float | None) -> str | None:
    changed, compared = len(difference.other_predictions), len(difference.pictures)
    if changed <= compared * (threshold or 0):
        return None
    return f"Another class is predicted for {changed} of {compared} pictures{_allowed(threshold)}."


def _accuracy(difference: AuditDifference, threshold: float | None) -> str | None:
    counts = difference.accuracy
    if counts is None:
        raise SpecError("--fail-on accuracy needs pictures whose true class is known; neither audit has any.")
    holds = _significantly_lower(counts) if threshold is None else counts.fall > threshold
    return f"Accuracy fell {_fall(counts)}{_allowed(threshold)}." if holds else None


def _verdict(difference: AuditDifference, threshold: float | None) -> str | None:
    counts = difference.reliable
    _need(difference, counts.pictures, "verdict")
    if not _significantly_lower(counts) or counts.fall <= (threshold or 0):
        return None
    return f"Explanations that are solid or usable fell {_fall(counts)}{_allowed(threshold)}."


def _shortcut(difference: AuditDifference, _threshold: float | None) -> str | None:
    _need(difference, difference.tested, "shortcut")
    if difference.candidates is None:
        raise SpecError(
            "--fail-on shortcut needs audit.json in both folders. Finish the audits by giving their commands."
        )
    new = [_named(each) for each in difference.candidates if each.new]
    unknown = [_named(each) for each in difference.candidates if each.cannot_be_told]
    if unknown and not new:
        raise SpecError(
            f"--fail-on shortcut cannot tell whether {', '.join(unknown)} is new: none of its superpixels can be "
            "compared with the first audit. Look at it in the report of the second audit."
        )
    return f"New shortcut candidates: {', '.join(new)}." if new else None


def _named(candidate: CandidateShift) -> str:
    return f"{candidate.class_name} (concept {candidate.concept})"


def _significantly_lower(counts: Counts) -> bool:
    return counts.after < counts.before and counts.p <= COUNT_ERROR


def _fall(counts: Counts) -> str:
    return f"from {counts.before} to {counts.after} of {counts.pictures} pictures (p = {counts.p:.2g})"


def _allowed(threshold: float | None) -> str:
    return "" if threshold is None else f", more than the allowed {threshold:.4g} of them"


def _need(difference: AuditDifference, compared: int, name: str) -> None:
    """Raise `SpecError` where nothing was compared: a guard that sees nothing must not let a model pass."""
    if not compared:
        raise SpecError(f"--fail-on {name} needs explanations that can be compared. {' '.join(difference.notes)}")


_CHECKS: Final = {
    "evidence": _evidence,
    "prediction": _prediction,
    "accuracy": _accuracy,
    "verdict": _verdict,
    "shortcut": _shortcut,
}
