"""What the model says of a ranking of the superpixels, whichever method made it, and of random ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.query import Progress
from lime_core.errors import SpecError
from lime_core.explanation.agreement import jaccard
from lime_core.explanation.attribution import Attribution
from lime_core.trials.curves import area, deleted_counts, deletion_masks
from lime_core.trials.mask_answers import MaskAnswers
from lime_core.trials.measured import Measured
from lime_core.trials.method_measures import Band, ClassMeasures, RandomOrders
from lime_core.trials.question_groups import Group

Floats = NDArray[np.float64]
Masks = NDArray[np.uint8]

DRAWS = 20


def questions_a_ranking(superpixels: int) -> int:
    """Return how many masks are asked about for one ranking of S superpixels."""
    return 2 * len(deleted_counts(superpixels)) + 2


def questions_of_random_orders(superpixels: int) -> int:
    """Return how many masks are asked about for the random orders of all classes."""
    return DRAWS * (len(deleted_counts(superpixels)) + 2)


def questions_of_comparison(groups: Sequence[Group], superpixels: int, classes: int) -> int:
    """Return how many pictures the model is asked about at most for all methods, seeds and rankings together.

    Parameters
    ----------
    groups : sequence of Group
        Of `lime_core.trials.question_groups.grouped`.
    superpixels, classes : int
        How many superpixels are ranked, and for how many classes.
    """
    asked = sum(group.calls * len(group.seeds) for group in groups)
    rankings = classes * sum(len(group.methods) * len(group.seeds) for group in groups)
    return asked + rankings * questions_a_ranking(superpixels) + questions_of_random_orders(superpixels)


def on_superpixels(attribution: Attribution, segments: NDArray[np.int32]) -> Attribution:
    """Return the attribution on these superpixels; `SpecError` where its scores do not fit them, or are not finite."""
    superpixels = int(segments.max()) + 1
    for item in attribution.classes:
        if item.scores.shape not in ((superpixels,), segments.shape):
            raise SpecError(
                f"The method {attribution.method!r} gave scores of shape {item.scores.shape}, neither one a superpixel "
                f"({superpixels},) nor one a pixel {segments.shape}."
            )
        if not np.isfinite(item.scores).all():
            raise SpecError(f"The method {attribution.method!r} gave scores that are not finite numbers.")
    return replace(attribution, segments=segments)


def top_of(attribution: Attribution, index: int, k: int) -> tuple[int, ...]:
    """Return the K strongest superpixels by evidence for a class; of scores without a sign, by strength."""
    return attribution.top_features(index, k, "positive" if attribution.signed else "both")


def measure_rankings(
    answers: MaskAnswers, runs: Sequence[Attribution], k: int, *, random: bool, on_progress: Progress | None = None
) -> tuple[ClassMeasures, ...]:
    """Ask the model about one method's rankings, and return the measures of each class.

    Parameters
    ----------
    answers : MaskAnswers
        The model; its columns are the classes of the runs.
    runs : sequence of Attribution
        One a seed, on the same superpixels.
    k : int
        How many superpixels count as the strongest.
    random : bool
        Whether the method draws anything at random.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each batch of masks.
    """
    classes = runs[0].classes
    masks = np.stack([[_questions(run, item.index, k) for item in classes] for run in runs])
    seeds, count, questions, superpixels = masks.shape
    outputs = answers.ask(masks.reshape(-1, superpixels), on_progress).reshape(seeds, count, questions, count)
    return tuple(
        _measures(runs, item.index, outputs[:, column, :, column], k, random=random)
        for column, item in enumerate(classes)
    )


def random_orders(
    answers: MaskAnswers,
    classes: Sequence[int],
    superpixels: int,
    k: int,
    *,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> tuple[RandomOrders, ...]:
    """Ask the model about superpixels in random order, and return what that gives for each class."""
    random = np.random.default_rng(seed)
    orders = np.stack([random.permutation(superpixels) for _ in range(DRAWS)])
    deleted = np.stack([deletion_masks(order) for order in orders])
    alone = np.stack([_shown(order[:k], superpixels) for order in orders])
    masks = np.concatenate([deleted, alone[:, None], 1 - alone[:, None]], axis=1)
    outputs = answers.ask(masks.reshape(-1, superpixels), on_progress).reshape(DRAWS, -1, len(classes))
    share = deleted_counts(superpixels) / superpixels
    return tuple(
        RandomOrders(
            index=index,
            area=_band([area(share, values[:-2]) for values in outputs[:, :, column]]),
            top_alone=_band(outputs[:, -2, column]),
            without_top=_band(outputs[:, -1, column]),
        )
        for column, index in enumerate(classes)
    )


def _questions(attribution: Attribution, index: int, k: int) -> Masks:
    """Return the masks of one ranking: deletion, insertion, the K strongest alone, and all but those."""
    scores = attribution.scores(index)
    strength = scores if attribution.signed else np.abs(scores)
    deleted = deletion_masks(np.argsort(-strength, kind="stable"))
    alone = _shown(top_of(attribution, index, k), len(scores))
    return np.concatenate([deleted, 1 - deleted, [alone, 1 - alone]])


def _shown(features: Sequence[int] | NDArray[np.int64], superpixels: int) -> Masks:
    mask = np.zeros(superpixels, np.uint8)
    mask[list(features)] = 1
    return mask


def _measures(runs: Sequence[Attribution], index: int, outputs: Floats, k: int, *, random: bool) -> ClassMeasures:
    """Return the measures of one class from the outputs (R, Q) for the masks of `_questions`."""
    share = deleted_counts(runs[0].superpixels) / runs[0].superpixels
    steps = len(share)
    top = [top_of(run, index, k) for run in runs]

    def over_seeds(values: Sequence[float] | Floats) -> Measured:
        return Measured.over_seeds([float(value) for value in values], random=random)

    return ClassMeasures(
        index=index,
        name=runs[0][index].name,
        top_alone=over_seeds(outputs[:, -2]),
        without_top=over_seeds(outputs[:, -1]),
        deletion_area=over_seeds([area(share, values[:steps]) for values in outputs]),
        insertion_area=over_seeds([area(share, values[steps : 2 * steps]) for values in outputs]),
        agreement_between_seeds=Measured.over_pairs(lambda a, b: jaccard(top[a], top[b]), len(runs)),
        top=top[0],
    )


def _band(values: Sequence[float] | Floats) -> Band:
    low, high = np.quantile(values, [0.05, 0.95])
    return Band(float(np.mean(values)), float(low), float(high))
