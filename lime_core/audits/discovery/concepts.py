"""Concepts: groups of superpixels that the network sees alike, and what they speak for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lime_core.audits.discovery.groups import likeness_of
from lime_core.audits.storage.findings import Box, Patch
from lime_core.audits.storage.tables import EXPLANATIONS, MEMBERS, SCHEMAS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.audit_folder import AuditFolder

EDGE: Final = 0.25  # of a side: a superpixel whose middle is nearer to an edge is on the border


@dataclass(frozen=True, slots=True)
class Explained:
    """What an audit says about a picture.

    Attributes
    ----------
    label : str or None
        Its true class.
    predicted : int
        Index of the predicted class.
    correct : bool or None
        None where the true class is not known.
    size : (int, int)
        Height and width as explained.
    """

    label: str | None
    predicted: int
    correct: bool | None
    size: tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A concept before it was tested.

    Attributes
    ----------
    rows : ndarray of int
        Its patches, by falling evidence.
    parts : ndarray of int
        The parts of one thing that it consists of, see `lime_core.audits.discovery.groups.joined`.
    class_index : int
        The class that it speaks for most.
    shares : tuple of (int, float)
        Classes, and their shares of its evidence, falling.
    share : float
        Of all evidence of the audit.
    centre, border, corner : float
        Shares of its patches that speak for the class, at each place.
    likeness : float
        Mean cosine between the descriptions of two of its patches, within its parts.
    edges : bool
        Whether it is the edge of pictures whose edges look the same, see `lime_core.audits.discovery.edges`.
    cast : tuple of float or None
        Of a colour cast: the logarithms of the factors of red, green and blue, see `lime_core.audits.discovery.casts`.
    """

    rows: NDArray[np.intp]
    parts: NDArray[np.intp]
    class_index: int
    shares: tuple[tuple[int, float], ...]
    share: float
    centre: float
    border: float
    corner: float
    likeness: float
    edges: bool = False
    cast: tuple[float, ...] | None = None

    def of_class(self, patches: Patches) -> NDArray[np.intp]:
        """Return the patches that speak for its class, by falling evidence."""
        rows: NDArray[np.intp] = self.rows[patches.classes[self.rows] == self.class_index]
        return rows


def read_explained(folder: AuditFolder) -> dict[str, Explained]:
    """Return what an audit says about each picture, by path."""
    columns = ["picture", "label", "class_index", "role", "correct", "height", "width"]
    rows = folder.table(EXPLANATIONS, columns).to_pylist()
    return {
        row["picture"]: Explained(row["label"], row["class_index"], row["correct"], (row["height"], row["width"]))
        for row in rows
        if row["role"] == "predicted"
    }


def class_names(folder: AuditFolder) -> dict[int, str]:
    """Return the names of the classes that an audit explains, by index."""
    rows = folder.table(EXPLANATIONS, ["class_index", "class_name"]).to_pylist()
    return {row["class_index"]: row["class_name"] for row in rows}


def make_groups(
    patches: Patches, parts: NDArray[np.intp], numbers: NDArray[np.intp], explained: dict[str, Explained], total: float
) -> list[Group]:
    """Return the groups by falling share of the evidence.

    Parameters
    ----------
    patches : Patches
    parts, numbers : ndarray of int, shape (n,)
        The part of each patch, and the group that the part belongs to.
    explained : dict
        From `read_explained`.
    total : float
        All positive evidence of the audit.
    """
    places = np.array(
        [place_of(box, explained[path].size) for path, box in zip(patches.pictures, patches.boxes, strict=True)]
    )
    groups = [_group(patches, parts, np.flatnonzero(numbers == number), places, total) for number in np.unique(numbers)]
    return sorted(groups, key=lambda group: -group.share)


def _group(
    patches: Patches, parts: NDArray[np.intp], rows: NDArray[np.intp], places: NDArray[Any], total: float
) -> Group:
    rows = rows[np.argsort(-patches.coefficients[rows], kind="stable")]
    evidence = patches.coefficients[rows]
    classes = np.unique(patches.classes[rows])
    sums = np.array([evidence[patches.classes[rows] == index].sum() for index in classes])
    order = np.argsort(-sums, kind="stable")
    main = int(classes[order[0]])
    at = places[rows[patches.classes[rows] == main]]
    return Group(
        rows=rows,
        parts=np.unique(parts[rows]),
        class_index=main,
        shares=tuple((int(classes[i]), float(sums[i] / evidence.sum())) for i in order),
        share=float(evidence.sum() / total),
        centre=float((at == "centre").mean()),
        border=float((at == "border").mean()),
        corner=float((at == "corner").mean()),
        likeness=_likeness(patches.descriptions[rows], parts[rows]),
    )


