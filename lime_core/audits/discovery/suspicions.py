"""Why a concept may not be the thing itself, by where it is and in which pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.concepts import EDGE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.discovery.views import Region

LEVEL: Final = 0.05
_PLACES: Final = (  # what is said, the least share of its pictures, and the share of the area
    ("in one of the corners", 0.6, (2 * EDGE) ** 2),
    ("in the top third", 0.6, 1 / 3),
    ("in the bottom third", 0.6, 1 / 3),
    ("in the left third", 0.6, 1 / 3),
    ("in the right third", 0.6, 1 / 3),
    ("at the borders and corners", 0.8, 1 - (1 - 2 * EDGE) ** 2),
)
MINORITY: Final = 0.5  # of the pictures taken for the class
WRONG_LEVEL: Final = 0.002  # 5 % over the 24 concepts that are tested
_AROUND: Final = 0.5  # at least, of the outermost pixels of a picture
_MIDDLE: Final = 0.25  # at most, of the middle half of its height and width
_SURROUNDING: Final = 0.8  # of the pictures
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


def surrounds(region: Region) -> bool:
    """Return whether a region is what is around the middle of its picture: on most of its edge and hardly inside."""
    outermost = np.concatenate([region[0], region[-1], region[1:-1, 0], region[1:-1, -1]])
    height, width = region.shape
    middle = region[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return bool(outermost.mean() >= _AROUND and middle.mean() <= _MIDDLE)


def background(surrounding: int, pictures: int) -> tuple[str, ...]:
    """Return why a concept is the background of its pictures, if it surrounds the middle of most of them.

    Parameters
    ----------
    surrounding, pictures : int
        In how many of how many pictures it `surrounds` the middle.
    """
    if not surrounding or surrounding < _SURROUNDING * pictures:
        return ()
    return (f"It is around the middle of {surrounding} of {pictures} pictures, where the background is.",)


def _more_often(wrong_holding: int, wrong: int, right_holding: int, right: int) -> bool:
    """Return whether a concept is surely more often in wrong predictions than in right ones, by Fisher's exact test."""
    from scipy.stats import fisher_exact

    table = [[wrong_holding, wrong - wrong_holding], [right_holding, right - right_holding]]
    return bool(fisher_exact(table, alternative="greater").pvalue <= WRONG_LEVEL)


def _place(patches: Patches, rows: NDArray[np.intp], explained: dict[str, Explained]) -> str | None:
    """Return where a concept is, if that is one of `_PLACES` in most of its pictures, and surely not by chance.

    Chance puts it anywhere in the picture; each picture counts once, by its strongest patch.
    """
    from scipy.stats import binomtest

    first = {str(patches.pictures[row]): row for row in reversed(rows)}
    sizes = np.array([explained[path].size for path in first], np.float64)
    boxes = patches.boxes[list(first.values())]
    down, across = ((boxes[:, :2] + boxes[:, 2:]) / 2 / sizes).T
    near = [np.minimum(each, 1 - each) < EDGE for each in (down, across)]
    inside = (
        near[0] & near[1],
        *(third for each in (down, across) for third in (each < 1 / 3, each > 2 / 3)),
        near[0] | near[1],
    )
    for (where, least, by_chance), here in zip(_PLACES, inside, strict=True):
        count, pictures = int(here.sum()), len(here)
        surely = binomtest(count, pictures, by_chance, alternative="greater").pvalue <= LEVEL / len(_PLACES)
        if surely and count >= least * pictures:
            return f"It is {where} in {count} of its {pictures} pictures."
    return None
