"""Reality check: keep or remove the strongest superpixels and ask the model."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.probe import Probe
from lime_core.errors import SpecError
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.explanation import Explanation
from lime_core.trials.shared import strongest_count

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The model's answer to one mask, beside the surrogate's and beside chance; in the unit of the model's outputs.

    Attributes
    ----------
    model : float
        The model's output.
    surrogate : float
        What the surrogate predicts for the same mask, as an output of the model; NaN where there is no surrogate that
        adds superpixels up.
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

    It is passed when the model's output is higher for the strongest superpixels alone than for 95 % of the random sets,
    or lower without them than without 95 % of the random sets. One of both is enough: where a few superpixels carry
    everything twice, hiding some of them changes nothing, and where many superpixels carry a little each, no few of
    them are enough. Only the order of the outputs counts, so it does not matter how near 0 or 1 they are.

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
    comparable : bool
        Whether there are more sets of so many superpixels than were drawn at random; else the strongest ones are likely
        to be among the random sets, and the check can tell nothing.
    """

    class_index: int
    features: tuple[int, ...]
    kept: Answer
    removed: Answer
    comparable: bool = True

    @property
    def enough(self) -> bool:
        """Whether the strongest superpixels alone do better than random ones."""
        return self.kept.model > self.kept.random_high

    @property
    def missed(self) -> bool:
        """Whether the output is lower without them than without random ones."""
        return self.removed.model < self.removed.random_low

    @property
    def passed(self) -> bool:
        """Whether they matter more to the model than random ones."""
        return self.enough or self.missed


def reality_check(
    probe: Probe, attribution: Attribution, class_index: int, k: int | None = None, *, draws: int = 20, seed: int = 0
) -> RealityCheck:
    """Keep only the K strongest superpixels for a class, or remove them, and ask the model.

    Parameters
    ----------
    probe : Probe
        The model in front of the explained scene.
    attribution : Attribution
        Its superpixels are ranked.
    class_index : int
        One of the explained classes.
    k : int, optional
        How many, at least 1; without it the K that the verdict was made for, or 5.
    draws : int
        Random sets of the same number to compare with.
    seed : int
        Of those sets.

    Raises
    ------
    SpecError
        When no superpixel is evidence for the class.
    """
    features = attribution.top_features(class_index, strongest_count(attribution, class_index, k))
    if not features:
        raise SpecError("No superpixel is evidence for this class, so there is nothing to keep or remove.")
    superpixels = probe.scene.superpixels
    kept = np.zeros((draws + 1, superpixels), np.uint8)
    kept[0, list(features)] = 1
    random = np.random.default_rng(seed)
    for row in range(1, draws + 1):
        kept[row, random.permutation(superpixels)[: len(features)]] = 1
    outputs = probe.ask(np.concatenate([kept, 1 - kept]))[:, class_index].astype(np.float64)

    def answer(mask: NDArray[np.uint8], output: float, random_outputs: Floats) -> Answer:
        predicted = math.nan
        if isinstance(attribution, Explanation) and attribution.signed:
            predicted = float(attribution.surrogate_outputs(class_index, mask[None])[0])
        low, high = np.quantile(random_outputs, [0.05, 0.95])
        return Answer(float(output), predicted, float(random_outputs.mean()), float(low), float(high))

    return RealityCheck(
        class_index=class_index,
        features=features,
        kept=answer(kept[0], outputs[0], outputs[1 : draws + 1]),
        removed=answer(1 - kept[0], outputs[draws + 1], outputs[draws + 2 :]),
        comparable=math.comb(superpixels, len(features)) > draws,
    )
