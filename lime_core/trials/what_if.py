"""What if the settings were different: what stays under other superpixels, fills, kernels and sample counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood
from lime_core.answers.probe import Probe
from lime_core.answers.query import Progress, query
from lime_core.answers.scene import prepare
from lime_core.errors import SpecError
from lime_core.explanation.agreement import rank_correlation
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.explanation import Explanation
from lime_core.methods import MaskMethod, Method
from lime_core.models.protocol import Classifier
from lime_core.parameters import parameters_of
from lime_core.picture.image import Image
from lime_core.settings.spec import QUERY_STAGES, ExplainSpec
from lime_core.superpixels import Grid, Slic
from lime_core.trials.shared import LIME, means_the_same, part_of, reusable

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One change of the settings.

    Attributes
    ----------
    name : str
        What was changed.
    superpixels : int
        Of this variant.
    probability_hidden : float
        The model's output for the fully hidden picture.
    r2_holdout : float
        Held-out R²; NaN for a method without a fit.
    agreement : float
        Rank correlation (Spearman) of the scores with the base's, over the base's superpixels.
    top_share : ndarray of float64, shape (S,)
        For each of the base's superpixels the share of its pixels that belong to this variant's K strongest.
    sign : ndarray of float64, shape (S,)
        Mean sign of this variant's scores over the pixels of each of the base's superpixels, −1..1; a score that
        is not sure to differ from zero has none (0).
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
    """The same picture under other settings, for one class.

    Attributes
    ----------
    class_index : int
        The class.
    base : Attribution
        The explanation that the others are compared with.
    variants : tuple of Variant
        One for each change.
    survivors : tuple of int
        The base's K strongest superpixels that lie mostly inside the K strongest of every variant.
    flips : tuple of int
        The base's sure superpixels whose sign surely turns in at least one variant.
    top : tuple of int
        The base's K strongest superpixels.
    """

    class_index: int
    base: Attribution
    variants: tuple[Variant, ...]
    survivors: tuple[int, ...]
    flips: tuple[int, ...]
    top: tuple[int, ...]


def usual_variants(spec: ExplainSpec, method: Method = LIME) -> dict[str, ExplainSpec]:
    """Return the changes that are tried unless others are asked for; what changes nothing for a method is left out."""
    changes: dict[str, dict[str, Any]] = {
        "superpixels: finer": {"segmentation": Slic(n_segments=90)},
        "superpixels: coarser": {"segmentation": Slic(n_segments=25)},
        "superpixels: 7×7 grid": {"segmentation": Grid(rows=7, columns=7)},
        "fill: grey": {"fill": "grey"},
        "fill: blur": {"fill": "blur"},
        "fill: picture's mean": {"fill": "image_mean"},
        "fill: superpixel mean": {"fill": "segment_mean"},
        "kernel: half as wide": _widened(spec, 0.5),
        "kernel: twice as wide": _widened(spec, 2.0),
        "samples: half as many": {"samples": max(spec.samples // 2, 2)},
        "samples: another seed": {"seed": (spec.seed + 1) % 2**31},
    }
    variants = {name: replace(spec, **change) for name, change in changes.items()}
    return {name: variant for name, variant in variants.items() if not means_the_same(method, variant, spec)}


def what_if(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    class_index: int,
    *,
    method: Method = LIME,
    k: int | None = None,
    variants: Mapping[str, ExplainSpec] | None = None,
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> WhatIf:
    """Explain the picture again under other settings, and say what stays among the strongest under all of them.

    Variants that ask the model the same questions share the answers, also with `known`, an earlier query. `k` says how
    many superpixels count as the strongest, without it each spec's own K; other parameters are those of `repeat`.
    """
    specs = {"base": spec, **(usual_variants(spec, method) if variants is None else variants)}
    specs = {name: replace(each, classes=(class_index,), early_stop=False) for name, each in specs.items()}
    asker = _Asker(image, classifier, method, known)
    attributions: dict[str, tuple[Attribution, float]] = {}
    for position, (name, variant) in enumerate(specs.items()):
        attribution = asker.explain(variant, part_of(on_progress, position, len(specs), variant.samples))
        attributions[name] = attribution, asker.hidden_output(variant, class_index)
    base, _ = attributions.pop("base")
    compared = tuple(
        _variant(name, base, attribution, hidden, class_index, k or specs[name].top_k)
        for name, (attribution, hidden) in attributions.items()
    )
    scores = base.scores(class_index)
    sure = np.flatnonzero(base.sure(class_index) & (scores != 0))
    top = base.top_features(class_index, k or spec.top_k, sign="both")
    return WhatIf(
        class_index=class_index,
        base=base,
        variants=compared,
        survivors=tuple(feature for feature in top if all(variant.top_share[feature] > 0.5 for variant in compared)),
        flips=tuple(
            int(feature)
            for feature in sure
            if any(variant.sign[feature] * np.sign(scores[feature]) < -0.5 for variant in compared)
        ),
        top=top,
    )


def _widened(spec: ExplainSpec, factor: float) -> dict[str, Any]:
    """Return the change to a kernel `factor` times as wide, within its range; none for a kernel without a width."""
    if spec.kernel_width is None:
        return {}
    rule = parameters_of(spec.kernel)["width"]
    return {"kernel_width": float(np.clip(spec.kernel_width * factor, rule.low, rule.high))}


class _Asker:
    """Asks for variants of one explanation; the same question is asked once."""

    def __init__(self, image: Image, classifier: Classifier, method: Method, known: Neighborhood | None) -> None:
        self._image, self._classifier, self._method = image, classifier, method
        self._known = known
        self._answers: dict[str, Neighborhood] = {}
        self._hidden: dict[str, float] = {}

    def explain(self, spec: ExplainSpec, on_progress: Progress | None) -> Attribution:
        """Return the method's result under other settings."""
        if not isinstance(self._method, MaskMethod):
            return self._method.attribute(self._image, self._classifier, spec, on_progress=on_progress)
        asked = self._method.asked(spec)
        key = asked.digest(*QUERY_STAGES)
        if key not in self._answers:
            cached = reusable(self._known, asked)
            answers = query(self._image, self._classifier, asked, known=cached, on_progress=on_progress)
            self._known = answers if self._known is None else self._known
            self._answers[key] = answers
        return self._method.from_answers(self._answers[key], spec)

    def hidden_output(self, spec: ExplainSpec, class_index: int) -> float:
        """Return the model's output for the fully hidden picture."""
        key = hidden_picture_of(spec)
        if key not in self._hidden:
            scene = prepare(self._image, self._classifier.input_size, spec)
            outputs = Probe(scene, self._classifier).ask(np.zeros((1, scene.superpixels), np.uint8))
            self._hidden[key] = float(outputs[0, class_index])
        return self._hidden[key]


