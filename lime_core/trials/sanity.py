"""Sanity check: the same explanation for a model whose layers are re-initialised one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lime_core.answers.query import Progress
from lime_core.errors import SpecError
from lime_core.explanation.agreement import jaccard, rank_correlation
from lime_core.explanation.attribution import Attribution
from lime_core.methods import Method
from lime_core.models.protocol import Classifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.trials.shared import LIME, part_of


@dataclass(frozen=True, slots=True, eq=False)
class SanityStep:
    """One step of a sanity check.

    Attributes
    ----------
    layers : int
        Layers with weights that were re-initialised, counted from the output.
    lowest : str
        Name of the lowest of them.
    agreement : float
        Rank correlation (Spearman) of the scores with the trained model's.
    jaccard : float
        Of the K strongest superpixels with the trained model's.
    """

    layers: int
    lowest: str
    agreement: float
    jaccard: float


@dataclass(frozen=True, slots=True, eq=False)
class SanityCheck:
    """The same explanation as layers are re-initialised, from the output downwards [1]_.

    Attributes
    ----------
    class_index : int
        The class.
    steps : tuple of SanityStep
        From few layers to all of them.
    passed : bool
        Whether the explanation of the wholly re-initialised model differs: rank correlation below one half.

    References
    ----------
    .. [1] Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
    """

    class_index: int
    steps: tuple[SanityStep, ...]
    passed: bool


def sanity_check(
    image: Image,
    network: Any,
    classify: Callable[[Any], Classifier],
    spec: ExplainSpec,
    class_index: int,
    *,
    method: Method = LIME,
    k: int | None = None,
    steps: int = 4,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> SanityCheck:
    """Re-initialise a Keras model's layers from the output downwards and explain it again at each step.

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
    method : Method
        The method that explains.
    k : int, optional
        How many superpixels count as the strongest; the K of the spec's view by default.
    steps : int
        At least 1.
    seed : int
        Of the shuffling.
    on_progress : callable, optional
        Counts samples over all steps.
    """
    if steps < 1:
        raise SpecError(f"steps must be at least 1; got {steps}.")
    spec = replace(spec, classes=(class_index,), early_stop=False)
    parts = steps + 1
    progress = part_of(on_progress, 0, parts, spec.samples)
    trained = method.attribute(image, classify(network), spec, on_progress=progress)
    layers = [layer for layer in network.layers if layer.get_weights()][::-1]
    weights = [layer.get_weights() for layer in layers]
    random = np.random.default_rng(seed)
    results: list[SanityStep] = []
    reset = 0
    try:
        for step in range(1, steps + 1):
            until = max(len(layers) * step // steps, 1)
            for layer in layers[reset:until]:
                permuted = [random.permuted(each.ravel()).reshape(each.shape) for each in layer.get_weights()]
                layer.set_weights(permuted)
            reset = until
            progress = part_of(on_progress, step, parts, spec.samples)
            shuffled = method.attribute(image, classify(network), spec, on_progress=progress)
            results.append(_compared(trained, shuffled, class_index, k or spec.top_k, until, layers[until - 1].name))
    finally:
        for layer, original in zip(layers, weights, strict=True):
            layer.set_weights(original)
    return SanityCheck(class_index, tuple(results), passed=abs(results[-1].agreement) < 0.5)


def _compared(trained: Attribution, shuffled: Attribution, index: int, k: int, layers: int, lowest: str) -> SanityStep:
    scores = shuffled.scores(index)
    constant = bool(np.ptp(scores) == 0)
    return SanityStep(
        layers=layers,
        lowest=lowest,
        agreement=0.0 if constant else rank_correlation(trained.scores(index), scores),
        jaccard=jaccard(trained.top_features(index, k, "both"), shuffled.top_features(index, k, "both")),
    )
