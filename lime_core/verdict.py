"""A verdict in plain words: each rule recognises one weakness, names it, and says what would help most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lime_core.evidence import Facts, Pair
from lime_core.weighting import SMALLEST_PROBABILITY

Level = Literal["solid", "usable", "doubtful", "meaningless"]

LEVELS: tuple[Level, ...] = ("solid", "usable", "doubtful", "meaningless")

GOOD_R2, FAIR_R2 = 0.5, 0.2
GOOD_STABILITY, FAIR_STABILITY = 0.8, 0.5
LARGE_SUPERPIXEL = 0.5  # share of the picture
LARGE_GAP = 0.25  # of the range of the answers
SATURATED = 0.99


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts about the fit of one class, and what follows from them."""

    facts: Facts
    stability: float
    nonlinear_share: float
    pair: Pair | None
    gap: float


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to believe less, and the one change that would help most, also as fields of `ExplainSpec`."""

    level: Level
    reason: str
    advice: str
    changes: dict[str, Any] = field(default_factory=dict)


def _constant(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if math.isfinite(facts.r2):
        return None
    reason = f"The model answers {facts.outputs[0]:.3g} for this class whatever is hidden."
    if _saturated_share(facts) == 1 and facts.spec.target == "probability":
        return Finding("meaningless", reason, "Explain the log-odds instead of a saturated probability.", _LOG_ODDS)
    if facts.spec.target == "log_odds" and facts.outputs.max() <= SMALLEST_PROBABILITY:
        reason = f"The model gives this class no more than {SMALLEST_PROBABILITY:.2%}, whatever is hidden."
    return Finding("meaningless", reason, "Choose another class, or another fill that takes more away.")


def _starved_kernel(evidence: Evidence) -> Finding | None:
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
    return Finding(level, reason, f"Use a wider kernel, such as {width:g}.", {"kernel_width": width})


def _few_samples(evidence: Evidence) -> Finding | None:
    samples, superpixels = evidence.facts.design.masks.shape
    pairs = len(np.unique(evidence.facts.pairs))  # a pair says no more about the coefficients than one sample
    if pairs > 1.5 * superpixels:
        return None
    reason = f"{samples} samples are few for {superpixels} superpixels."
    return _more_samples("meaningless" if pairs <= superpixels else "doubtful", reason, evidence, 8 * superpixels)


def _saturated(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if facts.spec.target != "probability" or not math.isfinite(facts.r2):
        return None
    share = _saturated_share(facts)
    if facts.model_output < SATURATED or share < 0.5:
        return None
    reason = f"The probability is saturated: it stays above {SATURATED} in {share:.0%} of the samples."
    return Finding("doubtful", reason, "Explain the log-odds instead of a saturated probability.", _LOG_ODDS)


def _one_large_superpixel(evidence: Evidence) -> Finding | None:
    share = evidence.facts.largest_superpixel
    if share < LARGE_SUPERPIXEL:
        return None
    reason = f"One superpixel covers {share:.0%} of the picture, so hiding it hides nearly everything."
    return Finding("doubtful", reason, f"Use finer superpixels: {_method(evidence).finer}.")


def _nothing_sure(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if facts.sure.any() or not math.isfinite(facts.r2):
        return None
    pair = evidence.pair
    if pair is not None and pair.clear:
        reason = (
            f"No single superpixel matters, but superpixels {pair.a} and {pair.b} act together: with their product "
            f"R² would be {pair.r2:.2f} instead of {facts.r2:.2f}."
        )
        return Finding("doubtful", reason, f"Use coarser superpixels: {_method(evidence).coarser}.")
    reason = "No superpixel stands out from the noise of the sampling."
    return _more_samples("meaningless", reason, evidence, 4 * len(facts.design.masks))


def _poor_fit(evidence: Evidence) -> Finding | None:
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
        return Finding(level, f"{reason}.", "Explain the log-odds: they are closer to a sum.", _LOG_ODDS)
    return Finding(level, f"{reason}.", f"Use coarser superpixels: {_method(evidence).coarser}.")


def _unstable(evidence: Evidence) -> Finding | None:
    if not evidence.stability < GOOD_STABILITY:
        return None
    level: Level = "usable" if evidence.stability >= FAIR_STABILITY else "doubtful"
    count = min(evidence.facts.spec.top_k, evidence.facts.design.masks.shape[1])
    reason = f"Other samples would name other superpixels: the top {count} agree to {evidence.stability:.0%} (Jaccard)."
    return _more_samples(level, reason, evidence, 2 * len(evidence.facts.design.masks))


def _surrogate_misses_the_picture(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if not abs(evidence.gap) > LARGE_GAP * float(np.ptp(facts.targets)):
        return None
    reason = (
        f"For the untouched picture the surrogate says {facts.surrogate_output:.2f} where the model says "
        f"{facts.model_output:.2f} ({facts.spec.unit}): the answers bend between the samples and the picture."
    )
    if facts.spec.target == "probability":
        return Finding("usable", reason, "Explain the log-odds: they bend less.", _LOG_ODDS)
    return Finding("usable", reason, "Hide less at a time: sampler 'mixed_rate'.", {"sampler": "mixed_rate"})


_RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
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


def _more_samples(level: Level, reason: str, evidence: Evidence, wanted: int) -> Finding:
    samples = min(max(wanted, 2 * len(evidence.facts.design.masks)), 100_000)
    return Finding(level, reason, f"Use more samples: {samples:,}.", {"samples": samples})


def _method(evidence: Evidence) -> Any:
    return evidence.facts.spec.segmentation


def _saturated_share(facts: Facts) -> float:
    return float((facts.outputs > SATURATED).mean())


def _swings_widely(facts: Facts) -> bool:
    low, high = np.quantile(facts.outputs, [0.05, 0.95])
    return bool(high - low > 0.5)


def find_weaknesses(evidence: Evidence) -> list[Finding]:
    """Return what there is against an explanation, the gravest first; nothing against a solid one."""
    findings = [finding for rule in _RULES if (finding := rule(evidence)) is not None]
    return sorted(findings, key=lambda finding: -LEVELS.index(finding.level))
