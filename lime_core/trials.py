"""Further questions to the model that test an explanation: reality check, curves, repeats, other knobs, random weights.

Each trial is a pure function with a frozen result; `to_json_ready` turns any of them into plain values.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr

from lime_core.errors import SpecError
from lime_core.explanation import CONFIDENT, Explanation
from lime_core.image import Image
from lime_core.models.base import Classifier
from lime_core.neighborhood import Progress, query
from lime_core.scene import Probe, prepare
from lime_core.segmentation import Grid, Slic
from lime_core.spec import ExplainSpec
from lime_core.surrogate import fit

Floats = NDArray[np.float64]

MOST_STEPS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The model's answer to one mask, beside the surrogate's and beside chance; probabilities.

    Attributes
    ----------
    model : float
        The model's output.
    surrogate : float
        What the surrogate predicts for the same mask, in the unit of its target.
    random_mean, random_low, random_high : float
        The model's outputs when as many superpixels are drawn at random: mean, 5 % and 95 % quantile.
    """

    model: float
    surrogate: float
    random_mean: float
    random_low: float
    random_high: float


@dataclass(frozen=True, slots=True, eq=False)
class RealityCheck:
    """The top superpixels alone, and the picture without them.

    Attributes
    ----------
    class_index : int
        The class.
    features : tuple of int
        The superpixels, strongest first.
    kept : Answer
        Only those are shown.
    removed : Answer
        All but those are shown.
    """

    class_index: int
    features: tuple[int, ...]
    kept: Answer
    removed: Answer


def reality_check(
    probe: Probe, explanation: Explanation, class_index: int, k: int | None = None, *, draws: int = 20, seed: int = 0
) -> RealityCheck:
    """Keep only the K strongest superpixels for a class, or remove them, and ask the model.

    Parameters
    ----------
    probe : Probe
        The model in front of the explained scene.
    explanation : Explanation
        Its superpixels are ranked; surrogates with a sign only.
    class_index : int
        One of the explained classes.
    k : int, optional
        How many; the explanation's `top_k` by default.
    draws : int
        Random sets of the same number to compare with.
    seed : int
        Of those sets.

    Raises
    ------
    SpecError
        When no superpixel speaks for the class.
    """
    features = explanation.top_features(class_index, k or explanation.spec.top_k)
    if not features:
        raise SpecError("No superpixel speaks for this class, so there is nothing to keep or remove.")
    superpixels = probe.scene.superpixels
    kept = np.zeros((draws + 1, superpixels), np.uint8)
    kept[0, list(features)] = 1
    random = np.random.default_rng(seed)
    for row in range(1, draws + 1):
        kept[row, random.permutation(superpixels)[: len(features)]] = 1
    outputs = probe.ask(np.concatenate([kept, 1 - kept]))[:, class_index].astype(np.float64)
    explained = explanation[class_index]

    def answer(mask: NDArray[np.uint8], own: float, others: Floats) -> Answer:
        predicted = explained.intercept + float(mask @ explained.coefficients) if explanation.signed else math.nan
        low, high = np.quantile(others, [0.05, 0.95])
        return Answer(float(own), predicted, float(others.mean()), float(low), float(high))

    return RealityCheck(
        class_index=class_index,
        features=features,
        kept=answer(kept[0], outputs[0], outputs[1 : draws + 1]),
        removed=answer(1 - kept[0], outputs[draws + 1], outputs[draws + 2 :]),
    )


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
    on_progress: Progress | None = None,
) -> tuple[Repeat, ...]:
    """Explain the picture under several seeds and say how well the runs agree, for each class.

    Raises
    ------
    SpecError
        With fewer than two seeds.
    """
    if len(set(seeds)) < 2:
        raise SpecError(f"Repeating needs at least two different seeds; got {list(seeds)}.")
    runs = []
    for place, seed in enumerate(seeds):
        shown = _part(on_progress, place, len(seeds), spec.samples)
        runs.append(fit(query(image, classifier, replace(spec, seed=seed), on_progress=shown)))
    return tuple(_agreement(runs, one.index, tuple(seeds)) for one in runs[0].classes)


def _agreement(runs: Sequence[Explanation], index: int, seeds: tuple[int, ...]) -> Repeat:
    top = [run.top_features(index, run.spec.top_k, sign="both") for run in runs]
    coefficients = np.stack([run[index].coefficients for run in runs])
    errors = np.nan_to_num(np.stack([run[index].std_errors for run in runs]))
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
        jaccard=_mean(jaccard(top[one], top[other]) for one, other in both),
        kendall_tau=_mean(float(kendalltau(coefficients[one], coefficients[other]).statistic) for one, other in both),
        vsi=_mean(len(set(top[one]) & set(top[other])) / max(len(top[one]), len(top[other]), 1) for one, other in both),
        csi=_mean(float(overlap) for overlap in overlaps),
        mean=coefficients.mean(axis=0),
        spread=coefficients.std(axis=0, ddof=1),
    )


