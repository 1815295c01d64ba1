"""Whether a model has learned a planted shortcut, and whether an audit has found it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

import lime_core as lc
from lime_core.audits.storage.findings import Box, Concept, Representative, ShortcutCandidate
from lime_core.superpixels import resize_pixels
from tests.benchmarks.summary import Interval, bootstrap_mean
from tests.planted import Kind, Mask, Pixels, Planted

MOVED = 0.05  # a shortcut that moves its class by less is not worth a word
OVERLAP = 0.25  # of the box, or of the shortcut where that is the smaller one
PURITY = 0.5  # of a candidate's boxes and superpixels that are on the shortcut
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Learned:
    """What a shortcut does to a model trained with it, by itself and above what it does to one trained without.

    Both models see the same held-out pictures, with the shortcut and without. Laying something strange onto a picture
    moves any model: only what it moves this one more than the other was learned. And what moves the other one away from
    the class, but not this one towards it, was not learned either.

    Attributes
    ----------
    shift, shift_above : Interval
        Of the class's probability, by itself and above the other model's: over held-out pictures of every class.
    fall, fall_above : Interval
        Of the accuracy, when the shortcut is taken away, likewise: over held-out pictures of its class.
    """

    shift: Interval
    shift_above: Interval
    fall: Interval
    fall_above: Interval

    @property
    def moves(self) -> bool:
        """Whether the 95 % intervals of the shift are above `MOVED`."""
        return bool(min(self.shift.low, self.shift_above.low) > MOVED)

    @property
    def clearly(self) -> bool:
        """Whether it moves the class, and the accuracy falls without it: the 95 % intervals are above 0."""
        return self.moves and bool(min(self.fall.low, self.fall_above.low) > 0)


def measure_learned(
    planted: Planted, kind: Kind, model: lc.Classifier, control: lc.Classifier, held_out: Sequence[str]
) -> Learned:
    """Measure what a shortcut does to a model.

    Parameters
    ----------
    planted : Planted
        The data set it was trained on.
    kind : str
        Of the shortcut.
    model, control : Classifier
        Trained with it and without.
    held_out : sequence of str
        Pictures that neither was trained on.
    """
    index = model.class_names.index(planted.class_name)
    with_it = [planted.holding_it(path, kind) for path in held_out]
    without = [planted.without(path) for path in held_out]
    moved = [outputs_of(each, with_it) - outputs_of(each, without) for each in (model, control)]
    own = np.array([path.startswith(f"{planted.class_name}/") for path in held_out])
    right = [
        (outputs_of(each, with_it).argmax(1) == index).astype(float) - (outputs_of(each, without).argmax(1) == index)
        for each in (model, control)
    ]
    return Learned(
        shift=bootstrap_mean(moved[0][:, index].tolist()),
        shift_above=bootstrap_mean((moved[0] - moved[1])[:, index].tolist()),
        fall=bootstrap_mean(right[0][own].tolist()),
        fall_above=bootstrap_mean((right[0] - right[1])[own].tolist()),
    )


def outputs_of(classifier: lc.Classifier, pictures: Iterable[Pixels]) -> NDArray[np.float32]:
    """Return the model's outputs for whole pictures, float32 ``(n, C)``."""
    resized = [resize_pixels(pixels, classifier.input_size) for pixels in pictures]
    batches = [np.stack(resized[start : start + _BATCH]) for start in range(0, len(resized), _BATCH)]
    return np.concatenate([classifier.predict(batch) for batch in batches])


@dataclass(frozen=True, slots=True)
class Scored:
    """A shortcut candidate beside the truth.

    Attributes
    ----------
    class_name : str
    concept, pictures : int
        Its number, and how many boxes it has.
    effect : float
    interval : (float, float)
    purity : float
        Share of its pictures' boxes, or of its concept's superpixels where that is less, that are on the planted
        shortcut. A box around several superpixels may be large enough to lie on anything.
    matches : bool
        Whether it is the planted shortcut: of the right class, at least `PURITY` pure.
    reasons : tuple of str
    """

    class_name: str
    concept: int
    pictures: int
    effect: float
    interval: tuple[float, float]
    purity: float
    matches: bool
    reasons: tuple[str, ...]


def score(candidate: ShortcutCandidate, concept: Concept, class_name: str, masks: Mapping[str, Mask]) -> Scored:
    """Compare a candidate with the truth.

    Parameters
    ----------
    candidate : ShortcutCandidate
    concept : Concept
        The one it names.
    class_name : str
        The class into which the shortcut was planted.
    masks : mapping of str to ndarray of bool (H, W)
        Where it is, for every picture that holds it.
    """
    patches = [(patch.picture, patch.box) for patch in concept.patches]
    purity = min(_share_on(candidate.pictures, masks), _share_on(patches, masks))
    return Scored(
        class_name=candidate.class_name,
        concept=candidate.concept,
        pictures=len(candidate.pictures),
        effect=candidate.effect,
        interval=candidate.interval,
        purity=purity,
        matches=candidate.class_name == class_name and purity >= PURITY,
        reasons=candidate.reasons,
    )


def _share_on(boxes: Sequence[tuple[str, Box]], masks: Mapping[str, Mask]) -> float:
    return float(np.mean([path in masks and is_on(masks[path], box) for path, box in boxes])) if boxes else 0.0


def is_on(mask: Mask, box: Box) -> bool:
    """Say whether a box is on a shortcut: they share at least `OVERLAP` of the smaller one."""
    shared = int(mask[box.top : box.bottom, box.left : box.right].sum())
    area = (box.bottom - box.top) * (box.right - box.left)
    return shared >= OVERLAP * min(area, int(mask.sum())) > 0


@dataclass(frozen=True, slots=True)
class Pick:
    """SP-LIME's pick beside random ones of as many pictures.

    Attributes
    ----------
    coverage : float
        Of the concepts' importance.
    random_mean, random_high : float
        Mean and 97.5 % quantile of the same for random picks.
    shows : bool or None
        Whether a picture with the shortcut is among them; None in a control.
    random_shows : float or None
        With what probability one is among as many random pictures.
    """

    coverage: float
    random_mean: float
    random_high: float
    shows: bool | None
    random_shows: float | None


def score_pick(representative: Representative, holding: frozenset[str], pictures: int) -> Pick:
    """Compare the representative pictures with random picks."""
    picks = len(representative.pictures)
    coverage = representative.coverage[-1] if picks else float("nan")
    mean, _, high = representative.random_coverage[-1] if picks else (float("nan"),) * 3
    if not holding:
        return Pick(coverage, mean, high, None, None)
    none = comb(pictures - len(holding), picks) / comb(pictures, picks)
    return Pick(coverage, mean, high, bool(holding.intersection(representative.pictures)), 1 - none)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact 95 % interval of Clopper and Pearson."""

    count: int
    of: int
    interval: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        exact = binomtest(self.count, self.of).proportion_ci(method="exact") if self.of else (float("nan"),) * 2
        object.__setattr__(self, "interval", (float(exact[0]), float(exact[1])))

    def __str__(self) -> str:
        if not self.of:
            return "none"
        low, high = self.interval
        return f"{self.count} of {self.of} = {self.count / self.of:.2f} [{low:.2f}, {high:.2f}]"