def _likeness(descriptions: NDArray[np.float32], parts: NDArray[np.intp]) -> float:
    numbers = np.unique(parts, return_inverse=True)[1]
    sizes = np.bincount(numbers)
    return float(np.average(likeness_of(descriptions, numbers), weights=sizes))


def group_of_one_class(
    patches: Patches, explained: dict[str, Explained], rows: NDArray[np.intp], class_index: int, total: float
) -> Group:
    """Return a group of patches that look the same by other measures than the network's features.

    Parameters
    ----------
    patches : Patches
    explained : dict
        From `read_explained`.
    rows : ndarray of int
        The patches, all of the class.
    class_index : int
    total : float
        All positive evidence of the audit.
    """
    evidence = patches.coefficients[rows]
    at = np.array([place_of(patches.boxes[row], explained[str(patches.pictures[row])].size) for row in rows])
    return Group(
        rows=rows[np.argsort(-evidence, kind="stable")],
        parts=np.empty(0, np.intp),
        class_index=class_index,
        shares=((class_index, 1.0),),
        share=float(np.maximum(evidence, 0).sum() / total) if total else 0.0,
        centre=float((at == "centre").mean()),
        border=float((at == "border").mean()),
        corner=float((at == "corner").mean()),
        likeness=1.0,
    )


def place_of(box: NDArray[np.intp], size: tuple[int, int]) -> str:
    """Return where a superpixel is: its middle is near two edges (``corner``), one (``border``) or none (``centre``).

    Near is within `EDGE` of the picture's height or width.
    """
    top, left, bottom, right = (float(side) for side in box)
    vertical, horizontal = (top + bottom) / 2 / size[0], (left + right) / 2 / size[1]
    near = (min(vertical, 1 - vertical) < EDGE) + (min(horizontal, 1 - horizontal) < EDGE)
    return ("centre", "border", "corner")[near]


def patches_of(patches: Patches, rows: NDArray[np.intp]) -> tuple[Patch, ...]:
    """Return patches as findings show them."""
    return tuple(
        Patch(
            str(patches.pictures[row]),
            int(patches.superpixels[row]),
            box_of(patches.boxes[row]),
            float(patches.coefficients[row]),
        )
        for row in rows
    )


def box_of(box: NDArray[np.intp]) -> Box:
    """Return a box of plain numbers."""
    top, left, bottom, right = (int(side) for side in box)
    return Box(top=top, left=left, bottom=bottom, right=right)


def members_of(patches: Patches, groups: list[Group]) -> pa.Table:
    """Return which superpixel belongs to which concept, by the schema of `MEMBERS`."""
    rows = np.concatenate([group.rows for group in groups])
    numbers = np.repeat(np.arange(len(groups)), [len(group.rows) for group in groups])
    order = np.argsort(rows, kind="stable")
    rows, numbers = rows[order], numbers[order]
    columns = [patches.pictures[rows].tolist(), patches.classes[rows], patches.superpixels[rows], numbers]
    schema = SCHEMAS[MEMBERS]
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def counted_once(members: pa.Table, groups: list[Group]) -> pa.Table:
    """Return members of which each superpixel is in one concept: in an edge rather than in another; casts have none.

    Sums of evidence are true with them only: a colour cast is in no superpixel's evidence, its members are those of
    others.

    Parameters
    ----------
    members : pyarrow.Table
        From `members_of`.
    groups : list of Group
        In the order of the concepts' numbers.
    """
    no_cast = [number for number, group in enumerate(groups) if group.cast is None]
    members = members.filter(pc.is_in(members["concept"], pa.array(no_cast, members.schema.field("concept").type)))
    # Edges have the lower ranks.
    ranks = np.array([number + (0 if group.edges else len(groups)) for number, group in enumerate(groups)], np.int64)
    keys = ["picture", "class_index", "superpixel"]
    ranked = members.select(keys).append_column("rank", pa.array(ranks[members["concept"].to_numpy()]))
    lowest = ranked.group_by(keys, use_threads=False).aggregate([("rank", "min")])
    concepts = pa.array(lowest["rank_min"].to_numpy() % len(groups))
    return lowest.select(keys).append_column("concept", concepts).cast(SCHEMAS[MEMBERS])
