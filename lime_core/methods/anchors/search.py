"""The search for an anchor: a beam of growing sets, between which KL-LUCB decides by asking [1]_.

References
----------
.. [1] Ribeiro, Singh and Guestrin, "Anchors: High-Precision Model-Agnostic Explanations", AAAI 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lime_core.methods.anchors.bounds import exploration_level, kl_bounds
from lime_core.methods.anchors.pool import Anchor, Pool

PRECISION = 0.95  # τ: an anchor keeps the answer in at least this share of its perturbed pictures
ERROR = 0.05  # δ: that bounds are missed
TOLERANCE = 0.05  # the lower bound may lie so far below τ, as in the paper's own code
_APART = 0.15  # ε: candidates of the beam are told apart from the others up to this difference
_BEAM = 4
_SAMPLES_OF_PARENT = 64  # of each set of the beam, before it is extended: each extension is shown in half of them
_BATCH = 16

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """The anchor of one answer.

    Attributes
    ----------
    anchor : tuple of int
        Its superpixels.
    kept, samples : int
        In how many samples of the anchor the answer is kept, and how many there are.
    low, high : float
        Bounds of its precision; 95 %, for all candidates of its size together.
    """

    anchor: Anchor
    kept: int
    samples: int
    low: float
    high: float

    @property
    def precision(self) -> float:
        """The share of samples in which the answer is kept; 0 without samples."""
        return self.kept / max(self.samples, 1)

    @property
    def holds(self) -> bool:
        """Whether its precision is shown to be high enough."""
        return self.samples > 0 and self.precision >= PRECISION and self.low >= PRECISION - TOLERANCE


def find_anchor(pool: Pool, column: int, allowance: int) -> Found:
    """Return the smallest anchor that is found for one answer, or else the set with the highest lower bound.

    No superpixel can be left out of an anchor that is returned: without it, the rest was not shown to hold.

    Parameters
    ----------
    pool : Pool
        The samples so far; new ones are added to it.
    column : int
        Which answer of the pool.
    allowance : int
        The most pictures to ask about.
    """
    search = _Search(pool, column, pool.calls + allowance)
    found = search.checked((), candidates=1)
    best, beam = found, [found.anchor]
    while not found.holds and search.left > 0 and len(beam[0]) < pool.superpixels:
        candidates, beam = search.extended(beam)
        checked = [search.checked(anchor, candidates) for anchor in beam]
        found = max(checked, key=lambda each: (each.holds, each.low))
        best = found if found.holds else max(best, found, key=lambda each: each.low)
    return search.pruned(best) if best.holds else best


class _Search:
    def __init__(self, pool: Pool, column: int, end: int) -> None:
        self._pool, self._column, self._end = pool, column, end

    @property
    def left(self) -> int:
        return min(self._end - self._pool.calls, self._pool.left)

    def checked(self, anchor: Anchor, candidates: int) -> Found:
        """Ask about an anchor until it holds, its precision falls below τ, or nothing may be asked any more."""
        while True:
            found = self._found(anchor, candidates)
            promising = found.precision >= PRECISION or found.samples == 0
            if found.holds or not promising or not self._draw([anchor], _BATCH):
                return self._found(anchor, candidates)

    def pruned(self, found: Found) -> Found:
        """Return an anchor without the superpixels that it does not need: the beam may have begun with one of them."""
        for superpixel in found.anchor:
            others = tuple(each for each in found.anchor if each != superpixel)
            smaller = self.checked(others, len(found.anchor))
            if smaller.holds:
                return self.pruned(smaller)
        return found

    def extended(self, beam: list[Anchor]) -> tuple[int, list[Anchor]]:
        """Return how many sets have one superpixel more than those of a beam, and the best of them.

        At most a quarter of what may still be asked is spent on telling them apart: what is left later decides whether
        an anchor can be shown to hold.
        """
        enough = self._pool.calls + self.left // 4
        for anchor in beam:
            missing = _SAMPLES_OF_PARENT - self._pool.counts(anchor, self._column)[1]
            if missing > 0:
                self._draw([anchor], missing, enough)
        arms = _Arms(self._pool, self._column, beam)
        look = 1
        while (doubtful := arms.doubtful(look)) and self._draw([arms.anchors[row] for row in doubtful], _BATCH, enough):
            arms.count_again(doubtful)
            look += 1
        return len(arms.anchors), arms.best()

    def _draw(self, anchors: list[Anchor], samples: int, end: int | None = None) -> bool:
        allowance = self.left if end is None else min(self.left, end - self._pool.calls)
        return self._pool.draw(anchors, samples, allowance)

    def _found(self, anchor: Anchor, candidates: int) -> Found:
        kept, samples = self._pool.counts(anchor, self._column)
        level = math.log(2 * candidates / ERROR)
        low, high = kl_bounds(np.array([kept], np.float64), np.array([samples], np.float64), level)
        return Found(anchor, kept, samples, float(low[0]), float(high[0]))


class _Arms:
    """The extensions of a beam, each of them an arm of a bandit; their means are told apart by KL-LUCB."""

    def __init__(self, pool: Pool, column: int, beam: list[Anchor]) -> None:
        self._pool, self._column = pool, column
        rows: dict[frozenset[int], tuple[Anchor, float, float]] = {}
        for parent in beam:
            kept, counts = pool.counts_of_extensions(parent, column)
            for superpixel in set(range(pool.superpixels)) - set(parent):
                # A set that two parents lead to counts the same samples.
                rows.setdefault(
                    frozenset((*parent, superpixel)), ((*parent, superpixel), kept[superpixel], counts[superpixel])
                )
        anchors, kept_of_each, counts_of_each = zip(*rows.values(), strict=True)
        self.anchors: list[Anchor] = list(anchors)
        self._kept: Floats = np.array(kept_of_each)
        self._counts: Floats = np.array(counts_of_each)

    def best(self) -> list[Anchor]:
        """Return those with the highest means, best first."""
        return [self.anchors[row] for row in self._ranked()[:_BEAM]]

    def doubtful(self, look: int) -> list[int]:
        """Return the worst of the best and the best of the others while these may be confused; else nothing."""
        ranked = self._ranked()
        inside, outside = ranked[:_BEAM], ranked[_BEAM:]
        if not len(outside):
            return []
        low, high = kl_bounds(self._kept, self._counts, exploration_level(len(self.anchors), look, ERROR))
        weakest, strongest = inside[np.argmin(low[inside])], outside[np.argmax(high[outside])]
        return [int(weakest), int(strongest)] if high[strongest] - low[weakest] > _APART else []

    def count_again(self, rows: list[int]) -> None:
        """Take new samples of some of them into account."""
        for row in rows:
            self._kept[row], self._counts[row] = self._pool.counts(self.anchors[row], self._column)

    def _ranked(self) -> NDArray[np.intp]:
        return np.argsort(-self._kept / np.maximum(self._counts, 1), kind="stable")
