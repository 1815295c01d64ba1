"""Pictures whose outermost pixels look the same: frames, mounts and plain grounds.

They are spread over many superpixels, none of which is strong, so that groups of strong superpixels miss them.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.compute as pc

from lime_core.audits.discovery.concepts import group_of_one_class
from lime_core.audits.discovery.patches import SHOWN
from lime_core.audits.storage.tables import SUPERPIXELS, THUMBNAILS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.audit_folder import AuditFolder

MOST_PICTURES: Final = 2000
FEWEST_MEMBERS: Final = 5
OF_ONE_CLASS: Final = 0.8  # of the pictures of a group
WIDTH: Final = 0.1  # of a side, that experiments take for the edge
_OUTERMOST: Final = 0.03  # of a side, that is looked at
_PIECES: Final = 4  # of each side
_ALIKE: Final = 0.08  # root mean square difference from the mean of a group, of 0..1
_CHUNK: Final = 200


def alike_at_the_edges(folder: AuditFolder, paths: list[str], seed: int) -> list[list[str]]:
    """Return groups of pictures with the same colours along their edges, the largest first.

    HDBSCAN groups the mean colours of four pieces of each side; what differs more than `_ALIKE` from its group's
    median is left out. Of more than `MOST_PICTURES` pictures some are drawn at random.

    Parameters
    ----------
    folder : AuditFolder
        Its thumbnails are read.
    paths : list of str
        Pictures.
    seed : int
    """
    drawn = sorted(np.random.default_rng([seed, 9]).permutation(len(paths))[:MOST_PICTURES].tolist())
    chosen = [paths[index] for index in drawn]
    edges = dict(item for start in range(0, len(chosen), _CHUNK) for item in _read(folder, chosen[start:][:_CHUNK]))
    if len(edges) <= FEWEST_MEMBERS:
        return []
    from sklearn.cluster import HDBSCAN

    names, values = np.array(list(edges), dtype=object), np.array(list(edges.values()))
    labels = HDBSCAN(FEWEST_MEMBERS, allow_single_cluster=True, copy=True).fit_predict(values)
    groups = []
    for label in range(labels.max() + 1):
        mean = np.median(values[labels == label], axis=0)
        near = np.sqrt(np.square(values - mean).mean(axis=1)) <= _ALIKE
        if near.sum() >= FEWEST_MEMBERS:
            groups.append([str(name) for name in names[near]])
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def edge_groups(
    folder: AuditFolder, patches: Patches, explained: dict[str, Explained], total: float, seed: int
) -> tuple[Patches, list[Group]]:
    """Return groups of the superpixels along edges that look the same, and the patches with these superpixels added.

    Each group speaks for the class that most of its pictures are taken for, and keeps those pictures only; edges that
    are the same in several classes say nothing about any of them.

    Parameters
    ----------
    folder : AuditFolder
        Its thumbnails and superpixels are read.
    patches : Patches
    explained : dict
        From `read_explained`.
    total : float
        All positive evidence of the audit.
    seed : int
    """
    groups = []
    for paths in alike_at_the_edges(folder, sorted(explained), seed):
        class_index = Counter(explained[path].predicted for path in paths).most_common(1)[0][0]
        own = [path for path in paths if explained[path].predicted == class_index]
        if len(own) >= max(FEWEST_MEMBERS, OF_ONE_CLASS * len(paths)):
            before = len(patches)
            patches = patches.extended(_along_edges(folder, own, class_index, explained))
            group = group_of_one_class(patches, explained, np.arange(before, len(patches)), class_index, total)
            # A large superpixel that touches an edge is no less at it because its middle is far away.
            groups.append(replace(group, edges=True, centre=0.0, border=group.centre + group.border))
    return patches, groups


def _along_edges(folder: AuditFolder, paths: list[str], class_index: int, explained: dict[str, Explained]) -> pa.Table:
    rows = folder.table(SUPERPIXELS, list(SHOWN), pictures=paths)
    height, width = (pa.array([explained[path].size[side] for path in rows["picture"].to_pylist()]) for side in (0, 1))
    touches = pc.or_(
        pc.or_(pc.equal(rows["top"], 0), pc.equal(rows["left"], 0)),
        pc.or_(pc.equal(rows["bottom"], height), pc.equal(rows["right"], width)),
    )
    return rows.filter(pc.and_(pc.equal(rows["class_index"], class_index), touches))


def edge_of(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where the edge of a picture is, bool ``(h, w)``."""
    inside = np.zeros(size, bool)
    rows, columns = (max(1, round(WIDTH * side)) for side in size)
    inside[rows:-rows, columns:-columns] = True
    return ~inside


def _read(folder: AuditFolder, paths: list[str]) -> list[tuple[str, NDArray[Any]]]:
    rows = folder.table(THUMBNAILS, ["picture", "thumbnail"], pictures=paths).to_pylist()
    return [(row["picture"], _colours(row["thumbnail"])) for row in rows]


def _colours(thumbnail: bytes) -> NDArray[Any]:
    with PIL.Image.open(io.BytesIO(thumbnail)) as image:
        pixels = np.asarray(image.convert("RGB")) / 255.0
    rows, columns = (max(1, round(_OUTERMOST * side)) for side in pixels.shape[:2])
    sides = (pixels[:rows], pixels[-rows:], pixels[:, :columns].swapaxes(0, 1), pixels[:, -columns:].swapaxes(0, 1))
    return np.concatenate(
        [piece.mean(axis=(0, 1)) for side in sides for piece in np.array_split(side, _PIECES, axis=1)]
    )