def jaccard(one: Sequence[int], other: Sequence[int]) -> float:
    """Return the share of the union of two sets that both hold; 1 for two empty sets."""
    union = set(one) | set(other)
    return len(set(one) & set(other)) / len(union) if union else 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One turn of the knobs.

    Attributes
    ----------
    name : str
        What was changed.
    superpixels : int
        Of this variant.
    probability_hidden : float
        The model's output for the fully hidden picture.
    r2_holdout : float
        Held-out R².
    agreement : float
        Rank correlation (Spearman) of the coefficients with the base's, over the base's superpixels.
    top_share : ndarray of float64, shape (S,)
        For each of the base's superpixels the share of its pixels that belong to this variant's K strongest.
    sign : ndarray of float64, shape (S,)
        Mean sign of this variant's coefficients over the pixels of each of the base's superpixels, −1..1.
    """

    name: str
    superpixels: int
    probability_hidden: float
    r2_holdout: float
    agreement: float
    top_share: Floats
    sign: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """The same picture under other knobs, for one class.

    Attributes
    ----------
    class_index : int
        The class.
    base : Explanation
        The explanation that the others are compared with.
    variants : tuple of Variant
        One for each turn of the knobs.
    survivors : tuple of int
        The base's K strongest superpixels that lie mostly inside the K strongest of every variant.
    flips : tuple of int
        The base's sure superpixels whose sign turns in at least one variant.
    """

    class_index: int
    base: Explanation
    variants: tuple[Variant, ...]
    survivors: tuple[int, ...]
    flips: tuple[int, ...]


def usual_variants(spec: ExplainSpec) -> dict[str, ExplainSpec]:
    """Return the turns of the knobs that are tried unless others are asked for."""
    changes: dict[str, dict[str, Any]] = {
        "superpixels: finer": {"segmentation": Slic(n_segments=90)},
        "superpixels: coarser": {"segmentation": Slic(n_segments=25)},
        "superpixels: 7×7 grid": {"segmentation": Grid(rows=7, columns=7)},
        "fill: grey": {"fill": "grey"},
        "fill: blur": {"fill": "blur"},
        "fill: superpixel mean": {"fill": "segment_mean"},
        "kernel: half as wide": {"kernel_width": spec.kernel_width / 2},
        "kernel: twice as wide": {"kernel_width": spec.kernel_width * 2},
        "samples: half as many": {"samples": max(spec.samples // 2, 2)},
        "samples: another seed": {"seed": spec.seed + 1},
    }
    return {name: replace(spec, **change) for name, change in changes.items()}


def what_if(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    class_index: int,
    *,
    variants: Mapping[str, ExplainSpec] | None = None,
    on_progress: Progress | None = None,
) -> WhatIf:
    """Explain the picture again under other knobs, and say what survives all of them.

    Variants that ask the model the same questions share the answers.
    """
    specs = {"base": spec, **(usual_variants(spec) if variants is None else variants)}
    specs = {name: replace(one, classes=(class_index,), early_stop=False) for name, one in specs.items()}
    asked: dict[str, Any] = {}
    explanations: dict[str, tuple[Explanation, float]] = {}
    total = len(specs)
    for place, (name, one) in enumerate(specs.items()):
        key = one.digest("segmentation", "query")
        if key not in asked:
            neighborhood = query(image, classifier, one, on_progress=_part(on_progress, place, total, one.samples))
            probe = Probe(prepare(image, classifier.input_size, one), classifier)
            hidden = probe.ask(np.zeros((1, neighborhood.superpixels), np.uint8))[0, class_index]
            asked[key] = neighborhood, float(hidden)
        neighborhood, hidden_output = asked[key]
        explanations[name] = fit(neighborhood, one), hidden_output
    base, _ = explanations.pop("base")
    compared = tuple(_variant(name, base, *found, class_index) for name, found in explanations.items())
    top = base.top_features(class_index, spec.top_k, sign="both")
    sure = np.flatnonzero(base[class_index].sure & (base[class_index].coefficients != 0))
    own_sign = np.sign(base[class_index].coefficients)
    return WhatIf(
        class_index=class_index,
        base=base,
        variants=compared,
        survivors=tuple(feature for feature in top if all(one.top_share[feature] > 0.5 for one in compared)),
        flips=tuple(
            int(feature) for feature in sure if any(one.sign[feature] * own_sign[feature] < -0.5 for one in compared)
        ),
    )


def _variant(name: str, base: Explanation, other: Explanation, hidden: float, class_index: int) -> Variant:
    coefficients = other[class_index].coefficients
    top = np.zeros(len(coefficients))
    top[list(other.top_features(class_index, other.spec.top_k, sign="both"))] = 1
    density = coefficients / np.bincount(other.segments.ravel())
    own = base[class_index].coefficients
    sizes = np.bincount(base.segments.ravel())
    same_cut = np.array_equal(base.segments, other.segments)
    carried = coefficients if same_cut else _sum_over(base.segments, density[other.segments])
    return Variant(
        name=name,
        superpixels=len(coefficients),
        probability_hidden=hidden,
        r2_holdout=other[class_index].r2_holdout,
        agreement=float(spearmanr(own, carried).statistic),
        top_share=_sum_over(base.segments, top[other.segments]) / sizes,
        sign=_sum_over(base.segments, np.sign(coefficients)[other.segments]) / sizes,
    )


def _sum_over(segments: NDArray[np.int32], values: Floats) -> Floats:
    """Return the sum of `values` (H, W) over each superpixel, float64 (S,)."""
    return np.bincount(segments.ravel(), weights=values.ravel()).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One step of a sanity check.

    Attributes
    ----------
    layers : int
        Layers with weights that were re-initialised, counted from the output.
    lowest : str
        Name of the lowest of them.
    agreement : float
        Rank correlation (Spearman) of the coefficients with the trained model's.
    jaccard : float
        Of the K strongest superpixels with the trained model's.
    """

    layers: int
    lowest: str
    agreement: float
    jaccard: float


