"""Colour casts: what the pictures of a class have in common as a whole.

A cast is in every superpixel and in what hides it, so that no superpixel has any evidence of it.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import PIL.Image

from lime_core.audits.discovery.concepts import group_of_one_class
from lime_core.audits.storage.tables import THUMBNAILS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.audit_folder import AuditFolder

    Floats = NDArray[np.float64]

FEWEST_PICTURES: Final = 8  # of the class, and of others
MOST_PICTURES: Final = 2000
APART: Final = 1.5  # Mahalanobis distance between the mean colours of a class and of the others
_CHUNK: Final = 200


def cast_groups(
    folder: AuditFolder, patches: Patches, explained: dict[str, Explained], total: float, seed: int
) -> list[Group]:
    """Return a group for each class whose pictures have another colour than those of other classes.

    The colour of a picture is the mean logarithm of each channel above that of all three. A class has a cast if its
    mean colour is `APART` pooled standard deviations or more from that of the other pictures, and farther from grey;
    those of its pictures hold it that are nearer to its own mean. Their strongest superpixels are the patches.

    Parameters
    ----------
    folder : AuditFolder
        Its thumbnails are read.
    patches : Patches
    explained : dict
        From `read_explained`.
    total : float
        All positive evidence of the audit.
    seed : int
    """
    paths = sorted(explained)
    drawn = np.random.default_rng([seed, 10]).permutation(len(paths))[:MOST_PICTURES]
    chosen = [paths[index] for index in sorted(drawn.tolist())]
    chunks = [_read(folder, chosen[start : start + _CHUNK]) for start in range(0, len(chosen), _CHUNK)]
    colours = np.array([colour for chunk in chunks for colour in chunk])
    classes = np.array([explained[path].predicted for path in chosen])
    groups = []
    for class_index in np.unique(classes):
        own = classes == class_index
        if min(own.sum(), (~own).sum()) < FEWEST_PICTURES:
            continue
        shift, holds = _apart(colours, own)
        holding = {path for path, inside in zip(chosen, holds, strict=True) if inside}
        rows = np.flatnonzero((patches.classes == class_index) & np.isin(patches.pictures, list(holding)))
        if shift is not None and len(rows):
            group = group_of_one_class(patches, explained, rows, int(class_index), total)
            groups.append(replace(group, cast=tuple(shift.tolist())))
    return groups


def _apart(colours: Floats, own: NDArray[np.bool_]) -> tuple[Floats | None, NDArray[np.bool_]]:
    """Return how far the mean colour of a class is from that of the others, and which of its pictures have it."""
    plane = colours[:, [0, 2]]  # the three sum to 0
    difference = plane[own].mean(axis=0) - plane[~own].mean(axis=0)
    inner = np.concatenate([plane[own] - plane[own].mean(axis=0), plane[~own] - plane[~own].mean(axis=0)])
    covariance = inner.T @ inner / max(len(inner) - 2, 1) + 1e-4 * np.eye(2)
    direction = np.linalg.solve(covariance, difference)
    # Of two classes each is as far from the other: the cast is that of the one that is farther from grey.
    paler = np.linalg.norm(colours[own].mean(axis=0)) <= np.linalg.norm(colours[~own].mean(axis=0))
    if paler or np.sqrt(difference @ direction) < APART:
        return None, np.zeros(len(own), bool)
    middle = (plane[own].mean(axis=0) + plane[~own].mean(axis=0)) / 2
    return np.array([difference[0], -difference.sum(), difference[1]]), own & ((plane - middle) @ direction > 0)


def _read(folder: AuditFolder, paths: list[str]) -> list[Floats]:
    rows = folder.table(THUMBNAILS, ["picture", "thumbnail"], pictures=paths).to_pylist()
    colours = {row["picture"]: _colour(row["thumbnail"]) for row in rows}
    return [colours.get(path, np.zeros(3)) for path in paths]


def _colour(thumbnail: bytes) -> Any:
    with PIL.Image.open(io.BytesIO(thumbnail)) as image:
        pixels = np.asarray(image.convert("RGB"), np.float64)
    logarithms = np.log(pixels.mean(axis=(0, 1)) + 1)
    return logarithms - logarithms.mean()
