"""A verdict in plain words: each rule recognises one weakness, names it, and says what would help most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from lime_core.answers.stopping import FEW_PAIRS
from lime_core.judge.evidence import Facts, Pair
from lime_core.masks.kernels import as_outputs
from lime_core.settings.spec import MOST_SAMPLES, SMALLEST_CUT

Level = Literal["solid", "usable", "doubtful", "meaningless"]

LEVELS: tuple[Level, ...] = ("solid", "usable", "doubtful", "meaningless")

GOOD_R2, FAIR_R2 = 0.5, 0.2
GOOD_STABILITY, FAIR_STABILITY = 0.8, 0.5
LARGE_SUPERPIXEL = 0.5  # share of the picture
LARGE_GAP = 0.25  # of the range of the answers
SATURATED = 0.99
LOW_HIDE_RATE = 0.1  # hiding less hides nothing from most samples


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
    facts, cut = evidence.facts, evidence.facts.spec.log_odds_cut
    varied = bool(np.ptp(facts.outputs) > 1e-6 * np.abs(facts.outputs).max())
    if math.isfinite(facts.r2) or (varied and np.ptp(facts.targets) > 0):  # the latter is the kernel's doing
        return None
    if not varied:
        reason = f"The model answers {facts.outputs[0]:.3g} for this class whatever is hidden."
    elif facts.outputs.max() <= cut:
        reason = f"The model gives this class no more than {cut:g}, whatever is hidden."
    else:
        reason = f"The model gives this class {1 - cut:g} or more, whatever is hidden."
        if cut > SMALLEST_CUT and facts.outputs.min() < 1 - SMALLEST_CUT:
            return Finding("meaningless", reason, "Cut log-odds off later.", _LATER_CUT)
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
    if pairs > FEW_PAIRS * superpixels:
        return None
    reason = f"{samples} samples are few for {superpixels} superpixels."
    return _more_samples("meaningless" if pairs <= superpixels else "doubtful", reason, evidence, 8 * superpixels)


def _saturated(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if facts.spec.target != "probability" or not math.isfinite(facts.r2) or not _probabilities(facts):
        return None
    share = float((facts.outputs > SATURATED).mean())
    if facts.model_output < SATURATED or share < 0.5:
        return None
    reason = f"The probability is saturated: it stays above {SATURATED} in {share:.0%} of the samples."
    if float((facts.outputs < 1 - SMALLEST_CUT).mean()) < 0.5:
        return Finding("doubtful", reason, "Choose another fill that takes more away.")
    changes = {"target": "log_odds"} | (_LATER_CUT if facts.spec.log_odds_cut > SMALLEST_CUT else {})
    return Finding("doubtful", reason, "Explain the log-odds instead of a saturated probability.", changes)


def _cut_off(evidence: Evidence) -> Finding | None:
    facts, cut = evidence.facts, evidence.facts.spec.log_odds_cut
    if facts.spec.target != "log_odds" or not math.isfinite(facts.r2):
        return None
    low, high = float((facts.outputs <= cut).mean()), float((facts.outputs >= 1 - cut).mean())
    if max(low, high) < 0.5:
        return None
    side = f"below {cut:g}" if low > high else f"above 1 − {cut:g}"
    reason = f"In {max(low, high):.0%} of the samples the output is {side}, where log-odds are cut off."
    if low > high:
        return Finding("usable", reason, "Choose a class of which the model sees more, or hide less at a time.")
    if cut > SMALLEST_CUT:
        return Finding("usable", reason, "Cut log-odds off later.", _LATER_CUT)
    return Finding("usable", reason, "Choose another fill that takes more away.")


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
        return Finding(level, f"{reason}.", "Explain the log-odds: they are closer to a sum.", {"target": "log_odds"})
    return Finding(level, f"{reason}.", f"Use coarser superpixels: {_method(evidence).coarser}.")


def _unstable(evidence: Evidence) -> Finding | None:
    if not evidence.stability < GOOD_STABILITY or not math.isfinite(evidence.facts.r2):
        return None
    level: Level = "usable" if evidence.stability >= FAIR_STABILITY else "doubtful"
    count = min(evidence.facts.spec.top_k, evidence.facts.design.masks.shape[1])
    reason = f"Other samples would name other superpixels: the top {count} agree to {evidence.stability:.0%} (Jaccard)."
    return _more_samples(level, reason, evidence, 2 * len(evidence.facts.design.masks))


def _surrogate_misses_the_picture(evidence: Evidence) -> Finding | None:
    facts, spec = evidence.facts, evidence.facts.spec
    if not math.isfinite(facts.r2) or not abs(evidence.gap) > LARGE_GAP * float(np.ptp(facts.targets)):
        return None
    says, answers = (float(as_outputs(value, spec)) for value in (facts.surrogate_output, facts.model_output))
    in_log_odds = ""
    if spec.target == "log_odds":
        in_log_odds = f" (log-odds {facts.surrogate_output:.2f} and {facts.model_output:.2f})"
    reason = (
        f"For the untouched picture the surrogate says {says:.3g} where the model says {answers:.3g}{in_log_odds}: the "
        "answers bend between the samples and the picture."
    )
    if spec.sampler != "mixed_rate":
        # It ignores a chance of hiding that only independent masks have.
        changes = {"sampler": "mixed_rate", "keep_probability": 0.5}
        changes = {name: value for name, value in changes.items() if getattr(spec, name) != value}
        return Finding("usable", reason, "Hide less at a time: sampler 'mixed_rate'.", changes)
    if spec.max_hide_rate <= LOW_HIDE_RATE:
        return Finding("usable", reason, "Choose another fill: the answers bend however little is hidden.")
    rate = round(max(spec.max_hide_rate / 2, LOW_HIDE_RATE), 2)
    return Finding("usable", reason, f"Hide less at a time: at most {rate:.0%}.", {"max_hide_rate": rate})


_RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _constant,
    _starved_kernel,
    _few_samples,
    _saturated,
    _cut_off,
    _one_large_superpixel,
    _nothing_sure,
    _poor_fit,
    _unstable,
    _surrogate_misses_the_picture,
)
_LATER_CUT = {"log_odds_cut": SMALLEST_CUT}


def _more_samples(level: Level, reason: str, evidence: Evidence, wanted: int) -> Finding:
    asked, spec = len(evidence.facts.design.masks), evidence.facts.spec
    samples = min(max(wanted, 2 * asked), MOST_SAMPLES)
    if samples <= asked:
        return Finding(level, reason, "Use coarser superpixels: there cannot be more samples.")
    # A run that stopped early would stop there again.
    changes = {"samples": samples} | ({"early_stop": False} if spec.early_stop else {})
    return Finding(level, reason, f"Use more samples: {samples:,}.", changes)


def _method(evidence: Evidence) -> Any:
    return evidence.facts.spec.segmentation


def _probabilities(facts: Facts) -> bool:
    return bool(facts.outputs.min() >= 0 and facts.outputs.max() <= 1)


def _swings_widely(facts: Facts) -> bool:
    """Whether the outputs are probabilities that go up and down with something in between."""
    low, high = np.quantile(facts.outputs, [0.05, 0.95])
    between = (facts.outputs > facts.spec.log_odds_cut) & (facts.outputs < 1 - facts.spec.log_odds_cut)
    return bool(high - low > 0.5 and between.mean() > 0.5) and _probabilities(facts)


def find_weaknesses(evidence: Evidence) -> list[Finding]:
    """Return what there is against an explanation, the gravest first; nothing against a solid one."""
    findings = [finding for rule in _RULES if (finding := rule(evidence)) is not None]
    return sorted(findings, key=lambda finding: -LEVELS.index(finding.level))