@dataclass(frozen=True, slots=True, eq=False)
class SanityCheck:
    """The same explanation for a model that forgets, from its output downwards [1]_.

    Attributes
    ----------
    class_index : int
        The class.
    stages : tuple of Stage
        From few layers to all of them.
    passed : bool
        Whether the explanation of the wholly re-initialised model differs: rank correlation below one half.

    References
    ----------
    .. [1] Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
    """

    class_index: int
    stages: tuple[Stage, ...]
    passed: bool


def sanity_check(
    image: Image,
    network: Any,
    classify: Callable[[Any], Classifier],
    spec: ExplainSpec,
    class_index: int,
    *,
    stages: int = 4,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> SanityCheck:
    """Re-initialise a Keras model's layers from the output downwards and explain it again at each stage.

    A layer is re-initialised by shuffling each of its weight arrays, which keeps their distribution and so the
    scale of what flows through the network.

    Parameters
    ----------
    image : Image
        The picture.
    network : keras.Model
        The trained model; it has its own weights again afterwards.
    classify : callable
        Makes a classifier of `network` as it is at that moment.
    spec : ExplainSpec
        Settings of every explanation.
    class_index : int
        The class.
    stages : int
        At least 1.
    seed : int
        Of the shuffling.
    on_progress : callable, optional
        Counts samples over all stages.
    """
    if stages < 1:
        raise SpecError(f"stages must be at least 1; got {stages}.")
    spec = replace(spec, classes=(class_index,), early_stop=False)
    parts = stages + 1
    trained = fit(query(image, classify(network), spec, on_progress=_part(on_progress, 0, parts, spec.samples)))
    layers = [layer for layer in network.layers if layer.get_weights()][::-1]
    weights = [layer.get_weights() for layer in layers]
    random = np.random.default_rng(seed)
    results: list[Stage] = []
    forgotten = 0
    try:
        for stage in range(1, stages + 1):
            until = max(len(layers) * stage // stages, 1)
            for layer in layers[forgotten:until]:
                layer.set_weights([random.permuted(one.ravel()).reshape(one.shape) for one in layer.get_weights()])
            forgotten = until
            shown = _part(on_progress, stage, parts, spec.samples)
            found = fit(query(image, classify(network), spec, on_progress=shown))
            results.append(_stage(trained, found, class_index, until, layers[until - 1].name))
    finally:
        for layer, own in zip(layers, weights, strict=True):
            layer.set_weights(own)
    return SanityCheck(class_index, tuple(results), passed=not abs(results[-1].agreement) >= 0.5)


def _stage(trained: Explanation, found: Explanation, index: int, layers: int, lowest: str) -> Stage:
    k = trained.spec.top_k
    own, other = trained[index].coefficients, found[index].coefficients
    constant = bool(np.ptp(other) == 0)
    return Stage(
        layers=layers,
        lowest=lowest,
        agreement=0.0 if constant else float(spearmanr(own, other).statistic),
        jaccard=jaccard(trained.top_features(index, k, "both"), found.top_features(index, k, "both")),
    )


def _part(on_progress: Progress | None, place: int, parts: int, samples: int) -> Progress | None:
    """Return a progress callback for one of several queries, counted over all of them."""
    if on_progress is None:
        return None
    return lambda done, _: on_progress(place * samples + min(done, samples), parts * samples)


def _mean(values: Any) -> float:
    numbers = list(values)
    return float(np.mean(numbers)) if numbers else math.nan


def to_json_ready(value: Any) -> Any:
    """Return a trial's result as plain values for JSON: dataclasses as dicts, arrays as lists, NaN as None."""
    if isinstance(value, Explanation):
        return json.loads(value.to_json())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json_ready(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return to_json_ready(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): to_json_ready(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_ready(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
