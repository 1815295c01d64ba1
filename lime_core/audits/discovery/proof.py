"""Two experiments with a concept: take it away from pictures that hold it, and add it to others."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from lime_core.answers.classes import explainable
from lime_core.audits.discovery.effects import FEWEST_PICTURES, experiment, unpaired
from lime_core.audits.discovery.views import painted_over, random_region, recoloured, turned
from lime_core.errors import ModelError
from lime_core.models.protocol import outputs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lime_core.audits.discovery.views import Pixels, Region, View
    from lime_core.audits.storage.findings import Experiment
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec

    Floats = NDArray[np.float64]

MOST_PICTURES: Final = 20  # in each experiment
MOST_RECIPIENTS: Final = 40
# Of each picture, besides the whole one: the fewer pictures there are the more.
PERTURBATIONS: Final = (3, 6)
_PERTURBED: Final = 60
# Random regions in the place of each region of the concept: likewise.
CONTROLS: Final = (2, 8)
_CONTROLLED: Final = 48
ADDED: Final = 2  # concepts of other pictures that are laid into each recipient, and as many random regions
LARGE: Final = 1 / 3  # of a picture
_BATCH: Final = 32
_VALUES: Final = "output"  # the unit of values that are no probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A picture that holds a concept.

    Attributes
    ----------
    view : View
    region : ndarray of bool, shape (h, w)
        Where the concept is, with the parts of the same thing beside it.
    cast : ndarray of float, shape (3,), or None
        Of a colour cast over the whole picture: the logarithms of the factors of red, green and blue.
    gone : ndarray of bool, shape (h, w), or None
        What is hidden in everything that is asked about the picture.
    """

    view: View
    region: Region
    cast: Floats | None = None
    gone: Region | None = None


class Peer(NamedTuple):
    """A picture without a concept, and the class that it is taken for."""

    view: View
    class_index: int


class Bench:
    """Asks the model what it makes of changed pictures.

    Parameters
    ----------
    classifier : Classifier
    spec : ExplainSpec
        Effects are in the unit of its target; of a model that returns values, in those.
    """

    def __init__(self, classifier: Classifier, spec: ExplainSpec) -> None:
        outputs_are = outputs_of(classifier)
        self._classifier, self._target = classifier, explainable(spec, outputs_are).target
        self._unit = _VALUES if outputs_are == "values" else self._target.unit
        self.calls = 0

    @property
    def unit(self) -> str:
        """Unit of effects."""
        return self._unit

    def ask(self, pictures: Iterable[Pixels], class_index: int) -> Floats:
        """Return the target values of a class for pictures, float64 ``(B,)``; some are in memory at a time."""
        found = []
        remaining = iter(pictures)
        while batch := list(itertools.islice(remaining, _BATCH)):
            outputs = np.asarray(self._classifier.predict(np.stack(batch)))
            if outputs.ndim != 2 or len(outputs) != len(batch) or not np.isfinite(outputs[:, class_index]).all():
                raise ModelError(
                    f"The model must return one row of finite outputs a picture; got the shape {outputs.shape} for "
                    f"{len(batch)} pictures."
                )
            found.append(self._target.values(outputs)[:, class_index])
            self.calls += len(batch)
        return np.concatenate(found) if found else np.zeros(0)

    def take_away(
        self, held: Sequence[Held], peers: Sequence[Peer], class_index: int, rng: np.random.Generator
    ) -> Experiment | None:
        """Hide a concept in the pictures that hold it, beside random superpixels of the same size.

        Each picture is asked about as it is, and with random halves of its superpixels hidden, which are the same with
        the concept and without. What is hidden shows a blur of everything but the region in question. A concept that
        takes more than `LARGE` of its pictures leaves nothing but the thing itself for random superpixels: it is
        compared with hiding the same places in pictures without it, each of them once and asked about the class that
        it is taken for itself, where there are enough. A colour cast is undone instead, beside other changes of the hue
        that are as strong.

        Parameters
        ----------
        held : sequence of Held
        peers : sequence of Peer
        """
        halves = _number(_PERTURBED, held, PERTURBATIONS)
        local = not any(item.cast is not None for item in held)
        if local and len(peers) >= FEWEST_PICTURES and np.mean([item.region.mean() for item in held]) > LARGE:
            places = [item.region for item in held]
            pairs = (_with_and_without(item, item.region, _halves(item.view, halves, rng)) for item in held)
            others = [
                self._moved([_with_and_without(Held(view, place), place, _halves(view, halves, rng))], own, halves)
                for (view, own), place in zip(peers, itertools.cycle(places), strict=False)
            ]
            return unpaired(self._moved(pairs, class_index, halves), np.concatenate(others), self.unit)
        controls = _number(_CONTROLLED, held, CONTROLS)
        moved_by = self._moved((_pairs_of(item, controls, halves, rng) for item in held), class_index, halves)
        by_picture = moved_by.reshape(len(held), 1 + controls)
        return experiment(by_picture[:, 0], by_picture[:, 1:].mean(axis=1), self.unit)

    def _moved(self, pairs: Iterable[Iterable[tuple[Pixels, Pixels]]], class_index: int, halves: int) -> Floats:
        """Return how much each region moves the class, over the whole picture and its halves."""
        values = self.ask((picture for each in pairs for pair in each for picture in pair), class_index)
        by_region = values.reshape(-1, 1 + halves, 2)
        moved: Floats = (by_region[..., 0] - by_region[..., 1]).mean(axis=1)
        return moved

    def add(
        self,
        held: Sequence[Held],
        recipients: Sequence[View],
        others: Sequence[View],
        class_index: int,
        rng: np.random.Generator,
    ) -> Experiment | None:
        """Lay a concept into pictures of other classes, beside the same place of random pictures without it.

        A colour cast is laid over them, beside other casts that are as strong. Otherwise every picture that holds the
        concept gives it equally often, and the result is the weaker one of two: over the pictures that got it, and over
        those that gave it. Forty recipients of four patches are four cases rather than forty.

        Parameters
        ----------
        held : sequence of Held
        recipients : sequence of View
            Pictures of other classes.
        others : sequence of View
            Pictures without the concept.
        """
        if not held or not others or not recipients:
            return None
        shape = (len(recipients), ADDED)
        donors, sources = (_in_turn(len(each), shape, rng) for each in (held, others))
        pictures = (
            picture
            for view, given, taken in zip(recipients, donors, sources, strict=True)
            for picture in _with_additions(view, [held[i] for i in given], [others[i] for i in taken], rng)
        )
        values = self.ask(pictures, class_index).reshape(len(recipients), 1 + 2 * ADDED)
        moved = values[:, 1:] - values[:, :1]
        concept, random = moved[:, :ADDED], moved[:, ADDED:]
        over_recipients = experiment(concept.mean(axis=1), random.mean(axis=1), self.unit)
        if held[0].cast is not None or over_recipients is None:
            return over_recipients
        given = [_means_by(donors, values, len(held)) for values in (concept, random)]
        over_donors = experiment(given[0], given[1], self.unit)
        return None if over_donors is None else max(over_recipients, over_donors, key=lambda each: each.p)


