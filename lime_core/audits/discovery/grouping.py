"""Everything that an audit's superpixels are grouped by: the network's features, edges, and colour casts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lime_core.audits.discovery.casts import cast_groups
from lime_core.audits.discovery.concepts import make_groups
from lime_core.audits.discovery.edges import edge_groups
from lime_core.audits.discovery.groups import grouped, joined, likeness_of, means_of
from lime_core.audits.discovery.patches import read_patches
from lime_core.audits.discovery.suspicions import suspicions
from lime_core.audits.storage.tables import SUPERPIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.audit_folder import AuditFolder


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The groups of an audit.

    Attributes
    ----------
    patches : Patches
    groups : list of Group
        By falling share of the evidence.
    reasons : list of tuple of str
        Why each group may not be the thing itself; they use no experiment.
    means : ndarray of float32, shape (parts, D)
        Mean description of each part of the groups, of unit length.
    """

    patches: Patches
    groups: list[Group]
    reasons: list[tuple[str, ...]]
    means: NDArray[np.float32]


def group_audit(folder: AuditFolder, explained: dict[str, Explained], seed: int) -> Grouping | None:
    """Return the groups of an audit; None where fewer than two superpixels have evidence and features.

    Parameters
    ----------
    folder : AuditFolder
        Its explanations, superpixels and thumbnails are read.
    explained : dict
        From `lime_core.audits.discovery.concepts.read_explained`.
    seed : int
    """
    patches = read_patches(folder, seed)
    if patches is None:
        return None
    parts = grouped(patches.descriptions, seed)
    numbers = joined(parts, likeness_of(patches.descriptions, parts), patches.pictures, patches.boxes)
    means = means_of(patches.descriptions, parts)
    total = _evidence(folder)
    groups = make_groups(patches, parts, numbers, explained, total)
    casts = cast_groups(folder, patches, explained, total, seed)  # of the patches without those that edges add
    patches, edges = edge_groups(folder, patches, explained, total, seed)
    groups = sorted(groups + edges + casts, key=lambda group: -group.share)
    return Grouping(patches, groups, [suspicions(group, patches, explained) for group in groups], means)


def _evidence(folder: AuditFolder) -> float:
    """Return the sum of all positive coefficients."""
    coefficients = folder.table(SUPERPIXELS, ["coefficient"])["coefficient"].to_numpy()
    return float(np.maximum(coefficients, 0).sum(dtype=np.float64))
