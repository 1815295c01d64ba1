"""Which groups are tested, on which pictures, and what the tests say."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lime_core.audits.discovery.edges import edge_of
from lime_core.audits.discovery.effects import FEWEST_PICTURES, benjamini_hochberg
from lime_core.audits.discovery.proof import MOST_PICTURES, MOST_RECIPIENTS, Held, Peer
from lime_core.audits.discovery.suspicions import surrounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.grouping import Grouping
    from lime_core.audits.discovery.holding import Finder
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.discovery.proof import Bench
    from lime_core.audits.discovery.views import Region, View, Views
    from lime_core.audits.storage.findings import Experiment

MOST_TESTED: Final = 24  # groups, those with the most evidence
LEVEL: Final = 0.05
_OTHERS: Final = 40  # pictures from which random regions are laid into others
_LOOKED_AT: Final = 100  # pictures of a class, in which a concept is looked for
_ENOUGH: Final = 8  # pictures that hold it
_LEFT: Final = 0.25  # of a region, where stronger concepts are hidden


@dataclass(frozen=True, slots=True)
class Proof:
    """The two experiments with a group.

    Attributes
    ----------
    take_away, add : Experiment or None
        None where there were too few pictures.
    p_adjusted : float
        By Benjamini–Hochberg over the groups tested; NaN where one of the experiments is missing.
    surrounding, pictures : int
        In how many of the pictures from which it was taken away it surrounds the middle, and how many those are.
    """

    take_away: Experiment | None = None
    add: Experiment | None = None
    p_adjusted: float = math.nan
    surrounding: int = 0
    pictures: int = 0

    @property
    def proven(self) -> bool:
        """Whether both experiments move the class: their intervals are above 0, and the adjusted p is at most 5 %."""
        both = (self.take_away, self.add)
        return self.p_adjusted <= LEVEL and all(each is not None and each.interval[0] > 0 for each in both)


@dataclass(frozen=True, eq=False)
class Tester:
    """What experiments need."""

    grouping: Grouping
    explained: dict[str, Explained]
    views: Views
    finder: Finder
    bench: Bench
    seed: int

    @property
    def patches(self) -> Patches:
        """The grouped superpixels."""
        return self.grouping.patches

    def test(self, on_progress: Callable[[int, int], object]) -> list[Proof]:
        """Return the proof of each group; no more than `MOST_TESTED` in enough pictures are tested.

        Those with a reason not to be the thing itself come first, since only they can be shortcuts; the reasons know
        nothing of the experiments. Of the others those with the most evidence are tested.
        """
        groups, reasons = self.grouping.groups, self.grouping.reasons
        tested = [number for number, group in enumerate(groups) if len(self._pictures(group)) >= FEWEST_PICTURES]
        # Evidence of what is spread over the whole picture is never the most.
        tested.sort(key=lambda number: (not (groups[number].edges or groups[number].cast), not reasons[number]))
        proofs = [Proof()] * len(groups)
        for done, number in enumerate(tested[:MOST_TESTED]):
            # Each group has a seed of its own, so that its proof does not depend on those before it.
            proofs[number] = self._tested(groups[number], np.random.default_rng([self.seed, 7, number]))
            on_progress(done + 1, len(tested[:MOST_TESTED]))
        return _adjusted(proofs)

    def alone(self, number: int, stronger: Sequence[Group]) -> Experiment | None:
        """Take a group away where stronger ones of its class are hidden already; None where too little of it is left.

        What lies beside a strong shortcut seems to move the class as well, because hiding it hides an edge of that.

        Parameters
        ----------
        number : int
            Of the group.
        stronger : sequence of Group
            Colour casts cannot be hidden and are left out.
        """
        group = self.grouping.groups[number]
        kept = []
        for item in self._held(group):
            gone = np.zeros_like(item.region)
            for other in stronger:
                gone |= self._region(other, item.view)
            rest = item.region & ~gone
            if rest.sum() >= _LEFT * item.region.sum():
                kept.append(replace(item, region=rest, gone=gone))
        if len(kept) < FEWEST_PICTURES:
            return None
        return self.bench.take_away(kept, [], group.class_index, np.random.default_rng([self.seed, 11, number]))

    def _tested(self, group: Group, rng: np.random.Generator) -> Proof:
        held = self._held(group)
        holding = {item.view.path for item in held} | {str(path) for path in self.patches.pictures[group.rows]}
        without = [path for path in self.explained if path not in holding]
        same, elsewhere = (
            [path for path in without if (self.explained[path].predicted == group.class_index) is wanted]
            for wanted in (True, False)
        )
        alike = self._some(same, MOST_PICTURES, group)
        peers = alike if len(alike) >= FEWEST_PICTURES else self._some(elsewhere, MOST_PICTURES, group)
        named = [Peer(view, self.explained[view.path].predicted) for view in peers]
        away = self.bench.take_away(held, named, group.class_index, rng)
        recipients = self._some(elsewhere, MOST_RECIPIENTS, group)
        add = self.bench.add(held, recipients, self._some(without, _OTHERS, group), group.class_index, rng)
        return Proof(away, add, surrounding=sum(surrounds(item.region) for item in held), pictures=len(held))

    def _pictures(self, group: Group) -> NDArray[Any]:
        return np.unique(self.patches.pictures[group.of_class(self.patches)].astype(str))

    def _held(self, group: Group) -> list[Held]:
        """Return pictures that hold a concept, with the place.

        They are chosen by their looks among those explained for its class, not by its evidence: superpixels that were
        chosen because they had much would seem to move the class more than random ones do. Only where fewer than
        `_ENOUGH` look like that, those of the group that look otherwise are added.
        """
        known = self._pictures(group)
        if group.cast is not None:
            return [Held(view, np.ones(view.labels.shape, bool), np.array(group.cast)) for view in self._some(known)]
        if group.edges:
            return [Held(view, edge_of(view.labels.shape)) for view in self._some(known)]
        looked_at = set(self.patches.pictures[self.patches.classes == group.class_index].astype(str))
        held: dict[str, Held] = {}
        least = self._least(group)
        for view in self._in_order(looked_at, _LOOKED_AT):
            if spots := self.finder.seen(view, group.parts, least):
                held[view.path] = self.finder.held(view, spots, group.parts)
            if len(held) == MOST_PICTURES:
                break
        if len(held) < _ENOUGH:
            for view in self._some(set(known) - set(held), _ENOUGH - len(held)):
                held[view.path] = self.finder.held(view, self._members(group, view), group.parts)
        return list(held.values())

    def _region(self, group: Group, view: View) -> Region:
        """Return where a concept is in any picture, bool ``(h, w)``."""
        if group.cast is not None:
            return np.zeros(view.labels.shape, bool)
        if group.edges:
            inside = view.path in self._pictures(group)
            return edge_of(view.labels.shape) if inside else np.zeros(view.labels.shape, bool)
        spots = [*self._members(group, view), *self.finder.seen(view, group.parts, self._least(group))]
        return self.finder.held(view, spots, group.parts).region if spots else np.zeros(view.labels.shape, bool)

    def _members(self, group: Group, view: View) -> list[int]:
        rows = group.of_class(self.patches)
        found: list[int] = self.patches.superpixels[rows[self.patches.pictures[rows] == view.path]].tolist()
        return found

    def _least(self, group: Group) -> float:
        return self.finder.least(self.patches.descriptions[group.of_class(self.patches)], group.parts)

    def _some(self, paths: Iterable[str], most: int = MOST_PICTURES, unlike: Group | None = None) -> list[View]:
        """Return the first of the pictures, without those in which something looks like the group `unlike`."""
        views = self._in_order(paths, most)
        if unlike is None or not len(unlike.parts):
            return list(views)
        least = self._least(unlike)
        return [view for view in views if not self.finder.seen(view, unlike.parts, least)]

    def _in_order(self, paths: Iterable[str], most: int) -> Iterator[View]:
        """Yield the first of the pictures in a random order, the same for all groups, so that they share pictures.

        Each is read when it is asked for; those that cannot be read any more are left out.
        """
        for path in sorted((str(path) for path in paths), key=self._order.__getitem__)[:most]:
            view = self.views.get(path)
            if view is not None:
                yield view

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
        proofs[number] = replace(proofs[number], p_adjusted=p)
    return proofs
