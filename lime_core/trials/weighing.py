"""What trials add to a verdict: each one that was made counts, with a weight of its own.

A rule turns the result of a trial into a finding: the best level that its outcome allows, and why. How much a trial
weighs follows from what levels promise, see `MEANINGS`. A failed reality check breaks the promise itself. Seeds that
differ in the last places break none, as long as enough superpixels are named every time. Few superpixels survive all
other settings even where everything promised holds, as the promise is about the settings at hand; that none does is
said, and costs the best level.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from lime_core.errors import SpecError
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.verdict import LEVELS, TRIAL_TITLES, Level, TrialFinding, Verdict
from lime_core.judge.finding import NOT_MEASURED
from lime_core.judge.rules import ENOUGH_CERTAIN, FAIR_STABILITY, GOOD_STABILITY
from lime_core.trials.curves import Curves
from lime_core.trials.reality import RealityCheck
from lime_core.trials.repeat import Repeat
from lime_core.trials.sanity import SanityCheck
from lime_core.trials.suite import Failed
from lime_core.trials.what_if import WhatIf

AttributionT = TypeVar("AttributionT", bound=Attribution)

_OTHER_CUT = "Use another fill or coarser superpixels, and try it again."
_SETTINGS = "Name the settings wherever you show it; the table of this trial says which of them matter most."
_MORE_SAMPLES = "Use more samples, and try it again."


def with_trials(attribution: AttributionT, results: Mapping[int, Mapping[str, Any]]) -> AttributionT:
    """Return the attribution with verdicts that take in what trials have shown.

    Parameters
    ----------
    attribution : Attribution
        Judged, and without trials in its verdicts so far.
    results : mapping
        For classes by their index the results of trials, see `weighed`.
    """
    classes = [
        replace(item, verdict=weighed(item.trust, results[item.index], item.index)) if results.get(item.index) else item
        for item in attribution.classes
    ]
    return replace(attribution, classes=tuple(classes)) if any(results.values()) else attribution


def weighed(verdict: Verdict, results: Mapping[str, Any], class_index: int) -> Verdict:
    """Return the verdict on a class with what trials have shown; its level is the worst of all.

    Parameters
    ----------
    verdict : Verdict
        Of the judge.
    results : mapping
        Results by the name of the trial, a key of `TRIAL_TITLES`. One that could not be done counts as not made.
    class_index : int
        The class; the result of "repeat" holds several.

    Raises
    ------
    SpecError
        When the verdict takes in trials already.
    """
    if verdict.trials:
        raise SpecError("This verdict takes in trials already; judge the attribution anew first.")
    found = [finding_of(name, results[name], class_index) for name in TRIAL_TITLES if name in results]
    findings = tuple(finding for finding in found if finding is not None)
    reasons = verdict.reasons
    if _confirm(findings):
        reasons = tuple(reason for reason in reasons if reason != NOT_MEASURED.reason)
    # That reason is the mildest one, so what is left of them keeps the level.
    own: Level = verdict.level if reasons else "solid"
    weaknesses = sorted((finding for finding in findings if not finding.passed), key=lambda each: -_gravity(each.level))
    graver = [finding for finding in weaknesses if _gravity(finding.level) > _gravity(own)]
    others = weaknesses[len(graver) :]
    advice, changes = (verdict.advice, verdict.changes) if reasons else ("", {})
    return replace(
        verdict,
        level=graver[0].level if graver else own,
        reasons=(*(each.reason for each in graver), *reasons, *(each.reason for each in others)),
        advice=graver[0].advice if graver else advice,
        changes={} if graver else changes,
        trials=findings,
    )


def finding_of(trial: str, result: Any, class_index: int) -> TrialFinding | None:
    """Return what the result of a trial shows of a class; None where it says nothing of it."""
    if isinstance(result, Failed):
        return None
    if trial == "repeat":
        result = next((each for each in result if each.class_index == class_index), None)
    return None if result is None else _RULES[trial](result)


def _confirm(findings: tuple[TrialFinding, ...]) -> bool:
    """Whether the trials show what a method without a fit cannot: that the scores matter to the model, and hold."""
    passed = {finding.trial for finding in findings if finding.passed}
    # A method that draws nothing at random cannot be repeated; its ranking can be followed down.
    return "reality" in passed and not passed.isdisjoint({"repeat", "curves"})


def _gravity(level: Level) -> int:
    return LEVELS.index(level)


def _reality(check: RealityCheck) -> TrialFinding | None:
    if not check.comparable:
        return None
    count = len(check.features)
    kept, removed = check.kept.model, check.removed.model
    if check.passed:
        reason = f"Reality check: the {count} strongest superpixels matter more to the model than random ones."
        return TrialFinding("reality", "solid", reason)
    reason = (
        f"Reality check: the {count} strongest superpixels matter to the model no more than as many random ones "
        f"({kept:.3g} with them alone, {removed:.3g} without them)."
    )
    return TrialFinding("reality", "doubtful", reason, _OTHER_CUT)


def _curves(result: Curves) -> TrialFinding:
    if result.falls_fast and result.rises_fast:
        reason = "Deletion and insertion: the ranking is better than nearly all random orders in both."
        return TrialFinding("curves", "solid", reason)
    if result.falls_fast or result.rises_fast:
        which, other = ("deletion", "insertion") if result.falls_fast else ("insertion", "deletion")
        reason = f"Deletion and insertion: the ranking beats random orders in {which}, but not in {other}."
        return TrialFinding("curves", "usable", reason, _OTHER_CUT)
    reason = "Deletion and insertion: the ranking is no better than random orders."
    return TrialFinding("curves", "doubtful", reason, _OTHER_CUT)


def _repeat(result: Repeat) -> TrialFinding | None:
    count = max(map(len, result.top))
    if not count:
        return None
    reason = (
        f"Repeat: {len(result.seeds)} seeds agree on the {count} strongest superpixels to {result.jaccard:.0%} "
        f"(Jaccard); {result.in_every_run or 'none'} of these are in every run."
    )
    # As for the judge: where enough are named every time, others may tie for the last places.
    fair, enough = result.jaccard >= FAIR_STABILITY, result.in_every_run >= ENOUGH_CERTAIN * count
    if result.jaccard >= GOOD_STABILITY or (fair and enough):
        return TrialFinding("repeat", "solid", reason)
    return TrialFinding("repeat", "usable" if fair or enough else "doubtful", reason, _MORE_SAMPLES)


def _what_if(result: WhatIf) -> TrialFinding | None:
    kept, count = len(result.survivors), len(result.top)
    if not count:
        return None
    turned = len(set(result.top).intersection(result.flips))
    reason = (
        f"Other settings: in all {len(result.variants)} variants {kept or 'none'} of the {count} strongest superpixels "
        f"{'stays' if kept == 1 else 'stay'} among the strongest"
    )
    if turned:
        reason += f", and {turned} of them {'changes its' if turned == 1 else 'change their'} sign in some"
    if kept and not turned:
        return TrialFinding("what-if", "solid", f"{reason}.")
    return TrialFinding("what-if", "usable", f"{reason}.", _SETTINGS)


def _sanity(check: SanityCheck) -> TrialFinding | None:
    if math.isnan(check.steps[-1].agreement):
        return None  # where all scores are equal there is no order that could change
    agreement = f"rank correlation {check.steps[-1].agreement:.2f}"
    if check.passed:
        return TrialFinding("sanity", "solid", f"Sanity check: it changes with the model's weights ({agreement}).")
    reason = f"Sanity check: the explanation hardly changes when all weights of the model are random ({agreement})."
    return TrialFinding("sanity", "meaningless", reason, "Use another fill or other superpixels.")


_RULES: Mapping[str, Callable[[Any], TrialFinding | None]] = {
    "reality": _reality,
    "curves": _curves,
    "repeat": _repeat,
    "what-if": _what_if,
    "sanity": _sanity,
}
