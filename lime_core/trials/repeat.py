"""Repeat: the same settings under several seeds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.query import Progress
from lime_core.errors import SpecError
from lime_core.explanation.agreement import jaccard, kendall_tau
from lime_core.explanation.attribution import Attribution
from lime_core.methods import MaskMethod, Method
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.trials.shared import LIME, mean, means_the_same, part_of, reusable, strongest_count

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """The same settings under several seeds, for one class.

    Attributes
    ----------
    class_index : int
        The class.
    seeds : tuple of int
        The seeds.
    top : tuple of tuple of int
        The K strongest superpixels (by size, either sign) of each run.
    jaccard : float
        Mean Jaccard index of the K strongest over all pairs of runs.
    kendall_tau : float
        Mean rank correlation of all coefficients over all pairs of runs.
    vsi, csi : float
        Variables and coefficients stability index, 0..1 [1]_: the mean share of the K strongest that two runs have
        in common, and the mean share of the superpixels named by both whose 95 % intervals overlap.
    mean, spread : ndarray of float64, shape (S,)
        Mean and standard deviation of each coefficient between the runs.

    References
    ----------
    .. [1] Visani et al., "Statistical stability indices for LIME", JORS 2022.
    """

    class_index: int
    seeds: tuple[int, ...]
    top: tuple[tuple[int, ...], ...]
    jaccard: float
    kendall_tau: float
    vsi: float
    csi: float
    mean: Floats
    spread: Floats

    @property
    def in_every_run(self) -> int:
        """How many superpixels are among the K strongest of every run."""
        return len(set.intersection(*map(set, self.top)))


def repeat(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    *,
    method: Method = LIME,
    k: int | None = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> tuple[Repeat, ...]:
    """Explain the picture under several seeds and say how well the runs agree, for each class.

    Parameters
    ----------
    image, classifier, spec
        What is explained, by which model, with which settings.
    method : Method
        The method that explains.
    k : int, optional
        How many superpixels count as the strongest; the K of the spec's view by default.
    seeds : sequence of int
        At least two different ones.
    known : Neighborhood, optional
        Answers of an earlier query with one of the seeds; they are not asked for again.
    on_progress : callable, optional
        Counts samples over all runs.

    Raises
    ------
    SpecError
        With fewer than two seeds, or when the method draws nothing at random.
    """
    if len(set(seeds)) < 2:
        raise SpecError(f"Repeating needs at least two different seeds; got {list(seeds)}.")
    first, second = (replace(spec, seed=seed) for seed in sorted(set(seeds))[:2])
    if means_the_same(method, first, second):
        raise SpecError(f"{method.title} draws nothing at random: another seed gives the same result.")
    runs = []
    for position, seed in enumerate(seeds):
        progress = part_of(on_progress, position, len(seeds), spec.samples)
        reseeded = replace(spec, seed=seed)
        cached = reusable(known, method.asked(reseeded)) if isinstance(method, MaskMethod) else None
        runs.append(method.attribute(image, classifier, reseeded, known=cached, on_progress=progress))
    return tuple(agreement(runs, item.index, tuple(seeds), k=k or spec.top_k) for item in runs[0].classes)


def agreement(runs: Sequence[Attribution], index: int, seeds: tuple[int, ...], *, k: int | None = None) -> Repeat:
    """Say how well several explanations of one picture agree about the `k` strongest superpixels of one class."""
    top = [run.top_features(index, strongest_count(run, index, k), sign="both") for run in runs]
    coefficients = np.stack([run.scores(index) for run in runs])
    widths = np.stack([_half_widths_of(run, index) for run in runs])
    low, high = coefficients - widths, coefficients + widths
    both = list(itertools.combinations(range(len(runs)), 2))
    overlaps = [
        low[a, feature] <= high[b, feature] and low[b, feature] <= high[a, feature]
        for a, b in both
        for feature in set(top[a]) & set(top[b])
    ]
    return Repeat(
        class_index=index,
        seeds=seeds,
        top=tuple(top),
        jaccard=mean(jaccard(top[a], top[b]) for a, b in both),
        kendall_tau=mean(kendall_tau(coefficients[a], coefficients[b]) for a, b in both),
        vsi=mean(len(set(top[a]) & set(top[b])) / max(len(top[a]), len(top[b]), 1) for a, b in both),
        csi=mean(float(overlap) for overlap in overlaps),
        mean=coefficients.mean(axis=0),
        spread=coefficients.std(axis=0, ddof=1),
    )


def _half_widths_of(run: Attribution, index: int) -> Floats:
    """Return half the 95 % intervals (S,) of a class, 0 where there are none; infinite ones overlap with everything."""
    widths = run[index].half_widths
    return np.nan_to_num(widths, nan=0.0, posinf=np.inf) if widths.ndim == 1 else np.zeros(run.superpixels)
