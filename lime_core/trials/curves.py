"""Deletion and insertion curves with their areas, beside a band of random orders."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress
from lime_core.explanation.attribution import Attribution

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
    deletion_area, insertion_area : float
        Areas under the curves by the trapezoidal rule; a good explanation has a small deletion and a large
        insertion area.
    random_area : float
        Mean area under the curves of random orders. Inserting at random is deleting at random backwards, so there is
        only one.
    random_area_low, random_area_high : float
        5 % and 95 % quantile of those areas.
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
    random_area: float
    random_area_low: float
    random_area_high: float

    @property
    def falls_fast(self) -> bool:
        """Whether deletion takes the output down faster than nearly all random orders."""
        return self.deletion_area < self.random_area_low

    @property
    def rises_fast(self) -> bool:
        """Whether insertion brings the output up faster than nearly all random orders."""
        return self.insertion_area > self.random_area_high


MOST_STEPS = 64


def curves(
    probe: Probe,
    attribution: Attribution,
    class_index: int,
    *,
    draws: int = 10,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Curves:
    """Delete and insert superpixels by falling score, and at random, and ask the model at each step.

    Parameters are those of `reality_check`; ``on_progress(done, total)`` counts model calls.
    """
    superpixels = probe.scene.superpixels
    counts = deleted_counts(superpixels)
    random = np.random.default_rng(seed)
    orders = [np.argsort(-attribution.scores(class_index), kind="stable")]
    orders += [random.permutation(superpixels) for _ in range(draws)]
    deleted = np.stack([deletion_masks(order) for order in orders])
    answers = _ask(probe, np.concatenate([deleted[:1], 1 - deleted[:1], deleted[1:]]), class_index, on_progress)
    deletion, insertion, others = answers[0], answers[1], answers[2:]
    share = counts / superpixels
    low, high = np.quantile(others, [0.05, 0.95], axis=0)
    areas = [area(share, values) for values in others]
    area_low, area_high = np.quantile(areas, [0.05, 0.95])
    return Curves(
        class_index=class_index,
        fill=attribution.spec.fill.name,
        step=int(counts[1]),
        share=share,
        deletion=deletion,
        insertion=insertion,
        random_low=low,
        random_high=high,
        deletion_area=area(share, deletion),
        insertion_area=area(share, insertion),
        random_area=float(np.mean(areas)),
        random_area_low=float(area_low),
        random_area_high=float(area_high),
    )


def deleted_counts(superpixels: int) -> NDArray[np.int64]:
    """Return how many superpixels are deleted at each step, from none to all, int64 ``(T,)``."""
    step = math.ceil(superpixels / MOST_STEPS)
    return np.array([*range(0, superpixels, step), superpixels], dtype=np.int64)


def deletion_masks(order: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return the masks uint8 ``(T, S)`` that delete the superpixels in this order; the complements insert them."""
    rank = np.argsort(order)
    return (rank >= deleted_counts(len(order))[:, None]).astype(np.uint8)


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
