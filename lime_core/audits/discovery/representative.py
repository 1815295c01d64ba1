"""The pictures worth looking at: SP-LIME's submodular pick on pictures × concepts.

Ribeiro, Singh and Guestrin, "Why should I trust you?", KDD 2016, section 4 and Algorithm 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lime_core.audits.storage.findings import Representative
from lime_core.audits.storage.tables import EXPLANATIONS, SUPERPIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.audits.storage.audit_folder import AuditFolder

    Floats = NDArray[np.float64]

RANDOM_PICKS: Final = 1000
_KEYS: Final = ["picture", "class_index", "superpixel"]


def representative(folder: AuditFolder, members: pa.Table, seed: int, picks: int = 10) -> Representative:
    """Pick the pictures that show most of what the model looks at.

    Parameters
    ----------
    folder : AuditFolder
        The audit; its explanations and superpixels are read.
    members : pyarrow.Table
        Which superpixels belong to which concept, by the schema of `MEMBERS`.
    seed : int
        Of the random picks that the coverage is compared with.
    picks : int
        At most so many pictures, B in the paper.

    Returns
    -------
    representative : Representative
        Without pictures where there are no concepts to cover.
    """
    paths = sorted(folder.table(EXPLANATIONS, ["picture"])["picture"].unique().to_pylist())
    weights = evidence_of_concepts(folder, members, paths)
    order = submodular_pick(weights, picks)
    return Representative(
        pictures=tuple(paths[index] for index in order),
        coverage=tuple(coverage_of(weights, np.array([order], dtype=np.intp).reshape(1, -1))[0].tolist()),
        random_coverage=_random_coverage(weights, len(order), np.random.default_rng(seed)),
    )


def evidence_of_concepts(folder: AuditFolder, members: pa.Table, paths: list[str]) -> Floats:
    """Return W, float64 ``(pictures, concepts)``: the sum of the members' absolute coefficients in each picture."""
    if not len(members):
        return np.zeros((len(paths), 0))
    superpixels = folder.table(SUPERPIXELS, [*_KEYS, "coefficient"])
    rows = members.join(superpixels, _KEYS, join_type="inner")
    pictures = pc.index_in(rows["picture"], pa.array(paths, pa.string()))
    known = pc.is_valid(pictures)
    rows, index = rows.filter(known), pictures.filter(known).to_numpy()
    weights = np.zeros((len(paths), pc.max(members["concept"]).as_py() + 1))
    np.add.at(weights, (index, rows["concept"].to_numpy()), np.abs(rows["coefficient"].to_numpy()))
    return weights


def submodular_pick(weights: Floats, picks: int) -> list[int]:
    """Return the greedy pick of Algorithm 2.

    Each step takes the picture that adds most importance ``I_j = sqrt(sum_i |W_ij|)`` of concepts not yet covered. The
    paper leaves open what is picked once nothing can be added: here all concepts count as new again, so that further
    pictures show each concept once more. Of equal pictures the one with more evidence in all is picked, then the first.

    Parameters
    ----------
    weights : ndarray of float64, shape (pictures, concepts)
        W of the paper.
    picks : int
        B of the paper.

    Returns
    -------
    order : list of int
        Rows of `weights`; at most `picks`, and none without any evidence.
    """
    present, importance, evidence = weights != 0, _importance(weights), np.abs(weights).sum(axis=1)
    free = present.any(axis=1)
    uncovered = importance.copy()
    order: list[int] = []
    while len(order) < picks and free.any():
        gains = np.where(free, present @ uncovered, -1.0)
        if gains.max() <= 0:
            uncovered = importance.copy()
            continue
        # Sums in another order differ in their last bits.
        best = np.flatnonzero(gains >= gains.max() * (1 - 1e-12))
        chosen = int(best[np.argmax(evidence[best])])
        order.append(chosen)
        free[chosen] = False
        uncovered[present[chosen]] = 0
    return order


def coverage_of(weights: Floats, orders: NDArray[np.intp]) -> Floats:
    """Return the share of all importance that the first 1, 2, ... pictures cover.

    Parameters
    ----------
    weights : ndarray of float64, shape (pictures, concepts)
    orders : ndarray of int, shape (D, B)
        Rows of `weights`, one pick a row.

    Returns
    -------
    coverage : ndarray of float64, shape (D, B)
        In 0..1.
    """
    importance = _importance(weights)
    covered = np.logical_or.accumulate(weights[orders] != 0, axis=1)
    total = importance.sum()
    return np.zeros(orders.shape) if total == 0 else np.minimum(covered @ importance / total, 1.0)


def _importance(weights: Floats) -> Floats:
    importance: Floats = np.sqrt(np.abs(weights).sum(axis=0))
    return importance


def _random_coverage(weights: Floats, picks: int, rng: np.random.Generator) -> tuple[tuple[float, float, float], ...]:
    if picks == 0:
        return ()
    orders = np.stack([rng.choice(len(weights), picks, replace=False) for _ in range(RANDOM_PICKS)])
    coverage = coverage_of(weights, orders)
    low, high = np.quantile(coverage, (0.025, 0.975), axis=0)
    rows = np.stack([coverage.mean(axis=0), low, high], axis=1)
    return tuple((float(mean), float(least), float(most)) for mean, least, most in rows)
