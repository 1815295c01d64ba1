"""How faithful explanations are: to the place of a thing, to the model, to their own long run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

import lime_core as lc
from lime_core.masks.fills import FILLS, hide
from lime_core.superpixels import carry_labels, resize_pixels
from tests.benchmarks.collages import inside_cell
from tests.benchmarks.measures import (
    Floats,
    area_under,
    covered,
    falling_order,
    mean_pairwise_jaccard,
    pointing_share,
    removal_masks,
)
from tests.benchmarks.methods import ClassWeights, Method
from tests.benchmarks.peers import HELD_OUT
from tests.benchmarks.pictures import Picture
from tests.benchmarks.summary import Interval, bootstrap_mean

# Deletion and insertion hide behind this for every method, whatever it was itself fitted with: areas under different
# fills do not compare. None of the compared settings is fitted with it, unless candidates for it are tried.
CURVE_FILL = "noise"

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked.

    Attributes
    ----------
    stability_pictures : int or None
        The Jaccard between seeds is measured on the first so many pictures (None: on all) ...
    seeds : int
        ... with so many seeds ...
    stability_samples : int or None
        ... and so many calls; None for the method's own number.
    coverage_pictures, coverage_samples, long_samples : int
        Intervals of runs with `coverage_samples` are compared with one run of `long_samples` and another seed.
    """

    stability_pictures: int | None = None
    seeds: int = 5
    stability_samples: int | None = None
    coverage_pictures: int = 3
    coverage_samples: int = 512
    long_samples: int = 4096


@dataclass(slots=True)
class Scores:
    """What was measured of one method: one value a picture or collage, NaN where it has none."""

    name: str
    samples: int
    superpixels: list[float] = field(default_factory=list)
    pointing_view: list[float] = field(default_factory=list)
    pointing_positive: list[float] = field(default_factory=list)
    pointing_top: list[float] = field(default_factory=list)
    pointing_top_three: list[float] = field(default_factory=list)
    pointing_joint: list[float] = field(default_factory=list)
    empty_maps: int = 0
    deletion: list[float] = field(default_factory=list)
    insertion: list[float] = field(default_factory=list)
    r2_holdout: list[float] = field(default_factory=list)
    jaccard: list[float] = field(default_factory=list)
    coverage: list[float] = field(default_factory=list)

    def interval(self, measure: str) -> Interval:
        """Return a measure's mean with its bootstrap interval over pictures or collages."""
        return bootstrap_mean(getattr(self, measure))

    def as_dict(self) -> dict[str, object]:
        """Return every value, and the intervals, for the JSON file."""
        measures = MEASURES | POINTING
        raw = {name: getattr(self, name) for name in ("name", "samples", "empty_maps", "superpixels", *measures)}
        return raw | {"intervals": {measure: self.interval(measure) for measure in measures}}


# What of an attribution is asked to point at the right quarter. The last two are views that a default could have.
POINTING: dict[str, Callable[[ClassWeights], Floats]] = {
    "pointing_view": lambda found: found.shown,
    "pointing_positive": lambda found: found.weights,
    "pointing_top": lambda found: found.top_weights(5),
    "pointing_top_three": lambda found: found.top_weights(3),
    "pointing_joint": lambda found: found.jointly_sure,
}
MEASURES = {
    "pointing_view": "pointing game, view",
    "pointing_positive": "all positive",
    "pointing_top": "top five",
    "deletion": "deletion ↓",
    "insertion": "insertion ↑",
    "r2_holdout": "held-out R²",
    "jaccard": "top-5 Jaccard",
    "coverage": "95 % interval holds",
}


def measure(
    method: Method,
    judge: lc.Classifier,
    pictures: Sequence[Picture],
    collages: Sequence[Picture],
    plan: Plan,
    say: Say = lambda text: None,
) -> Scores:
    """Measure one method on everything.

    Parameters
    ----------
    method : Method
        What is measured.
    judge : Classifier
        Is asked for the deletion and insertion curves.
    pictures : sequence of Picture
        Each with the class the model itself puts first.
    collages : sequence of Picture
        ``classes[i]`` is in quarter i; may be empty.
    plan : Plan
        How much is asked.
    say : callable
        Told what is going on.
    """
    scores = Scores(method.name, method.samples)
    for place, picture in enumerate(pictures):
        say(f"{method.name}: {picture.name}")
        steps = []  # calls, and what to do with them
        if place < plan.coverage_pictures:
            steps.append((plan.coverage_samples, partial(_add_coverage, scores, method, picture, plan)))
        if plan.stability_pictures is None or place < plan.stability_pictures:
            samples = plan.stability_samples or method.samples
            steps.append((samples, partial(_add_stability, scores, method, picture, plan)))
        steps.append((method.samples, partial(_add_fidelity, scores, method, picture, judge)))
        # The longest first: the lab cuts the shorter runs from the longer ones.
        for _, step in sorted(steps, key=lambda step: -step[0]):
            step()
    for collage in collages:
        say(f"{method.name}: {collage.name}")
        _add_pointing(scores, method.attribute(collage))
    return scores


