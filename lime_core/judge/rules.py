"""The rules of a verdict: each one recognises one weakness, names it, and says what would help most.

A rule that needs what a method does not give is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lime_core.answers.stopping import FEW_PAIRS
from lime_core.explanation.verdict import LEVELS, Interaction, Level
from lime_core.judge.evidence import SAME_PROBABILITY, Evidence
from lime_core.judge.finding import NOT_MEASURED, Finding
from lime_core.masks.samplers import MixedRate
from lime_core.settings.spec import MOST_SAMPLES
from lime_core.surrogates.targets import SMALLEST_CUT, LogOdds

GOOD_R2, FAIR_R2 = 0.5, 0.2
GOOD_STABILITY, FAIR_STABILITY = 0.8, 0.5
ENOUGH_CERTAIN = 0.4  # of the K strongest: then others may tie for the last places
LARGE_SUPERPIXEL = 0.5  # share of the picture
LARGE_GAP = 0.25  # of the range of the answers
SATURATED = 0.99
LOW_HIDE_RATE = 0.1  # hiding less hides nothing from most samples

_LATER_CUT = {"log_odds_cut": SMALLEST_CUT}
_OTHER_FILL = "Choose another fill that removes more of the picture."
_CHECK_PREPROCESSING = (
    "Check the preprocessing first, if the model is your own: given pixels in another range than it was trained with, "
    "a network answers like this. If it is right,"
)


def find_weaknesses(evidence: Evidence) -> list[Finding]:
    """Return the weaknesses of an explanation, the gravest first; none for a solid one."""
    findings = [finding for rule in _RULES if (finding := rule(evidence)) is not None]
    return sorted(findings, key=lambda finding: -LEVELS.index(finding.level))


def _constant(evidence: Evidence) -> Finding | None:
    finding = _levelled(evidence)
    if not evidence.unmoved or (finding is None and not evidence.same_odds):
        return finding
    limit = f" by more than {SAME_PROBABILITY}" if evidence.are_probabilities else ""
    reason = f"The model answers the same to everything: none of its outputs changes{limit}, whatever is hidden."
    finding = finding or Finding("meaningless", "", _OTHER_FILL)
    advice = f"{_CHECK_PREPROCESSING} {finding.advice[:1].lower()}{finding.advice[1:]}"
    return replace(finding, reason=f"{reason} {finding.reason}".rstrip(), advice=advice)


def _levelled(evidence: Evidence) -> Finding | None:
    outputs, varied = evidence.outputs, evidence.outputs_vary
    if evidence.varies or (varied and evidence.target_range > 0):  # the latter is the kernel's doing
        return None
    cut = _cut(evidence)
    if not varied:
        reason = f"The model answers {outputs[0]:.3g} for this class whatever is hidden."
    elif outputs.max() <= cut:
        reason = f"The model gives this class no more than {cut:g}, whatever is hidden."
    else:
        reason = f"The model gives this class {1 - cut:g} or more, whatever is hidden."
        if cut > SMALLEST_CUT and outputs.min() < 1 - SMALLEST_CUT:
            return Finding("meaningless", reason, "Cut log-odds off closer to 0 and 1.", _LATER_CUT)
    return Finding("meaningless", reason, "Choose another class, or another fill that removes more of the picture.")


def _starved_kernel(evidence: Evidence) -> Finding | None:
    fit, samples = evidence.fit, evidence.samples
    unknowns = evidence.superpixels + 1
    if fit is None or not evidence.spec.kernel.local or fit.effective_samples >= min(unknowns, samples) / 2:
        return None
    reason = (
        f"The kernel gives nearly all weight to few samples: {samples} of them count as {fit.effective_samples:.1f}."
    )
    level: Level = "meaningless" if fit.effective_samples < unknowns / 4 else "doubtful"
    if evidence.spec.kernel_width is None:
        return Finding(level, reason, "Use a wider kernel.")
    width = round(max(fit.typical_distance, evidence.spec.kernel_width * 1.5), 3)
    return Finding(level, reason, f"Use a wider kernel, such as {width:g}.", {"kernel_width": width})


def _few_samples(evidence: Evidence) -> Finding | None:
    fit, superpixels = evidence.fit, evidence.superpixels
    # A pair says no more about the coefficients than one sample.
    if fit is None or fit.pairs > FEW_PAIRS * superpixels:
        return None
    reason = f"{evidence.samples} samples are few for {superpixels} superpixels."
    return _more_samples("meaningless" if fit.pairs <= superpixels else "doubtful", reason, evidence, 8 * superpixels)


def _saturated(evidence: Evidence) -> Finding | None:
    fit, outputs = evidence.fit, evidence.outputs
    if fit is None or isinstance(evidence.spec.target, LogOdds) or not (evidence.varies and evidence.are_probabilities):
        return None
    share = float((outputs > SATURATED).mean())
    if fit.model_output < SATURATED or share < 0.5:
        return None
    reason = f"The probability is saturated: it stays above {SATURATED} in {share:.0%} of the samples."
    if float((outputs < 1 - SMALLEST_CUT).mean()) < 0.5:
        return Finding("doubtful", reason, _OTHER_FILL)
    changes = {"target": "log_odds", **_LATER_CUT}
    return Finding("doubtful", reason, "Explain the log-odds instead of a saturated probability.", changes)


def _cut_off(evidence: Evidence) -> Finding | None:
    outputs, target = evidence.outputs, evidence.spec.target
    if not isinstance(target, LogOdds) or not evidence.varies or evidence.fit is None:
        return None
    low, high = float((outputs <= target.cut).mean()), float((outputs >= 1 - target.cut).mean())
    if max(low, high) < 0.5:
        return None
    side = f"below {target.cut:g}" if low > high else f"above 1 − {target.cut:g}"
    reason = f"In {max(low, high):.0%} of the samples the output is {side}, where log-odds are cut off."
    if low > high:
        return Finding("usable", reason, "Choose a class that the model finds more probable, or hide less at a time.")
    if target.cut > SMALLEST_CUT:
        return Finding("usable", reason, "Cut log-odds off closer to 0 and 1.", _LATER_CUT)
    return Finding("usable", reason, _OTHER_FILL)


def _one_large_superpixel(evidence: Evidence) -> Finding | None:
    share = evidence.largest_superpixel
    if share < LARGE_SUPERPIXEL:
        return None
    reason = f"One superpixel covers {share:.0%} of the picture, so hiding it hides nearly everything."
    return Finding("doubtful", reason, f"Use finer superpixels: {evidence.spec.segmentation.finer}.")


def _nothing_sure(evidence: Evidence) -> Finding | None:
    fit = evidence.fit
    if fit is None or evidence.sure.any() or not evidence.varies:
        return None
    interaction = fit.interaction
    if interaction is not None and interaction.clear:
        reason = (
            f"No single superpixel matters, but superpixels {_called(interaction, evidence)} act together: with their "
            f"product R² would be {interaction.r2:.2f} instead of {fit.r2:.2f}."
        )
        return Finding("doubtful", reason, f"Use coarser superpixels: {evidence.spec.segmentation.coarser}.")
    reason = "No superpixel stands out from the sampling noise."
    return _more_samples("meaningless", reason, evidence, 4 * evidence.samples)


def _called(interaction: Interaction, evidence: Evidence) -> str:
    """Return what people call the superpixels of a pair."""
    ids = evidence.spec.segmentation.superpixel_ids(evidence.superpixels)
    return f"{ids[interaction.a]} and {ids[interaction.b]}"


def _no_fit(evidence: Evidence) -> Finding | None:
    fit = evidence.fit
    if fit is None or not evidence.varies or not fit.r2_holdout <= fit.r2_holdout_error:
        return None
    if fit.interaction is not None and fit.interaction.clear:
        return None
    reason = (
        f"{_noun(evidence)} predicts nothing of the model's answers: held-out R² {fit.r2_holdout:.2f} ± "
        f"{fit.r2_holdout_error:.2f}."
    )
    return _more_samples("meaningless", reason, evidence, 4 * evidence.samples)


def _poor_fit(evidence: Evidence) -> Finding | None:
    fit = evidence.fit
    if fit is None or not fit.r2_holdout < GOOD_R2 or _no_fit(evidence) is not None:
        return None
    level: Level = "usable" if fit.r2_holdout >= FAIR_R2 else "doubtful"
    reason = f"{_noun(evidence)} explains only {max(fit.r2_holdout, 0):.0%} of the held-out answers"
    interaction = fit.interaction
    if interaction is not None and interaction.clear:
        reason += (
            f"; superpixels {_called(interaction, evidence)} act together (R² {interaction.r2:.2f} with their product)"
        )
    if fit.r2 - fit.r2_holdout > 0.15:
        return _more_samples(level, f"{reason}.", evidence, 2 * evidence.samples)
    if not isinstance(evidence.spec.target, LogOdds) and _swings_widely(evidence):
        return Finding(level, f"{reason}.", "Explain the log-odds: they are closer to a sum.", {"target": LogOdds.name})
    return Finding(level, f"{reason}.", f"Use coarser superpixels: {evidence.spec.segmentation.coarser}.")


def _unstable(evidence: Evidence) -> Finding | None:
    fit, count = evidence.fit, min(evidence.top_k, evidence.superpixels)
    if fit is None or not evidence.varies:
        return None
    enough = fit.certain is not None and fit.certain >= ENOUGH_CERTAIN * count
    if not fit.stability < (FAIR_STABILITY if enough else GOOD_STABILITY):
        return None
    level: Level = "usable" if fit.stability >= FAIR_STABILITY else "doubtful"
    certain = "" if fit.certain is None else f"; certain of them: {fit.certain or 'none'}"
    reason = f"Other samples would name other superpixels: the top {count} agree to {fit.stability:.0%} (Jaccard)"
    return _more_samples(level, f"{reason}{certain}.", evidence, 2 * evidence.samples)


def _nothing_certain(evidence: Evidence) -> Finding | None:
    fit = evidence.fit
    if fit is None or not evidence.varies or fit.certain != 0 or _unstable(evidence) is not None:
        return None
    count = min(evidence.top_k, evidence.superpixels)
    reason = f"Of no superpixel it is certain that it is among the {count} strongest."
    return _more_samples("usable", reason, evidence, 2 * evidence.samples)


def _surrogate_misses_the_picture(evidence: Evidence) -> Finding | None:
    fit, spec = evidence.fit, evidence.spec
    if fit is None or not evidence.varies or not abs(fit.gap) > LARGE_GAP * evidence.target_range:
        return None
    surrogate, model = (float(spec.target.outputs(value)) for value in (fit.surrogate_output, fit.model_output))
    in_log_odds = ""
    if isinstance(spec.target, LogOdds):
        in_log_odds = f"; log-odds {fit.surrogate_output:.2f} against {fit.model_output:.2f}"
    reason = (
        f"The {_kind_of_surrogate(evidence)} and the model disagree about the unmodified picture "
        f"({surrogate:.3g} against {model:.3g}{in_log_odds})."
    )
    if not isinstance(spec.sampler, MixedRate):
        return Finding("usable", reason, "Hide less at a time: sampler 'mixed_rate'.", {"sampler": MixedRate.name})
    if spec.sampler.max_hide_rate <= LOW_HIDE_RATE:
        return Finding("usable", reason, "Choose another fill: they disagree however little is hidden.")
    rate = round(max(spec.sampler.max_hide_rate / 2, LOW_HIDE_RATE), 2)
    return Finding("usable", reason, f"Hide less at a time: at most {rate:.0%}.", {"max_hide_rate": rate})


def _not_measured(evidence: Evidence) -> Finding | None:
    return NOT_MEASURED if evidence.fit is None else None


_RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _constant,
    _starved_kernel,
    _few_samples,
    _saturated,
    _cut_off,
    _one_large_superpixel,
    _nothing_sure,
    _no_fit,
    _poor_fit,
    _unstable,
    _surrogate_misses_the_picture,
    _nothing_certain,
    _not_measured,
)


def _more_samples(level: Level, reason: str, evidence: Evidence, wanted: int) -> Finding:
    samples = min(max(wanted, 2 * evidence.samples), MOST_SAMPLES)
    if samples <= evidence.samples:
        return Finding(level, reason, "Use coarser superpixels: there cannot be more samples.")
    # A run that stopped early would stop there again.
    changes = {"samples": samples} | ({"early_stop": False} if evidence.spec.early_stop else {})
    return Finding(level, reason, f"Use more samples: {samples:,}.", changes)


def _kind_of_surrogate(evidence: Evidence) -> str:
    return "linear model" if evidence.spec.surrogate.linear else "surrogate"


def _noun(evidence: Evidence) -> str:
    noun = evidence.spec.surrogate.noun
    return f"{noun[:1].upper()}{noun[1:]}"


def _cut(evidence: Evidence) -> float:
    """Return where log-odds are cut off, or would be by default."""
    target = evidence.spec.target
    return target.cut if isinstance(target, LogOdds) else LogOdds().cut


def _swings_widely(evidence: Evidence) -> bool:
    """Whether the outputs are probabilities that go up and down with something in between."""
    outputs, cut = evidence.outputs, _cut(evidence)
    low, high = np.quantile(outputs, [0.05, 0.95])
    between = (outputs > cut) & (outputs < 1 - cut)
    return bool(high - low > 0.5 and between.mean() > 0.5) and evidence.are_probabilities
