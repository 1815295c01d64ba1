"""Why a concept may not be the thing itself, by where it is and in which pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.concepts import EDGE, place_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches

OUTSIDE: Final = 0.8  # share of a concept's pictures in which it is at borders and corners, and is not the thing
CORNERS: Final = 0.6  # the same in the corners alone
PLACE_LEVEL: Final = 0.025  # of the binomial test against superpixels anywhere in the picture
AWAY: Final = 0.2  # of a side: so far is the mean of a concept at one side from the middle
SPREAD: Final = 0.16  # of a side: and so little does it vary (standard deviation)
MINORITY: Final = 0.5  # of the pictures taken for the class
WRONG_LEVEL: Final = 0.002  # 5 % over the 24 concepts that are tested
ALIKE: Final = 0.75  # mean cosine between the patches of a thing that is the same each time; kinds of things reach 0.66


def suspicions(group: Group, patches: Patches, explained: dict[str, Explained]) -> tuple[str, ...]:
    """Return why a concept may not be the thing itself, in sentences."""
    reasons = []
    if group.edges:
        reasons.append("It is the edge of pictures whose edges all look the same.")
    elif group.cast is not None:
        reasons.append("It is a colour cast over whole pictures.")
    rows = group.of_class(patches)
    if not reasons and (place := _place(patches, rows, explained)) is not None:
        reasons.append(place)
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


def _place(patches: Patches, rows: NDArray[np.intp], explained: dict[str, Explained]) -> str | None:
    """Return where a concept is, if that is always at one side or, surely more often than by chance, not in the middle.

    Chance puts it anywhere in the picture; each picture counts once, by its strongest patch.
    """
    first = {str(patches.pictures[row]): row for row in reversed(rows)}
    places = [place_of(patches.boxes[row], explained[path].size) for path, row in first.items()]
    corners, outside = places.count("corner"), len(places) - places.count("centre")
    if _surely(corners, len(places), CORNERS, (2 * EDGE) ** 2):
        return f"It is in one of the corners in {corners} of its {len(places)} pictures."
    if (side := _side(patches, rows, explained)) is not None:
        return f"It is always near the {side} of the picture."
    if _surely(outside, len(places), OUTSIDE, 1 - (1 - 2 * EDGE) ** 2):
        return f"It is at the borders and corners in {outside} of its {len(places)} pictures."
    return None


def _surely(count: int, pictures: int, least: float, by_chance: float) -> bool:
    from scipy.stats import binomtest

    return (
        count >= least * pictures and binomtest(count, pictures, by_chance, alternative="greater").pvalue <= PLACE_LEVEL
    )


def _side(patches: Patches, rows: NDArray[np.intp], explained: dict[str, Explained]) -> str | None:
    """Return the side of their pictures that patches are at, or None where they are scattered or in the middle."""
    sizes = np.array([explained[str(patches.pictures[row])].size for row in rows], np.float64)
    middles = (patches.boxes[rows, :2] + patches.boxes[rows, 2:]) / 2 / sizes
    away, spread = middles.mean(axis=0) - 0.5, middles.std(axis=0)
    for axis, (first, last) in enumerate((("top", "bottom"), ("left", "right"))):
        if abs(away[axis]) >= AWAY and spread[axis] <= SPREAD:
            return first if away[axis] < 0 else last
    return None
