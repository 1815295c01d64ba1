"""Two experiments with a concept: take it away from pictures that hold it, and add it to others."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.views import painted_over, random_region, recoloured, turned
from lime_core.audits.storage.findings import Experiment
from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lime_core.audits.discovery.views import Pixels, Region, View
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec

    Floats = NDArray[np.float64]

MOST_PICTURES: Final = 20  # in each experiment
FEWEST_PICTURES: Final = 4
MOST_RECIPIENTS: Final = 40
PERTURBATIONS: Final = (3, 11)  # of each picture, besides the whole one: the fewer pictures there are the more
_PERTURBED: Final = 60  # in all, where there are few pictures
CONTROLS: Final = 2  # random regions in the place of each region of the concept
LARGE: Final = 1 / 3  # of a picture
_BATCH: Final = 32


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
    """

    view: View
    region: Region
    cast: Floats | None = None


class Bench:
    """Asks the model what it makes of changed pictures.

    Parameters
    ----------
    classifier : Classifier
    spec : ExplainSpec
        Effects are in the unit of its target.
    """

    def __init__(self, classifier: Classifier, spec: ExplainSpec) -> None:
        self._classifier, self._target = classifier, spec.target
        self.calls = 0

    @property
    def unit(self) -> str:
        """Unit of effects."""
        return self._target.unit

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
        self, held: Sequence[Held], peers: Sequence[View], class_index: int, rng: np.random.Generator
    ) -> Experiment | None:
        """Hide a concept in the pictures that hold it, beside random superpixels of the same size.

        Each picture is asked about as it is, and with random halves of its superpixels hidden, which are the same with
        the concept and without. What is hidden shows a blur of everything but the region in question. A concept that
        takes more than `LARGE` of a picture leaves nothing but the thing itself for random superpixels: it is compared
        with hiding the same place in pictures of the class without it, where there are any. A colour cast is undone
        instead, beside other changes of the hue that are as strong.

        Parameters
        ----------
        held : sequence of Held
        peers : sequence of View
            Pictures of the class without the concept.
        """
        count = int(np.clip(_PERTURBED // max(len(held), 1), *PERTURBATIONS))
        pairs = (pair for item in held for pair in _pairs_of(item, peers, count, rng))
        values = self.ask((picture for pair in pairs for picture in pair), class_index)
        # Pictures × (the concept, then each control) × (the whole picture, then its halves) × (with, without).
        effects = values.reshape(len(held), 1 + CONTROLS, 1 + count, 2)
        moved = (effects[..., 0] - effects[..., 1]).mean(axis=2)
        return experiment(moved[:, 0], moved[:, 1:].mean(axis=1), self.unit)

    def add(
        self,
        held: Sequence[Held],
        recipients: Sequence[View],
        others: Sequence[View],
        class_index: int,
        rng: np.random.Generator,
    ) -> Experiment | None:
        """Lay a concept into pictures of other classes, beside the same place of random pictures without it.

        A colour cast is laid over them, beside other casts that are as strong.

        Parameters
        ----------
        held : sequence of Held
        recipients : sequence of View
            Pictures of other classes.
        others : sequence of View
            Pictures without the concept.
        """
        if not held or not others:
            return None
        pictures = (picture for view in recipients for picture in _with_additions(view, held, others, rng))
        values = self.ask(pictures, class_index).reshape(len(recipients), 1 + 2 * CONTROLS)
        moved = values[:, 1:] - values[:, :1]
        return experiment(moved[:, :CONTROLS].mean(axis=1), moved[:, CONTROLS:].mean(axis=1), self.unit)


def _pairs_of(
    item: Held, peers: Sequence[View], count: int, rng: np.random.Generator
) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield a picture with a region and without it, whole and with halves hidden: the concept's, then each control."""
    halves = _halves(item.view, count, rng)
    if item.cast is not None:
        yield from _under_casts(item.view, [-item.cast, *(turned(-item.cast, rng) for _ in range(CONTROLS))], halves)
        return
    yield from _with_and_without(item.view, item.region, halves)
    if item.region.mean() > LARGE and len(peers) >= FEWEST_PICTURES:
        for index in rng.permutation(len(peers))[:CONTROLS]:
            yield from _with_and_without(peers[index], item.region, _halves(peers[index], count, rng))
    else:
        for _ in range(CONTROLS):
            yield from _with_and_without(item.view, random_region(item.view, item.region, rng), halves)


def _with_and_without(
    view: View, region: Region, halves: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[Pixels, Pixels]]:
    fill = painted_over(view.pixels, region)
    for away in [np.zeros_like(region), *(each[view.labels] for each in halves)]:
        yield _laid(view.pixels, fill, away & ~region), _laid(view.pixels, fill, away | region)


def _under_casts(
    view: View, casts: Sequence[Floats], halves: Sequence[NDArray[np.bool_]]
) -> Iterator[tuple[Pixels, Pixels]]:
    fill = painted_over(view.pixels, np.zeros(view.labels.shape, bool))
    shown = [view.pixels, *(_laid(view.pixels, fill, each[view.labels]) for each in halves)]
    for cast in casts:
        yield from ((pixels, recoloured(pixels, cast)) for pixels in shown)


def _with_additions(
    view: View, held: Sequence[Held], others: Sequence[View], rng: np.random.Generator
) -> Iterator[Pixels]:
    """Yield a picture as it is, with the concept of some others laid into it, and with the same places of others."""
    yield view.pixels
    cast = held[0].cast
    if cast is not None:
        yield from (recoloured(view.pixels, cast) for _ in range(CONTROLS))
        yield from (recoloured(view.pixels, turned(cast, rng)) for _ in range(CONTROLS))
        return
    donors = [held[int(index)] for index in rng.integers(len(held), size=CONTROLS)]
    for donor in donors:
        yield _laid(view.pixels, donor.view.pixels, donor.region)
    for donor in donors:
        yield _laid(view.pixels, others[int(rng.integers(len(others)))].pixels, donor.region)


def experiment(concept: Floats, random: Floats, unit: str) -> Experiment | None:
    """Return what paired effects, of a concept and of random superpixels, come to; None for too few pictures.

    Interval and p are those of Student's t for the mean of the differences.
    """
    from scipy import stats

    if len(concept) < FEWEST_PICTURES:
        return None
    differences = concept - random
    n, effect = len(concept), float(differences.mean())
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    if error == 0:
        interval, p = (effect, effect), 0.0 if effect > 0 else 1.0
    else:
        half = float(stats.t.ppf(0.975, n - 1)) * error
        interval, p = (effect - half, effect + half), float(stats.t.sf(effect / error, n - 1))
    return Experiment(effect, interval, float(concept.mean()), float(random.mean()), p, n, unit)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return adjusted p-values (Benjamini and Hochberg, J. R. Stat. Soc. B 1995)."""
    values = np.asarray(p, np.float64)
    order = np.argsort(values)[::-1]
    ranks = np.arange(len(values), 0, -1)
    adjusted = np.minimum.accumulate(np.minimum(values[order] * len(values) / ranks, 1.0))
    result = np.empty_like(values)
    result[order] = adjusted
    return [float(value) for value in result]


def _halves(view: View, number: int, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    return [rng.random(view.superpixels) < 0.5 for _ in range(number)]


def _laid(pixels: Pixels, donor: Pixels, region: Region) -> Pixels:
    laid = pixels.copy()
    np.copyto(laid, donor, where=np.repeat(region.ravel(), 3).reshape(pixels.shape))  # a third of the time of `where`
    return laid
