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
    from lime_core.audits.storage.findings import Box, Concept, Experiment

OUTSIDE: Final = 0.8  # share of a concept's superpixels at borders and corners, from which on it is not the thing
AWAY: Final = 0.2  # of a side: so far is the mean of a concept at one side from the middle
SPREAD: Final = 0.16  # of a side: and so little does it vary (standard deviation)
MINORITY: Final = 0.5  # of the pictures taken for the class
WRONG_LEVEL: Final = 0.002  # 5 % over the 24 concepts that are tested
MUCH: Final = {"log-odds": 0.25, "probability": 0.05}  # a concept that moves its class less is no candidate
PIECE: Final = 0.5  # of the pictures of a concept that is a piece of another one
ALIKE: Final = 0.75  # mean cosine between the patches of a thing that is the same each time; kinds of things reach 0.66


def suspicions(group: Group, patches: Patches, explained: dict[str, Explained]) -> tuple[str, ...]:
    """Return why a concept may not be the thing itself, in sentences."""
    reasons = []
    if group.edges:
        reasons.append("It is the edge of pictures whose edges all look the same.")
    elif group.cast is not None:
        reasons.append("It is a colour cast over whole pictures.")
    elif group.border + group.corner >= OUTSIDE:
        reasons.append(
            f"{group.border + group.corner:.0%} of its superpixels are at the borders and corners of their pictures."
        )
    rows = group.of_class(patches)
    if not reasons and (side := _side(patches, rows, explained)) is not None:
        reasons.append(f"It is always near the {side} of the picture.")
    holding = {str(path) for path in patches.pictures[rows]}
    taken = {path for path, item in explained.items() if item.predicted == group.class_index}
    wrong = {path for path in taken if explained[path].correct is False}
    if _more_often(len(wrong & holding), len(wrong), len((taken - wrong) & holding), len(taken - wrong)):
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


def _more_often(wrong_holding: int, wrong: int, right_holding: int, right: int) -> bool:
    """Return whether a concept is surely more often in wrong predictions than in right ones, by Fisher's exact test."""
    from scipy.stats import fisher_exact

    table = [[wrong_holding, wrong - wrong_holding], [right_holding, right - right_holding]]
    return bool(fisher_exact(table, alternative="greater").pvalue <= WRONG_LEVEL)


def _side(patches: Patches, rows: NDArray[np.intp], explained: dict[str, Explained]) -> str | None:
    """Return the side of their pictures that patches are at, or None where they are scattered or in the middle."""
    sizes = np.array([explained[str(patches.pictures[row])].size for row in rows], np.float64)
    middles = (patches.boxes[rows, :2] + patches.boxes[rows, 2:]) / 2 / sizes
    away, spread = middles.mean(axis=0) - 0.5, middles.std(axis=0)
    for axis, (first, last) in enumerate((("top", "bottom"), ("left", "right"))):
        if abs(away[axis]) >= AWAY and spread[axis] <= SPREAD:
            return first if away[axis] < 0 else last
    return None


def boxes_of(patches: Patches, rows: NDArray[np.intp]) -> tuple[tuple[str, Box], ...]:
    """Return each picture once, by path, with the box around its strongest patch and those that touch it.

    Parameters
    ----------
    patches : Patches
    rows : ndarray of int
        By falling evidence.
    """
    of_picture = _boxes_by_picture(patches, rows)
    return tuple((path, box_of(_around_the_first(boxes))) for path, boxes in sorted(of_picture.items()))


def whole_pictures(
    patches: Patches, rows: NDArray[np.intp], explained: dict[str, Explained]
) -> tuple[tuple[str, Box], ...]:
    """Return each picture once, by path, with the box of all of it."""
    paths = sorted({str(path) for path in patches.pictures[rows]})
    return tuple((path, box_of(np.array([0, 0, *explained[path].size]))) for path in paths)


def _around_the_first(boxes: list[NDArray[np.intp]]) -> NDArray[np.intp]:
    around, rest, grown = boxes[0], boxes[1:], True
    while grown:
        touching = [_touch(box, around) for box in rest]
        grown = any(touching)
        for box, inside in zip(rest, touching, strict=True):
            if inside:
                around = np.concatenate([np.minimum(around[:2], box[:2]), np.maximum(around[2:], box[2:])])
        rest = [box for box, inside in zip(rest, touching, strict=True) if not inside]
    return around


def shortcut_candidates(
    concepts: Sequence[Concept], groups: Sequence[Group], patches: Patches, explained: dict[str, Explained]
) -> tuple[ShortcutCandidate, ...]:
    """Return concepts that are proven, move their class much, and have a reason not to be the thing; strongest first.

    Of several that are pieces of one thing only the strongest is a candidate; an edge comes before its pieces.
    """
    suspected = [
        (group, _candidate(concept, concept.take_away, group, patches, explained))
        for concept, group in zip(concepts, groups, strict=True)
        if concept.proven and concept.take_away is not None and moves_much(concept.take_away) and concept.suspicions
    ]
    suspected.sort(key=lambda pair: (not pair[0].edges, -pair[1].effect))
    kept: list[tuple[Group, ShortcutCandidate]] = []
    for group, candidate in suspected:
        if not any(is_piece(group, whole, patches) for whole, _ in kept):
            kept.append((group, candidate))
    return tuple(sorted((candidate for _, candidate in kept), key=lambda each: -each.effect))


def moves_much(experiment: Experiment) -> bool:
    """Return whether an effect is large enough to matter: at least `MUCH`; in other units any effect may be."""
    return experiment.effect >= MUCH.get(experiment.unit, 0.0)


def is_piece(group: Group, whole: Group, patches: Patches) -> bool:
    """Return whether a group is a piece of the thing that another one is.

    It is where both speak for the same class and, in more than `PIECE` of the group's pictures, one of its superpixels
    is one of the other's, or touches it. A colour cast touches everything, so it has no pieces.
    """
    if group.class_index != whole.class_index or group.cast is not None or whole.cast is not None:
        return False
    boxes = _boxes_by_picture(patches, whole.of_class(patches))
    own = _boxes_by_picture(patches, group.of_class(patches))
    beside = [path in boxes and any(_touch(box, other) for box in own[path] for other in boxes[path]) for path in own]
    return sum(beside) > PIECE * len(own)


def _candidate(
    concept: Concept, away: Experiment, group: Group, patches: Patches, explained: dict[str, Explained]
) -> ShortcutCandidate:
    return ShortcutCandidate(
        class_name=concept.class_name,
        concept=concept.number,
        pictures=(
            boxes_of(patches, group.of_class(patches))
            if group.cast is None
            else whole_pictures(patches, group.rows, explained)
        ),
        effect=away.effect,
        interval=away.interval,
        p_adjusted=concept.p_adjusted,
        reasons=concept.suspicions,
    )


def _boxes_by_picture(patches: Patches, rows: NDArray[np.intp]) -> dict[str, list[NDArray[np.intp]]]:
    boxes: dict[str, list[NDArray[np.intp]]] = {}
    for row in rows:
        boxes.setdefault(str(patches.pictures[row]), []).append(patches.boxes[row])
    return boxes


def _touch(box: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    return bool((box[:2] <= other[2:]).all() and (other[:2] <= box[2:]).all())
