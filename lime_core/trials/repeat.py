"""Repeat: the same settings under several seeds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood, Progress, query
from lime_core.errors import SpecError
from lime_core.explanation.agreement import jaccard, kendall_tau
from lime_core.explanation.explanation import CONFIDENT, Explanation
from lime_core.methods.lime.fit import fit
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.trials.shared import mean, part_of, reusable

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


def repeat(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> tuple[Repeat, ...]:
    """Explain the picture under several seeds and say how well the runs agree, for each class.

    The answers of `known`, of an earlier query with one of the seeds, are not asked for again.

    Raises
    ------
    SpecError
        With fewer than two seeds.
    """
    if len(set(seeds)) < 2:
        raise SpecError(f"Repeating needs at least two different seeds; got {list(seeds)}.")
    runs = []
    for place, seed in enumerate(seeds):
        shown = part_of(on_progress, place, len(seeds), spec.samples)
        one = replace(spec, seed=seed)
        runs.append(fit(query(image, classifier, one, known=reusable(known, one), on_progress=shown)))
    return tuple(agreement(runs, one.index, tuple(seeds)) for one in runs[0].classes)


def agreement(runs: Sequence[Explanation], index: int, seeds: tuple[int, ...]) -> Repeat:
    """Say how well several explanations of one picture agree about one class."""
    top = [run.top_features(index, run.spec.top_k, sign="both") for run in runs]
    coefficients = np.stack([run[index].coefficients for run in runs])
    errors = np.stack([run[index].std_errors for run in runs])
    errors = np.where(np.isnan(errors), 0.0, errors)  # none by construction; infinite ones overlap with everything
    low, high = coefficients - CONFIDENT * errors, coefficients + CONFIDENT * errors
    both = list(itertools.combinations(range(len(runs)), 2))
    overlaps = [
        low[one, feature] <= high[other, feature] and low[other, feature] <= high[one, feature]
        for one, other in both
        for feature in set(top[one]) & set(top[other])
    ]
    return Repeat(
        class_index=index,
        seeds=seeds,
        top=tuple(top),
        jaccard=mean(jaccard(top[one], top[other]) for one, other in both),
        kendall_tau=mean(kendall_tau(coefficients[one], coefficients[other]) for one, other in both),
        vsi=mean(len(set(top[one]) & set(top[other])) / max(len(top[one]), len(top[other]), 1) for one, other in both),
        csi=mean(float(overlap) for overlap in overlaps),
        mean=coefficients.mean(axis=0),
        spread=coefficients.std(axis=0, ddof=1),
    )
