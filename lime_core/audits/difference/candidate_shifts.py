"""What has become of the shortcut candidates of two audits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lime_core.audits.difference.difference import CandidateShift

if TYPE_CHECKING:
    from lime_core.audits.difference.pairs import Evidence, Pairing
    from lime_core.audits.storage.findings import Findings, ShortcutCandidate

_SAME = 1 / 3  # of the superpixels of the smaller one
_NORMAL_95 = 1.96

Members = frozenset[tuple[int, int]]


def candidate_shifts(
    pairing: Pairing,
    evidence: Evidence,
    errors: NDArray[np.float64],
    moved: NDArray[np.bool_],
    findings: tuple[Findings, Findings],
) -> tuple[CandidateShift, ...]:
    """Return what has become of every candidate of both audits.

    Parameters
    ----------
    pairing : Pairing
    evidence : Evidence
    errors : ndarray of float64, shape (M,)
        Standard errors of the differences.
    moved : ndarray of bool, shape (M,)
        Which of them are beyond their error bars.
    findings : two Findings
        Of either audit.
    """
    members = [
        [(candidate, _members(found, candidate, positions)) for candidate in found.shortcut_candidates]
        for found, positions in zip(findings, _positions(pairing), strict=True)
    ]
    shared = _Shared(_rows(pairing, evidence), evidence, errors, moved)
    return tuple(
        shared.shift(candidate, own, audit=name, also_in_other=_has(members[1 - side], candidate.class_name, own))
        for side, name in enumerate("ab")
        for candidate, own in members[side]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    rows: dict[tuple[int, str], tuple[int, int]]
    evidence: Evidence
    errors: NDArray[np.float64]
    moved: NDArray[np.bool_]

    def shift(
        self, candidate: ShortcutCandidate, members: Members, *, audit: str, also_in_other: bool
    ) -> CandidateShift:
        before, after = self.evidence.coefficients
        held: dict[int, set[int]] = {}
        for position, superpixel in members:
            held.setdefault(position, set()).add(superpixel)
        everywhere: list[int] = []
        own: list[int] = []
        for position, superpixels in held.items():
            start, end = self.rows.get((position, candidate.class_name), (0, 0))
            everywhere += range(start, end)
            compared = (row for row in range(start, end) if np.isfinite(self.errors[row]))
            own += [row for row in compared if int(self.evidence.superpixel[row]) in superpixels]
        change = after[own] - before[own]
        mean, half = math.nan, math.nan
        if own:
            mean, half = float(change.mean()), _NORMAL_95 * float(np.sqrt((self.errors[own] ** 2).sum())) / len(own)
        return CandidateShift(
            class_name=candidate.class_name,
            concept=candidate.concept,
            audit=audit,
            also_in_other=also_in_other,
            superpixels=len(own),
            pictures=len({self.evidence.key[row] for row in own}),
            share=(_share(before, own, everywhere), _share(after, own, everywhere)),
            change=mean,
            interval=(mean - half, mean + half),
            grown=int(np.count_nonzero(self.moved[own] & (change > 0))),
        )


def _share(coefficients: NDArray[np.float64], own: list[int], everywhere: list[int]) -> float:
    """Return the share of the positive evidence; NaN where there is none."""
    total = float(np.maximum(coefficients[everywhere], 0).sum())
    return float(np.maximum(coefficients[own], 0).sum()) / total if total > 0 else math.nan


def _positions(pairing: Pairing) -> tuple[dict[str, int], dict[str, int]]:
    return (
        {before.path: position for position, (before, _) in enumerate(pairing.pairs)},
        {after.path: position for position, (_, after) in enumerate(pairing.pairs)},
    )


def _members(found: Findings, candidate: ShortcutCandidate, positions: dict[str, int]) -> Members:
    """Return pictures and superpixels of a candidate, as far as both audits have the picture."""
    return frozenset(
        (positions[patch.picture], patch.superpixel)
        for concept in found.concepts
        if concept.number == candidate.concept
        for patch in concept.patches
        if patch.picture in positions
    )


def _has(candidates: list[tuple[ShortcutCandidate, Members]], class_name: str, own: Members) -> bool:
    return any(
        other.class_name == class_name and own and members and len(own & members) >= _SAME * min(len(own), len(members))
        for other, members in candidates
    )


def _rows(pairing: Pairing, evidence: Evidence) -> dict[tuple[int, str], tuple[int, int]]:
    """Return first row and end of each explanation, by picture and by the class's name as the findings have it."""
    starts = np.searchsorted(evidence.key, np.arange(len(evidence.keys) + 1)).tolist()
    return {
        (position, name.removesuffix(f" ({pairing.pairs[position][0].classes[name]})")): (start, end)
        for (position, name), start, end in zip(evidence.keys, starts, starts[1:], strict=False)
    }
