"""How far to believe an explanation, from the samples that are there: stability, the linear limit, and a verdict.

No model is asked. `lime_core.trials` asks it further questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lime_core.spec import ExplainSpec

Floats = NDArray[np.float64]
Level = Literal["solid", "usable", "doubtful", "meaningless"]

LEVELS: tuple[Level, ...] = ("solid", "usable", "doubtful", "meaningless")

RESAMPLES = 200
GOOD_R2, FAIR_R2 = 0.5, 0.2
GOOD_STABILITY, FAIR_STABILITY = 0.8, 0.5
LARGE_SUPERPIXEL = 0.5  # share of the picture
LARGE_GAP = 0.25  # of the range of the answers
SATURATED = 0.99
CLEAR_PAIR = 5.0  # t statistic: the largest of S²/2 chance values stays below it


@dataclass(frozen=True, slots=True)
class Pair:
    """Two superpixels that act together beyond the sum of both.

    Attributes
    ----------
    a, b : int
        Superpixel ids, ``a < b``.
    effect : float
        What showing both adds to the target beyond the sum of showing each.
    r2 : float
        Weighted R² in sample that the surrogate would have with this one product added.
    t : float
        The effect in units of its chance level (least squares t statistic).
    """

    a: int
    b: int
    effect: float
    r2: float
    t: float

    @property
    def clear(self) -> bool:
        """Whether chance alone would hardly bring a pair like it."""
        return abs(self.t) > CLEAR_PAIR


@dataclass(frozen=True, slots=True, eq=False)
class ClassTrust:
    """How far to believe the explanation of one class.

    Attributes
    ----------
    level : {"solid", "usable", "doubtful", "meaningless"}
        The verdict.
    reasons : tuple of str
        Why, the gravest first; empty for a solid explanation.
    advice : str
        The one change that would help most; empty for a solid explanation.
    changes : dict
        The same as fields of `ExplainSpec` to replace, where it can be said so.
    top_k_frequency : ndarray of float64, shape (S,)
        How often each superpixel is among the K strongest when the samples are resampled; NaN for a tree.
    stability : float
        Mean Jaccard index between the K strongest and those of the resamples, 0..1; NaN for a tree.
    nonlinear_share : float
        Share of the answers' variance that no linear surrogate can explain, from complementary pairs; NaN where
        samples are not paired.
    samples_per_superpixel : float
        N / S.
    gap : float
        The surrogate's answer for the untouched picture less the model's, in the unit of the target.
    pair : Pair or None
        The strongest pair of superpixels that act together.
    """

    level: Level
    reasons: tuple[str, ...]
    advice: str
    changes: dict[str, Any]
    top_k_frequency: Floats
    stability: float
    nonlinear_share: float
    samples_per_superpixel: float
    gap: float
    pair: Pair | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, NaN as None; `from_dict` is the inverse."""
        pair = None if self.pair is None else {name: getattr(self.pair, name) for name in Pair.__slots__}
        numbers = {name: _to_null(getattr(self, name)) for name in _NUMBERS}
        return {
            "level": self.level,
            "reasons": list(self.reasons),
            "advice": self.advice,
            "changes": self.changes,
            "top_k_frequency": [_to_null(value) for value in self.top_k_frequency.tolist()],
            "pair": pair,
            **numbers,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ClassTrust:
        """Build from the result of `to_dict`."""
        frequency = np.array([_from_null(value) for value in values["top_k_frequency"]], np.float64)
        return cls(
            level=values["level"],
            reasons=tuple(values["reasons"]),
            advice=values["advice"],
            changes=dict(values["changes"]),
            top_k_frequency=frequency,
            pair=None if values["pair"] is None else Pair(**values["pair"]),
            **{name: _from_null(values[name]) for name in _NUMBERS},
        )


_NUMBERS = ("stability", "nonlinear_share", "samples_per_superpixel", "gap")


class Design:
    """Masks and weights of a fit, with what all classes share of the search for pairs.

    Attributes
    ----------
    masks, centred : ndarray of float64, shape (N, S)
        1 = shown, 0 = hidden; and the same about their weighted means.
    weights : ndarray of float64, shape (N,)
        Kernel weights.
    pair_spread : ndarray of float64, shape (S, S)
        Weighted sum of squares of each product of two centred columns; infinite where it is zero.
    """

    def __init__(self, masks: Floats, weights: Floats) -> None:
        self.masks, self.weights = masks, weights
        self.centred = masks - np.average(masks, axis=0, weights=weights)
        squares = self.centred**2
        spread = squares.T @ (squares * weights[:, None])
        self.pair_spread = np.where(spread > 0, spread, np.inf)
        gram = self.centred.T @ (self.centred * weights[:, None])
        # A trace of a ridge keeps columns that never vary from breaking the inverse.
        self._inverse = np.linalg.inv(gram + (1e-12 * np.trace(gram) + 1e-300) * np.eye(len(gram)))

    def without_linear_part(self, values: Floats) -> Floats:
        """Return what a weighted linear fit of the masks leaves of `values`, both float64 ``(N,)``."""
        centred = values - np.average(values, weights=self.weights)
        slope = self._inverse @ (self.centred.T @ (self.weights * centred))
        left: Floats = centred - self.centred @ slope
        return left


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What a verdict rests on, for one class; units are the target's.

    Attributes
    ----------
    spec : ExplainSpec
        Every setting.
    outputs : ndarray of float32, shape (N,)
        The model's outputs for the class, as the model gave them.
    targets, residuals : ndarray of float64, shape (N,)
        What was fitted, and what is left of it.
    design : Design
        Masks and kernel weights.
    pairs : ndarray of int32, shape (N,)
        Equal for samples drawn together.
    coefficients : ndarray of float64, shape (S,)
        Of the surrogate.
    influence : ndarray of float64, shape (G, S) or None
        What each pair of samples adds to each coefficient; None for a tree.
    sure : ndarray of bool, shape (S,)
        Where the 95 % interval excludes zero.
    effective_samples, r2, r2_holdout, model_output, surrogate_output : float
        As on the explanation.
    largest_superpixel : float
        Its share of the picture.
    typical_distance : float
        Median distance of the samples from the original.
    """

    spec: ExplainSpec
    outputs: NDArray[np.float32]
    targets: Floats
    residuals: Floats
    design: Design
    pairs: NDArray[np.int32]
    coefficients: Floats
    influence: Floats | None
    sure: NDArray[np.bool_]
    effective_samples: float
    r2: float
    r2_holdout: float
    model_output: float
    surrogate_output: float
    largest_superpixel: float
    typical_distance: float


def judge(facts: Facts) -> ClassTrust:
    """Return how far to believe the explanation of one class."""
    samples, superpixels = facts.design.masks.shape
    frequency, stability = resampled_top_k(facts.coefficients, facts.influence, facts.spec.top_k)
    evidence = _Evidence(
        facts=facts,
        stability=stability,
        nonlinear_share=nonlinear_share(facts.targets, facts.pairs),
        pair=strongest_pair(facts),
        gap=facts.surrogate_output - facts.model_output,
    )
    findings = [finding for rule in _RULES if (finding := rule(evidence)) is not None]
    findings.sort(key=lambda finding: -LEVELS.index(finding.level))
    return ClassTrust(
        level=findings[0].level if findings else "solid",
        reasons=tuple(finding.reason for finding in findings),
        advice=findings[0].advice if findings else "",
        changes=findings[0].changes if findings else {},
        top_k_frequency=frequency,
        stability=stability,
        nonlinear_share=evidence.nonlinear_share,
        samples_per_superpixel=samples / superpixels,
        gap=evidence.gap,
        pair=evidence.pair,
    )


def resampled_top_k(
    coefficients: Floats, influence: Floats | None, k: int, resamples: int = RESAMPLES
) -> tuple[Floats, float]:
    """Say how firmly the K strongest superpixels hold when whole pairs of samples are drawn anew (bootstrap).

    To first order, drawing pair g ``n`` times instead of once moves the coefficients by ``(n − 1)`` times its
    influence, so no refit is needed.

    Returns
    -------
    frequency : ndarray of float64, shape (S,)
        How often each superpixel is among the K strongest.
    stability : float
        Mean Jaccard index with the K strongest of all samples.
    """
    superpixels = len(coefficients)
    if influence is None:
        return np.full(superpixels, np.nan), math.nan
    count = min(k, superpixels)
    resampled = coefficients + _draws(len(influence), resamples) @ np.nan_to_num(influence)
    own = np.argsort(-np.abs(coefficients), kind="stable")[:count]
    theirs = np.argsort(-np.abs(resampled), axis=1, kind="stable")[:, :count]
    chosen = np.zeros((resamples, superpixels), bool)
    np.put_along_axis(chosen, theirs, values=True, axis=1)
    shared = chosen[:, own].sum(axis=1)
    return chosen.mean(axis=0), float((shared / (2 * count - shared)).mean())


@lru_cache(maxsize=4)
def _draws(pairs: int, resamples: int) -> Floats:
    """How much more or less than once each pair is drawn, float64 (resamples, pairs)."""
    counts = np.random.default_rng(0).multinomial(pairs, np.full(pairs, 1 / pairs), size=resamples)
    draws: Floats = np.asarray(counts, np.float64) - 1.0
    draws.flags.writeable = False
    return draws


def nonlinear_share(targets: Floats, pairs: NDArray[np.int32]) -> float:
    """Return the share of variance that no linear surrogate can explain; NaN without complementary pairs.

    A linear function of the mask takes opposite deviations for a mask and its complement, so what a pair has in
    common beyond the mean of all pairs (the even part) is out of its reach.
    """
    _, starts, sizes = np.unique(pairs, return_index=True, return_counts=True)
    first = starts[sizes == 2]
    if len(first) < 2:
        return math.nan
    even = (targets[first] + targets[first + 1]) / 2
    odd = (targets[first] - targets[first + 1]) / 2
    total = float(even.var() + (odd**2).mean())
    return float(even.var() / total) if total > 0 else math.nan


def strongest_pair(facts: Facts) -> Pair | None:
    """Return the pair of superpixels whose product explains most of what the surrogate leaves, or None.

    All pairs are ranked at once by the weighted correlation of their product with the residuals; the first is
    then fitted exactly, beside the linear part (Frisch, Waugh and Lovell).
    """
    design = facts.design
    if not math.isfinite(facts.r2):
        return None
    moments = design.centred.T @ (design.centred * (design.weights * facts.residuals)[:, None])
    score = np.triu(moments**2 / design.pair_spread, k=1)
    a, b = (int(place) for place in np.unravel_index(np.argmax(score), score.shape))

    product = design.without_linear_part(design.masks[:, a] * design.masks[:, b])
    target = design.without_linear_part(facts.targets)
    power = float(design.weights @ product**2)
    if power <= 1e-9 * float(design.weights.sum()):
        return None
    effect = float(design.weights @ (product * target)) / power
    remaining = max(float(design.weights @ (target - effect * product) ** 2), 1e-300)
    degrees = max(len(design.masks) - design.masks.shape[1] - 2, 1)
    deviation = facts.targets - np.average(facts.targets, weights=design.weights)
    return Pair(
        a=a,
        b=b,
        effect=effect,
        r2=1 - remaining / float(design.weights @ deviation**2),
        t=min(abs(effect) * math.sqrt(power * degrees / remaining), 1e6),
    )


@dataclass(frozen=True, slots=True)
class _Evidence:
    facts: Facts
    stability: float
    nonlinear_share: float
    pair: Pair | None
    gap: float


@dataclass(frozen=True, slots=True)
class _Finding:
    level: Level
    reason: str
    advice: str
    changes: dict[str, Any] = field(default_factory=dict)


def _constant(evidence: _Evidence) -> _Finding | None:
    facts = evidence.facts
    if math.isfinite(facts.r2):
        return None
    reason = f"The model answers {facts.outputs[0]:.3g} for this class whatever is hidden."
    if _saturated_share(facts) == 1 and facts.spec.target == "probability":
        return _Finding("meaningless", reason, "Explain the log-odds instead of a saturated probability.", _LOG_ODDS)
    return _Finding("meaningless", reason, "Choose another class, or another fill that takes more away.")


def _starved_kernel(evidence: _Evidence) -> _Finding | None:
    facts = evidence.facts
    unknowns = facts.design.masks.shape[1] + 1
    if facts.effective_samples >= min(unknowns, len(facts.design.masks)) / 2 or facts.spec.kernel == "none":
        return None
    reason = (
        f"The kernel gives nearly all weight to few samples: {len(facts.design.masks)} of them count as "
        f"{facts.effective_samples:.1f}."
    )
    width = round(max(facts.typical_distance, facts.spec.kernel_width * 1.5), 3)
    level: Level = "meaningless" if facts.effective_samples < unknowns / 4 else "doubtful"
    return _Finding(level, reason, f"Use a wider kernel, such as {width:g}.", {"kernel_width": width})


def _few_samples(evidence: _Evidence) -> _Finding | None:
    samples, superpixels = evidence.facts.design.masks.shape
    if samples > 2 * superpixels:
        return None
    reason = f"{samples} samples are few for {superpixels} superpixels."
    return _more_samples("meaningless" if samples < superpixels else "doubtful", reason, evidence, 8 * superpixels)


def _saturated(evidence: _Evidence) -> _Finding | None:
    facts = evidence.facts
    if facts.spec.target != "probability" or not math.isfinite(facts.r2):
        return None
    share = _saturated_share(facts)
    if facts.model_output < SATURATED or share < 0.5:
        return None
    reason = f"The probability is saturated: it stays above {SATURATED} in {share:.0%} of the samples."
    return _Finding("doubtful", reason, "Explain the log-odds instead of a saturated probability.", _LOG_ODDS)


def _one_large_superpixel(evidence: _Evidence) -> _Finding | None:
    share = evidence.facts.largest_superpixel
    if share < LARGE_SUPERPIXEL:
        return None
    reason = f"One superpixel covers {share:.0%} of the picture, so hiding it hides nearly everything."
    return _Finding("doubtful", reason, f"Use finer superpixels: {_method(evidence).finer}.")


def _nothing_sure(evidence: _Evidence) -> _Finding | None:
    facts = evidence.facts
    if facts.sure.any() or not math.isfinite(facts.r2):
        return None
    pair = evidence.pair
    if pair is not None and pair.clear:
        reason = (
            f"No single superpixel matters, but superpixels {pair.a} and {pair.b} act together: with their product "
            f"R² would be {pair.r2:.2f} instead of {facts.r2:.2f}."
        )
        return _Finding("doubtful", reason, f"Use coarser superpixels: {_method(evidence).coarser}.")
    reason = "No superpixel stands out from the noise of the sampling."
    return _more_samples("meaningless", reason, evidence, 4 * len(facts.design.masks))


def _poor_fit(evidence: _Evidence) -> _Finding | None:
    facts = evidence.facts
    if not facts.r2_holdout < GOOD_R2:
        return None
    level: Level = "usable" if facts.r2_holdout >= FAIR_R2 else "doubtful"
    reason = f"A sum of superpixels explains only {max(facts.r2_holdout, 0):.0%} of the held-out answers"
    pair = evidence.pair
    if pair is not None and pair.clear:
        reason += f"; superpixels {pair.a} and {pair.b} act together (R² {pair.r2:.2f} with their product)"
    if facts.r2 - facts.r2_holdout > 0.15:
        return _more_samples(level, f"{reason}.", evidence, 2 * len(facts.design.masks))
    if facts.spec.target == "probability" and _swings_widely(facts):
        return _Finding(level, f"{reason}.", "Explain the log-odds: they are closer to a sum.", _LOG_ODDS)
    return _Finding(level, f"{reason}.", f"Use coarser superpixels: {_method(evidence).coarser}.")


def _unstable(evidence: _Evidence) -> _Finding | None:
    if not evidence.stability < GOOD_STABILITY:
        return None
    level: Level = "usable" if evidence.stability >= FAIR_STABILITY else "doubtful"
    count = min(evidence.facts.spec.top_k, evidence.facts.design.masks.shape[1])
    reason = f"Other samples would name other superpixels: the top {count} agree to {evidence.stability:.0%} (Jaccard)."
    return _more_samples(level, reason, evidence, 2 * len(evidence.facts.design.masks))


def _surrogate_misses_the_picture(evidence: _Evidence) -> _Finding | None:
    facts = evidence.facts
    if not abs(evidence.gap) > LARGE_GAP * float(np.ptp(facts.targets)):
        return None
    reason = (
        f"For the untouched picture the surrogate says {facts.surrogate_output:.2f} where the model says "
        f"{facts.model_output:.2f}: the answers bend between the samples and the picture."
    )
    if facts.spec.target == "probability":
        return _Finding("usable", reason, "Explain the log-odds: they bend less.", _LOG_ODDS)
    return _Finding("usable", reason, "Hide less at a time: sampler 'mixed_rate'.", {"sampler": "mixed_rate"})


_RULES: tuple[Callable[[_Evidence], _Finding | None], ...] = (
    _constant,
    _starved_kernel,
    _few_samples,
    _saturated,
    _one_large_superpixel,
    _nothing_sure,
    _poor_fit,
    _unstable,
    _surrogate_misses_the_picture,
)
_LOG_ODDS = {"target": "log_odds"}


def _more_samples(level: Level, reason: str, evidence: _Evidence, wanted: int) -> _Finding:
    samples = min(max(wanted, 2 * len(evidence.facts.design.masks)), 100_000)
    return _Finding(level, reason, f"Use more samples: {samples:,}.", {"samples": samples})


def _method(evidence: _Evidence) -> Any:
    return evidence.facts.spec.segmentation


def _saturated_share(facts: Facts) -> float:
    return float((facts.outputs > SATURATED).mean())


def _swings_widely(facts: Facts) -> bool:
    low, high = np.quantile(facts.outputs, [0.05, 0.95])
    return bool(high - low > 0.5)


def _to_null(value: float) -> float | None:
    return None if math.isnan(value) else value


def _from_null(value: float | None) -> float:
    return math.nan if value is None else value
