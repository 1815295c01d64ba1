"""Which groups are tested, on which pictures, and what the tests say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lime_core.audits.discovery.proof import FEWEST_PICTURES, MOST_PICTURES, MOST_RECIPIENTS, benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.holding import Finder
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.discovery.proof import Bench, Held
    from lime_core.audits.discovery.views import View, Views
    from lime_core.audits.storage.findings import Experiment

MOST_TESTED: Final = 24  # groups, those with the most evidence
LEVEL: Final = 0.05
_OTHERS: Final = 40  # pictures from which random regions are laid into others


@dataclass(frozen=True, slots=True)
class Proof:
    """The two experiments with a group.

    Attributes
    ----------
    take_away, add : Experiment or None
        None where there were too few pictures.
    p_adjusted : float
        By Benjamini–Hochberg over the groups tested; NaN where one of the experiments is missing.
    """

    take_away: Experiment | None = None
    add: Experiment | None = None
    p_adjusted: float = math.nan

    @property
    def proven(self) -> bool:
        """Whether both experiments move the class: their intervals are above 0, and the adjusted p is at most 5 %."""
        both = (self.take_away, self.add)
        return self.p_adjusted <= LEVEL and all(each is not None and each.interval[0] > 0 for each in both)


@dataclass(frozen=True, eq=False)
class Tester:
    """What experiments need."""

    patches: Patches
    explained: dict[str, Explained]
    views: Views
    finder: Finder
    bench: Bench
    seed: int

    def test(self, groups: Sequence[Group], on_progress: Callable[[int, int], object]) -> list[Proof]:
        """Return the proof of each group; those beyond the first `MOST_TESTED` in enough pictures are not tested."""
        tested = [number for number, group in enumerate(groups) if len(self._pictures(group)) >= FEWEST_PICTURES]
        proofs = [Proof()] * len(groups)
        for done, number in enumerate(tested[:MOST_TESTED]):
            # Each group has a seed of its own, so that its proof does not depend on those before it.
            proofs[number] = self._tested(groups[number], np.random.default_rng([self.seed, 7, number]))
            on_progress(done + 1, len(tested[:MOST_TESTED]))
        return _adjusted(proofs)

    def _tested(self, group: Group, rng: np.random.Generator) -> Proof:
        held = self._held(group)
        holding = {str(path) for path in self.patches.pictures[group.rows]}
        without = [path for path in self.explained if path not in holding]
        same = [path for path in without if self.explained[path].predicted == group.class_index]
        away = self.bench.take_away(held, self._some(same, MOST_PICTURES), group.class_index, rng)
        elsewhere = [path for path in without if self.explained[path].predicted != group.class_index]
        add = self.bench.add(
            held, self._some(elsewhere, MOST_RECIPIENTS), self._some(without, _OTHERS), group.class_index, rng
        )
        return Proof(away, add)

    def _pictures(self, group: Group) -> NDArray[Any]:
        return np.unique(self.patches.pictures[group.of_class(self.patches)].astype(str))

    def _held(self, group: Group) -> list[Held]:
        rows = group.of_class(self.patches)
        pictures = self.patches.pictures[rows].astype(str)
        views = self._some({str(path) for path in pictures}, MOST_PICTURES)
        return [
            self.finder.held(view, self.patches.superpixels[rows[pictures == view.path]].tolist(), group.parts)
            for view in views
        ]

    def _some(self, paths: Iterable[str], most: int) -> list[View]:
        """Return the first of the pictures in a random order, the same for all groups, so that they share pictures.

        Those that cannot be read any more are left out.
        """
        drawn = sorted(paths, key=self._order.__getitem__)[:most]
        return [view for path in drawn if (view := self.views.get(path)) is not None]

    @cached_property
    def _order(self) -> dict[str, int]:
        paths = sorted(self.explained)
        ranks = np.random.default_rng([self.seed, 8]).permutation(len(paths))
        return dict(zip(paths, ranks.tolist(), strict=True))


def _adjusted(proofs: list[Proof]) -> list[Proof]:
    numbers, values = [], []
    for number, proof in enumerate(proofs):
        if proof.take_away is not None and proof.add is not None:
            numbers.append(number)
            values.append(max(proof.take_away.p, proof.add.p))
    for number, p in zip(numbers, benjamini_hochberg(values), strict=True):
        proofs[number] = Proof(proofs[number].take_away, proofs[number].add, p)
    return proofs
