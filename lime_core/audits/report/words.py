"""What the report says of findings, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lime_core.audits.storage.findings import Concept, ShortcutCandidate


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 picture``, ``1,200 pictures``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def state(concept: Concept) -> str:
    """Return whether a concept is proven to move its class."""
    if concept.proven:
        return "proven"
    return "not tested" if math.isnan(concept.p_adjusted) else "not proven"


def held(concept: Concept) -> str:
    """Return in how many pictures a concept speaks for its class, and in how many more for others only."""
    own = len({patch.picture for patch in concept.patches})
    others = concept.pictures - own
    return f"in {counted(own, 'picture')} for this class{f' and {others:,} more for others' if others > 0 else ''}"


def facts(concept: Concept) -> tuple[str, ...]:
    """Return how much evidence a concept holds, for which classes, where, and how sure that is."""
    places = {"centre": concept.centre, "border": concept.border, "corner": concept.corner}
    classes = ", ".join(f"“{name}” ({share:.0%})" for name, share in concept.classes[:5])
    return (
        f"{concept.share:.1%} of all evidence, {held(concept)}",
        f"speaks for {classes}",
        "place: " + ", ".join(f"{name} {share:.0%}" for name, share in places.items()),
        "not tested" if math.isnan(concept.p_adjusted) else f"p {_p(concept.p_adjusted)} after correction",
    )


def proof(item: ShortcutCandidate, unit: str) -> str:
    """Return in how many pictures a candidate is, and what hiding it does."""
    low, high = item.interval
    held = counted(len({path for path, _ in item.pictures}), "picture")
    return (
        f"In {held}. Hiding it lowers the {unit} of “{item.class_name}” by {item.effect:.2g} more than hiding random "
        f"superpixels of the same size does (95 %: {low:.2g} to {high:.2g}; p {_p(item.p_adjusted)} after correction)."
    )


def evidence(concepts: Sequence[tuple[int, float]]) -> str:
    """Return which concepts speak for a wrong class."""
    if not concepts:
        return "No concept speaks for the wrong class in them."
    parts = [f"concept {number} ({share:.0%})" for number, share in concepts[:5]]
    return f"Evidence for the wrong class: {', '.join(parts)}."


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"
