"""What if the knobs were different: what survives other superpixels, fills, kernels and sample counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood, Progress, query
from lime_core.answers.scene import Probe, prepare
from lime_core.explanation.agreement import rank_correlation
from lime_core.explanation.explanation import Explanation
from lime_core.methods.lime.fit import fit
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.superpixels.segmentation import Grid, Slic
from lime_core.trials.shared import part_of, reusable

Floats = NDArray[np.float64]


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
        Mean sign of this variant's coefficients over the pixels of each of the base's superpixels, −1..1; a
        coefficient whose 95 % interval contains zero has none (0).
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
        The base's sure superpixels whose sign surely turns in at least one variant.
    """

    class_index: int
    base: Explanation
    variants: tuple[Variant, ...]
    survivors: tuple[int, ...]
    flips: tuple[int, ...]


def usual_variants(spec: ExplainSpec) -> dict[str, ExplainSpec]:
    """Return the turns of the knobs that are tried unless others are asked for; what changes nothing is left out."""
    changes: dict[str, dict[str, Any]] = {
        "superpixels: finer": {"segmentation": Slic(n_segments=90)},
        "superpixels: coarser": {"segmentation": Slic(n_segments=25)},
        "superpixels: 7×7 grid": {"segmentation": Grid(rows=7, columns=7)},
        "fill: grey": {"fill": "grey"},
        "fill: blur": {"fill": "blur"},
        "fill: picture's mean": {"fill": "image_mean"},
        "fill: superpixel mean": {"fill": "segment_mean"},
        "kernel: half as wide": {"kernel_width": spec.kernel_width / 2},
        "kernel: twice as wide": {"kernel_width": spec.kernel_width * 2},
        "samples: half as many": {"samples": max(spec.samples // 2, 2)},
        "samples: another seed": {"seed": spec.seed + 1},
    }
    variants = {name: replace(spec, **change) for name, change in changes.items()}
    return {name: variant for name, variant in variants.items() if variant != spec}


def what_if(
    image: Image,
    classifier: Classifier,
    spec: ExplainSpec,
    class_index: int,
    *,
    variants: Mapping[str, ExplainSpec] | None = None,
    known: Neighborhood | None = None,
    on_progress: Progress | None = None,
) -> WhatIf:
    """Explain the picture again under other knobs, and say what survives all of them.

    Variants that ask the model the same questions share the answers, also with `known`, an earlier query.
    """
    specs = {"base": spec, **(usual_variants(spec) if variants is None else variants)}
    specs = {name: replace(one, classes=(class_index,), early_stop=False) for name, one in specs.items()}
    asked: dict[str, Any] = {}
    explanations: dict[str, tuple[Explanation, float]] = {}
    total = len(specs)
    for place, (name, one) in enumerate(specs.items()):
        key = one.digest("segmentation", "query")
        if key not in asked:
            shown = part_of(on_progress, place, total, one.samples)
            neighborhood = query(image, classifier, one, known=reusable(known, one), on_progress=shown)
            known = neighborhood if known is None else known
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
    coefficients, sure = other[class_index].coefficients, other[class_index].sure
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
        agreement=rank_correlation(own, carried),
        top_share=_sum_over(base.segments, top[other.segments]) / sizes,
        sign=_sum_over(base.segments, np.sign(np.where(sure, coefficients, 0.0))[other.segments]) / sizes,
    )


def _sum_over(segments: NDArray[np.int32], values: Floats) -> Floats:
    """Return the sum of `values` (H, W) over each superpixel, float64 (S,)."""
    return np.bincount(segments.ravel(), weights=values.ravel()).astype(np.float64)
