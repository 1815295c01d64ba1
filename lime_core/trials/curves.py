"""Deletion and insertion curves with their areas, against a random band."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Progress
from lime_core.answers.scene import Probe
from lime_core.explanation.explanation import Explanation

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Deletion and insertion, whole superpixels at a time, strongest first.

    Areas under curves with different fills or steps do not compare, so both are stated.

    Attributes
    ----------
    class_index : int
        The class.
    fill : str
        What stood where superpixels were hidden.
    step : int
        Superpixels a step.
    share : ndarray of float64, shape (T,)
        Share of the superpixels deleted, or inserted, at each step, 0..1.
    deletion, insertion : ndarray of float64, shape (T,)
        The model's output.
    random_low, random_high : ndarray of float64, shape (T,)
        5 % and 95 % quantile of deletion in random order.
    deletion_area, insertion_area, random_deletion_area, random_insertion_area : float
        Areas under the curves by the trapezoidal rule; a good explanation has a small deletion and a large
        insertion area.
    """

    class_index: int
    fill: str
    step: int
    share: Floats
    deletion: Floats
    insertion: Floats
    random_low: Floats
    random_high: Floats
    deletion_area: float
    insertion_area: float
    random_deletion_area: float
    random_insertion_area: float


MOST_STEPS = 64


def curves(
    probe: Probe,
    explanation: Explanation,
    class_index: int,
    *,
    draws: int = 10,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Curves:
    """Delete and insert superpixels by falling coefficient, and at random, and ask the model at each step.

    Parameters are those of `reality_check`; ``on_progress(done, total)`` counts model calls.
    """
    superpixels = probe.scene.superpixels
    step = math.ceil(superpixels / MOST_STEPS)
    counts = np.array([*range(0, superpixels, step), superpixels])
    random = np.random.default_rng(seed)
    orders = [np.argsort(-explanation[class_index].coefficients, kind="stable")]
    orders += [random.permutation(superpixels) for _ in range(draws)]
    deleted = np.ones((len(orders), len(counts), superpixels), np.uint8)
    for order, masks in zip(orders, deleted, strict=True):
        for mask, count in zip(masks, counts, strict=True):
            mask[order[:count]] = 0
    answers = _ask(probe, np.concatenate([deleted[:1], 1 - deleted[:1], deleted[1:]]), class_index, on_progress)
    deletion, insertion, others = answers[0], answers[1], answers[2:]
    share = counts / superpixels
    low, high = np.quantile(others, [0.05, 0.95], axis=0)
    return Curves(
        class_index=class_index,
        fill=explanation.spec.fill,
        step=step,
        share=share,
        deletion=deletion,
        insertion=insertion,
        random_low=low,
        random_high=high,
        deletion_area=area(share, deletion),
        insertion_area=area(share, insertion),
        random_deletion_area=float(np.mean([area(share, one) for one in others])),
        # Inserting at random is deleting at random, backwards.
        random_insertion_area=float(np.mean([area(1 - share[::-1], one[::-1]) for one in others])),
    )


def area(share: Floats, values: Floats) -> float:
    """Return the area under a curve by the trapezoidal rule."""
    return float(np.trapezoid(values, share))


def _ask(probe: Probe, masks: NDArray[np.uint8], class_index: int, on_progress: Progress | None) -> Floats:
    """Ask about masks (R, T, S) row by row; float64 (R, T)."""
    answers = []
    for done, row in enumerate(masks, start=1):
        answers.append(probe.ask(row)[:, class_index])
        if on_progress is not None:
            on_progress(done * masks.shape[1], masks.shape[0] * masks.shape[1])
    return np.array(answers, dtype=np.float64)
