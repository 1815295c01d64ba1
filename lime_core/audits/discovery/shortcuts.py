"""Shortcut candidates: concepts that are proven to move a class much, and are not the thing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.concepts import box_of
from lime_core.audits.storage.findings import ShortcutCandidate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.grouping import Grouping
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.findings import Box, Concept, Experiment

MUCH: Final = {"log-odds": 0.25, "probability": 0.05}  # a concept that moves its class less is no candidate
PIECE: Final = 0.5  # of the pictures of a concept that is a piece of another one


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
    grouping: Grouping,
    concepts: Sequence[Concept],
    explained: dict[str, Explained],
    alone: Callable[[int, Sequence[Group]], Experiment | None],
) -> tuple[ShortcutCandidate, ...]:
    """Return concepts that are proven, move their class much, and have a reason not to be the thing; strongest first.

    Of several that are pieces of one thing only the strongest is a candidate; an edge comes before its pieces. A weaker
    one must also move its class where the stronger ones are hidden.

    Parameters
    ----------
    grouping : Grouping
    concepts : sequence of Concept
        One a group, in the same order.
    explained : dict
        From `read_explained`.
    alone : callable
        ``alone(number, stronger)`` takes a group away where others are hidden, see `Tester.alone`.
    """
    patches = grouping.patches
    suspected = [
        (number, grouping.groups[number], _candidate(concept, concept.take_away, grouping, explained))
        for number, concept in enumerate(concepts)
        if concept.proven and concept.take_away is not None and moves_much(concept.take_away) and concept.suspicions
    ]
    suspected.sort(key=lambda each: (not each[1].edges, -each[2].effect))
    kept: list[tuple[Group, ShortcutCandidate]] = []
    for number, group, candidate in suspected:
        if any(is_piece(group, whole, patches) for whole, _ in kept):
            continue
        stronger = [each for each, _ in kept if each.class_index == group.class_index and each.cast is None]
        if stronger and group.cast is None and not _moves_alone(alone(number, stronger)):
            continue
        kept.append((group, candidate))
    return tuple(sorted((candidate for _, candidate in kept), key=lambda each: -each.effect))


def _moves_alone(experiment: Experiment | None) -> bool:
    return experiment is not None and experiment.interval[0] > 0 and moves_much(experiment)


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
    concept: Concept, away: Experiment, grouping: Grouping, explained: dict[str, Explained]
) -> ShortcutCandidate:
    group, patches = grouping.groups[concept.number], grouping.patches
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
