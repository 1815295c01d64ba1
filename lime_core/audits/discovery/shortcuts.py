"""Shortcut candidates: concepts that are proven to move a class much, and are not the thing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.concepts import box_of
from lime_core.audits.storage.findings import ShortcutCandidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.findings import Box, Concept

OUTSIDE: Final = 0.8  # share of a concept's superpixels at borders and corners, from which on it is not the thing
MINORITY: Final = 0.5  # of the pictures taken for the class
FEWEST_WRONG: Final = 3  # pictures
ALIKE: Final = 0.75  # mean cosine between the patches of a thing that is the same each time; kinds of things reach 0.66


def suspicions(group: Group, patches: Patches, explained: dict[str, Explained]) -> tuple[str, ...]:
    """Return why a concept may not be the thing itself, in sentences."""
    reasons = []
    if group.border + group.corner >= OUTSIDE:
        reasons.append(
            f"{group.border + group.corner:.0%} of its superpixels are at the borders and corners of their pictures."
        )
    rows = group.of_class(patches)
    holding = {str(path) for path in patches.pictures[rows]}
    taken = {path for path, item in explained.items() if item.predicted == group.class_index}
    known = [path for path in taken if explained[path].correct is not None]
    wrong = {path for path in known if not explained[path].correct}
    if len(wrong & holding) >= FEWEST_WRONG and len(wrong & holding) / len(wrong) > len(taken & holding) / len(taken):
        reasons.append(
            f"It is in {len(wrong & holding)} of the {len(wrong)} pictures that are wrongly taken for the class, and "
            f"in {len((taken - wrong) & holding)} of the {len(taken - wrong)} others."
        )
    if taken and len(taken & holding) < MINORITY * len(taken) and group.likeness >= ALIKE:
        reasons.append(
            f"It is in {len(taken & holding)} of the {len(taken)} pictures that are taken for the class, and looks the "
            "same in all of them."
        )
    return tuple(reasons)


def boxes_of(patches: Patches, rows: NDArray[np.intp]) -> tuple[tuple[str, Box], ...]:
    """Return each picture once, by path, with the box around its strongest patch and those that touch it.

    Parameters
    ----------
    patches : Patches
    rows : ndarray of int
        By falling evidence.
    """
    of_picture: dict[str, list[NDArray[np.intp]]] = {}
    for row in rows:
        of_picture.setdefault(str(patches.pictures[row]), []).append(patches.boxes[row])
    return tuple((path, box_of(_around_the_first(boxes))) for path, boxes in sorted(of_picture.items()))


def _around_the_first(boxes: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    around, rest, grown = boxes[0], boxes[1:], True
    while grown:
        touching = [bool((box[:2] <= around[2:]).all() and (around[:2] <= box[2:]).all()) for box in rest]
        grown = any(touching)
        for box, inside in zip(rest, touching, strict=True):
            if inside:
                around = np.concatenate([np.minimum(around[:2], box[:2]), np.maximum(around[2:], box[2:])])
        rest = [box for box, inside in zip(rest, touching, strict=True) if not inside]
    return around


def shortcut_candidates(
    concepts: Sequence[Concept], groups: Sequence[Group], patches: Patches
) -> tuple[ShortcutCandidate, ...]:
    """Return the concepts that are proven, move their class much, and have something that speaks against the thing."""
    found = [
        ShortcutCandidate(
            class_name=concept.class_name,
            concept=concept.number,
            pictures=boxes_of(patches, group.of_class(patches)),
            effect=concept.take_away.effect,
            interval=concept.take_away.interval,
            p_adjusted=concept.p_adjusted,
            reasons=concept.suspicions,
        )
        for concept, group in zip(concepts, groups, strict=True)
        if concept.proven and concept.take_away is not None and concept.suspicions
    ]
    return tuple(sorted(found, key=lambda each: -each.effect))