def _add_pointing(scores: Scores, attributions: Sequence[ClassWeights]) -> None:
    # The four maps of a collage are not independent: their mean is one value.
    scores.superpixels.append(len(attributions[0].weights))
    scores.empty_maps += sum(not (found.shown > 0).any() for found in attributions)
    for measure, weights_of in POINTING.items():
        shares = [
            pointing_share(found.map_of(weights_of(found)), inside_cell(found.segments.shape, quarter))
            for quarter, found in enumerate(attributions)
        ]
        getattr(scores, measure).append(float(np.mean(shares)))


def _add_fidelity(scores: Scores, method: Method, picture: Picture, judge: lc.Classifier) -> None:
    found = method.attribute(picture)[0]
    scores.superpixels.append(len(found.weights))
    scores.r2_holdout.append(found.r2_holdout)
    deletion, insertion = deletion_and_insertion(found, picture, judge)
    scores.deletion.append(deletion)
    scores.insertion.append(insertion)


def deletion_and_insertion(found: ClassWeights, picture: Picture, classifier: lc.Classifier) -> tuple[float, float]:
    """Return the areas under the deletion and the insertion curve of the picture's class.

    Whole superpixels at a time, the strongest first; the horizontal axis is the share of the picture's area (not of
    the superpixels: methods that cut differently stay comparable), the vertical one the class's output. Hidden is
    behind `CURVE_FILL`. Deletion begins with the whole picture, insertion with the hidden one.
    """
    labels = carry_labels(found.segments, classifier.input_size)
    pixels = resize_pixels(picture.image.pixels, classifier.input_size)
    fill = FILLS[CURVE_FILL]().paint(pixels, labels)
    order = falling_order(found.weights)
    sizes = np.bincount(labels.ravel(), minlength=len(order))[order] / labels.size
    area = np.concatenate([[0.0], np.cumsum(sizes)])
    removed = removal_masks(order)

    def output(masks: np.ndarray) -> Floats:
        batches = [masks[start : start + 32] for start in range(0, len(masks), 32)]
        answers = [classifier.predict(hide(pixels, fill, labels, batch)) for batch in batches]
        return np.concatenate(answers)[:, picture.classes[0]].astype(np.float64)

    return area_under(area, output(removed)), area_under(area, output(1 - removed))


def _add_stability(scores: Scores, method: Method, picture: Picture, plan: Plan) -> None:
    found = [method.attribute(picture, seed=seed, samples=plan.stability_samples)[0] for seed in range(plan.seeds)]
    scores.jaccard.append(mean_pairwise_jaccard([one.top for one in found]))


def _add_coverage(scores: Scores, method: Method, picture: Picture, plan: Plan) -> None:
    if not _has_error_bars(method, picture):
        scores.coverage.append(np.nan)
        return
    truth = method.attribute(picture, seed=plan.seeds, samples=plan.long_samples)[0]
    held = []
    for seed in range(plan.seeds):
        found = method.attribute(picture, seed=seed, samples=plan.coverage_samples)[0]
        held.append(covered(found.weights, found.std_errors, truth.weights, truth.std_errors))
    scores.coverage.append(float(np.concatenate(held).mean()))


def _has_error_bars(method: Method, picture: Picture) -> bool:
    return bool(np.isfinite(method.attribute(picture)[0].std_errors).any())


HEADER = ("method", "calls", "superpixels", *MEASURES.values())


def cells(one: Scores) -> list[str]:
    """Return a method's row under `HEADER`."""
    return [one.name, str(one.samples), f"{np.mean(one.superpixels):.0f}", *(str(one.interval(m)) for m in MEASURES)]


def explanation_of(plan: Plan, pictures: int, collages: int) -> str:
    """Return what the columns mean, to stand above the table."""
    stability = pictures if plan.stability_pictures is None else min(plan.stability_pictures, pictures)
    coverage = min(plan.coverage_pictures, pictures)
    calls = f" at {plan.stability_samples} calls" if plan.stability_samples else ""
    return f"""\
{pictures} pictures (the class the model puts first), {collages} collages of four (each class in its quarter); means
with 95 % bootstrap intervals over pictures or collages.
- Pointing game: share of positive weight inside the right quarter, of the method's own view, of all positive
  coefficients, of the five strongest. An even map scores 0.25, and an empty one is counted as that.
- Deletion, insertion: output under whole superpixels, strongest first, over area; hidden behind "{CURVE_FILL}" for all.
- Held-out R²: five folds; for the lime package {HELD_OUT} fresh samples of its own kind.
- Top-5 Jaccard between {plan.seeds} seeds{calls} on {stability} pictures.
- 95 % intervals of runs of {plan.coverage_samples} calls against one run of {plan.long_samples} with the same settings,
  on {coverage} pictures.
"""
