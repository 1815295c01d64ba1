"""What a verdict rests on: facts about one class that every method gives, and those that only a fit gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from lime_core.answers.neighborhood import Neighborhood
from lime_core.explanation.verdict import Interaction
from lime_core.models.outputs import Meaning
from lime_core.settings.spec import ExplainSpec
from lime_core.surrogates.targets import SMALLEST_CUT

SAME_PROBABILITY, SAME_LOG_ODDS, SAME_VALUE = 0.01, 0.1, 1e-4  # changes up to these count as none
_LOOKED_AT = 1000  # samples

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FitFacts:
    """What only a weighted fit can say of a class; units are the target's.

    Attributes
    ----------
    pairs : int
        Independent observations: pairs of complementary samples, or single samples.
    effective_samples : float
        Kish's effective sample size.
    typical_distance : float
        Median distance of the samples from the original.
    r2, r2_holdout : float
        Weighted R² in sample and held out; NaN where the target does not vary.
    r2_holdout_error : float
        Standard error of the latter.
    model_output, surrogate_output : float
        Both answers for the unmodified picture.
    gap : float
        The surrogate's answer, cut off where log-odds are, less the model's.
    top_k_frequency : ndarray of float64, shape (S,)
        How often each superpixel is among the K strongest when the samples are resampled.
    stability : float
        Mean Jaccard index with the K strongest of all samples; NaN without error bars.
    certain : int or None
        How many superpixels are among the K strongest for sure, see `Attribution.certain_top`; None where that is not
        known.
    nonlinear_share : float
        Share of variance that no linear surrogate can explain; NaN without complementary pairs.
    interaction : Interaction or None
        The strongest pair of superpixels that act together.
    """

    pairs: int
    effective_samples: float
    typical_distance: float
    r2: float
    r2_holdout: float
    r2_holdout_error: float
    model_output: float
    surrogate_output: float
    gap: float
    top_k_frequency: Floats
    stability: float
    certain: int | None
    nonlinear_share: float
    interaction: Interaction | None


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a verdict on one class rests on.

    Attributes
    ----------
    spec : ExplainSpec
        Every setting.
    top_k : int
        K: how many superpixels count as the strongest.
    superpixels : int
        S.
    sure : ndarray of bool, shape (S,)
        Which scores differ from zero, corrected for looking at all of them; without error bars everything.
    largest_superpixel : float
        Its share of the picture.
    outputs : ndarray of float32, shape (N,)
        The model's outputs for the class, as the model gave them; without a fit the first one is for the unmodified
        picture.
    targets : ndarray of float64, shape (N,)
        The same in the unit that is explained.
    fit : FitFacts or None
        None for a method without a fit.
    outputs_are : {"probabilities", "values"}
        What the model says its outputs are.
    largest_change : float
        Of any class of the model, see the function of that name.
    """

    spec: ExplainSpec
    top_k: int
    superpixels: int
    sure: NDArray[np.bool_]
    largest_superpixel: float
    outputs: NDArray[np.float32]
    targets: Floats
    fit: FitFacts | None
    outputs_are: Meaning
    largest_change: float

    @property
    def samples(self) -> int:
        """N."""
        return len(self.outputs)

    @property
    def target_range(self) -> float:
        """Largest target less the smallest."""
        return float(np.ptp(self.targets))

    @property
    def varies(self) -> bool:
        """Whether there is anything to explain."""
        if self.fit is not None:
            return math.isfinite(self.fit.r2)
        return self.outputs_vary and self.target_range > 0

    @property
    def outputs_vary(self) -> bool:
        """Whether the outputs differ beyond float32 rounding."""
        return bool(np.ptp(self.outputs) > 1e-6 * np.abs(self.outputs).max())

    @property
    def unmoved(self) -> bool:
        """Whether no output of any class of the model changes by more than 0.01 (of values: than rounding).

        A network that is given pixels in another range than it was trained with mostly answers like this.
        """
        return self.largest_change <= (SAME_PROBABILITY if self.are_probabilities else SAME_VALUE)

    @property
    def same_odds(self) -> bool:
        """Whether the log-odds of this class change by no more than 0.1, its odds by a tenth."""
        if not self.are_probabilities:
            return True
        odds = logit(np.clip(self.outputs.astype(np.float64), SMALLEST_CUT, 1 - SMALLEST_CUT))
        return bool(np.ptp(odds) <= SAME_LOG_ODDS)

    @property
    def are_probabilities(self) -> bool:
        """Whether all outputs lie in 0..1, and are not said to be something else."""
        return self.outputs_are == "probabilities" and bool(self.outputs.min() >= 0 and self.outputs.max() <= 1)


def largest_change(answers: Neighborhood) -> float:
    """Return by how much the output of any class changes when superpixels are hidden.

    Values in a model's own unit are counted as a part of the largest one. At most 1,000 samples are looked at.
    """
    seen = np.vstack([answers.original_outputs, answers.outputs[:_LOOKED_AT]])
    scale = np.abs(seen).max() if answers.provenance.outputs_are == "values" else 1.0
    return float(np.ptp(seen, axis=0).max() / scale) if scale else 0.0