def _number(in_all: int, held: Sequence[Held], bounds: tuple[int, int]) -> int:
    return int(np.clip(in_all // max(len(held), 1), *bounds))


def _in_turn(count: int, shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return indices below `count` in random order, each as often as any other, give or take one."""
    wanted = shape[0] * shape[1]
    rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
    return np.concatenate(rounds)[:wanted].reshape(shape)


def _means_by(indices: NDArray[np.intp], values: Floats, count: int) -> Floats:
    """Return the mean of the values of each index that there is."""
    times = np.bincount(indices.ravel(), minlength=count)
    sums = np.bincount(indices.ravel(), values.ravel(), minlength=count)
    means: Floats = sums[times > 0] / times[times > 0]
    return means


def _pairs_of(item: Held, controls: int, count: int, rng: np.random.Generator) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield a picture with a region and without it, whole and with halves hidden: the concept's, then each control."""
    halves = _halves(item.view, count, rng)
    if item.cast is not None:
        yield from _under_casts(item.view, [-item.cast, *(turned(-item.cast, rng) for _ in range(controls))], halves)
        return
    yield from _with_and_without(item, item.region, halves)
    for _ in range(controls):
        yield from _with_and_without(item, random_region(item.view, item.region, rng, item.gone), halves)


def _with_and_without(
    item: Held, region: Region, halves: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[Pixels, Pixels]]:
    view, gone = item.view, np.zeros_like(region) if item.gone is None else item.gone
    fill = painted_over(view.pixels, region | gone)
    for away in [np.zeros_like(region), *(each[view.labels] for each in halves)]:
        yield _laid(view.pixels, fill, (away & ~region) | gone), _laid(view.pixels, fill, away | region | gone)


def _under_casts(
    view: View, casts: Sequence[Floats], halves: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[Pixels, Pixels]]:
    fill = painted_over(view.pixels, np.zeros(view.labels.shape, bool))
    shown = [view.pixels, *(_laid(view.pixels, fill, each[view.labels]) for each in halves)]
    for cast in casts:
        yield from ((pixels, recoloured(pixels, cast)) for pixels in shown)


def _with_additions(
    view: View, donors: Sequence[Held], others: Sequence[View], rng: np.random.Generator
) -> Iterator[Pixels]:
    """Yield a picture as it is, with the concept of each donor laid into it, and with the same places of others."""
    yield view.pixels
    cast = donors[0].cast
    if cast is not None:
        yield from (recoloured(view.pixels, cast) for _ in donors)
        yield from (recoloured(view.pixels, turned(cast, rng)) for _ in donors)
        return
    for donor in donors:
        yield _laid(view.pixels, donor.view.pixels, donor.region)
    for donor, other in zip(donors, others, strict=True):
        yield _laid(view.pixels, other.pixels, donor.region)


def _halves(view: View, number: int, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    return [rng.random(view.superpixels) < 0.5 for _ in range(number)]


def _laid(pixels: Pixels, donor: Pixels, region: Region) -> Pixels:
    laid = pixels.copy()
    np.copyto(laid, donor, where=np.repeat(region.ravel(), 3).reshape(pixels.shape))  # a third of the time of `where`
    return laid