def hidden_picture_of(spec: ExplainSpec) -> str:
    """Return a digest that is equal for settings whose fully hidden pictures are asked about once."""
    return replace(spec, samples=2, seed=spec.seed if spec.fill.random else 0).stream_digest


def _variant(
    name: str, base: Attribution, other: Attribution, hidden_output: float, class_index: int, k: int
) -> Variant:
    base_segments, segments = _segments(base), _segments(other)
    scores, sure = other.scores(class_index), other.sure(class_index)
    top = np.zeros(len(scores))
    top[list(other.top_features(class_index, k, sign="both"))] = 1
    density = scores / np.bincount(segments.ravel())
    sizes = np.bincount(base_segments.ravel())
    same_cut = np.array_equal(base_segments, segments)
    carried = scores if same_cut else _sum_over(base_segments, density[segments])
    return Variant(
        name=name,
        superpixels=len(scores),
        probability_hidden=hidden_output,
        r2_holdout=other[class_index].r2_holdout if isinstance(other, Explanation) else math.nan,
        agreement=rank_correlation(base.scores(class_index), carried),
        top_share=_sum_over(base_segments, top[segments]) / sizes,
        sign=_sum_over(base_segments, np.sign(np.where(sure, scores, 0.0))[segments]) / sizes,
    )


def _segments(attribution: Attribution) -> NDArray[np.int32]:
    if attribution.segments is None:
        raise SpecError(f"The method {attribution.method!r} has no superpixels to follow from one variant to another.")
    return attribution.segments


def _sum_over(segments: NDArray[np.int32], values: Floats) -> Floats:
    """Return the sum of `values` (H, W) over each superpixel, float64 (S,)."""
    return np.bincount(segments.ravel(), weights=values.ravel()).astype(np.float64)
