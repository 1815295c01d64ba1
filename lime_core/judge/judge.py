"""Judging: a step of its own, from an attribution and the answers it rests on to a verdict on each class.

No model is asked; `lime_core.trials` asks it further questions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.explanation.verdict import Interaction, Verdict
from lime_core.judge.evidence import Evidence, FitFacts
from lime_core.judge.interactions import MOST_SEARCHED, Design, nonlinear_share, strongest_interaction
from lime_core.judge.rules import NOT_MEASURED, find_weaknesses
from lime_core.judge.stability import resampled_top_k
from lime_core.masks.kernels import distances
from lime_core.methods.lime.workings import Workings, solve

AttributionT = TypeVar("AttributionT", bound=Attribution)


def judge(
    attribution: Attribution, answers: Neighborhood | None, *, top_k: int = 5, workings: Workings | None = None
) -> tuple[Verdict, ...]:
    """Say how far to believe an attribution, class by class (milliseconds; no model call).

    Parameters
    ----------
    attribution : Attribution
        From any method. Rules that need what the method does not give are silent.
    answers : Neighborhood or None
        The answers that it was made from; None for a method that does not ask about masks.
    top_k : int
        How many superpixels count as the strongest, at least 1.
    workings : Workings, optional
        What the fit of an `Explanation` left behind; worked out anew where it is not given.

    Returns
    -------
    verdicts : tuple of Verdict
        One a class, in the order of ``attribution.classes``.
    """
    if answers is None:
        return tuple(_unmeasured(item, top_k) for item in attribution.classes)
    with one_thread():
        case = _Case(attribution, answers, top_k)
        fit = _FitCase(attribution, answers, workings) if isinstance(attribution, Explanation) else None
        return tuple(
            _verdict(case.evidence(item, None if fit is None else fit.facts(row, top_k)), answers)
            for row, item in enumerate(attribution.classes)
        )


def judged(
    attribution: AttributionT, answers: Neighborhood | None, *, top_k: int = 5, workings: Workings | None = None
) -> AttributionT:
    """Return the attribution with a verdict on every class; parameters are those of `judge`."""
    verdicts = judge(attribution, answers, top_k=top_k, workings=workings)
    classes = tuple(replace(item, verdict=verdict) for item, verdict in zip(attribution.classes, verdicts, strict=True))
    return replace(attribution, classes=classes)


@dataclass(frozen=True, slots=True)
class _Case:
    """What every method gives to judge by."""

    attribution: Attribution
    answers: Neighborhood
    top_k: int

    def evidence(self, item: ClassAttribution, fit: FitFacts | None) -> Evidence:
        sizes = np.bincount(self.answers.segments.ravel())
        outputs = np.ascontiguousarray(self.answers.outputs[:, item.index])
        if fit is None:  # such a method sets the unmodified picture against the perturbed ones
            outputs = np.append(self.answers.original_outputs[item.index], outputs)
        return Evidence(
            spec=self.attribution.spec,
            top_k=self.top_k,
            superpixels=self.answers.superpixels,
            sure=item.sure,
            largest_superpixel=float(sizes.max() / sizes.sum()),
            outputs=outputs,
            targets=self.attribution.spec.target.values(outputs),
            fit=fit,
        )


class _FitCase:
    """What a weighted fit gives to judge by, in addition."""

    def __init__(self, explanation: Explanation, answers: Neighborhood, workings: Workings | None) -> None:
        spec, classes = explanation.spec, [item.index for item in explanation.classes]
        self._explanation = explanation
        self._workings = workings or solve(answers, spec, classes)
        problem = self._workings.problem
        searched = problem.masks.shape[1] <= MOST_SEARCHED
        self._design = Design(problem.masks, problem.weights) if searched else None
        self._pairs = len(np.unique(problem.pairs))
        self._distance = float(np.median(distances(answers.masks, answers.energy, spec.distance)))

    def facts(self, row: int, top_k: int) -> FitFacts:
        item: ClassExplanation = self._explanation.classes[row]
        workings, spec = self._workings, self._explanation.spec
        targets = workings.problem.targets[:, row]
        varies = math.isfinite(item.r2)
        frequency, stability = resampled_top_k(item.coefficients, workings.influence(row), top_k)
        return FitFacts(
            pairs=self._pairs,
            effective_samples=self._explanation.effective_sample_size,
            typical_distance=self._distance,
            r2=item.r2,
            r2_holdout=item.r2_holdout,
            r2_holdout_error=item.r2_holdout_error,
            model_output=item.model_output,
            surrogate_output=item.surrogate_output,
            gap=float(spec.target.bounded(item.surrogate_output)) - item.model_output,
            top_k_frequency=frequency,
            stability=stability,
            nonlinear_share=nonlinear_share(targets, workings.problem.pairs) if varies else math.nan,
            interaction=self._interaction(row) if varies else None,
        )

    def _interaction(self, row: int) -> Interaction | None:
        if self._design is None:
            return None
        return strongest_interaction(self._workings.problem, self._design, row, self._workings.residuals[:, row])


def _unmeasured(item: ClassAttribution, top_k: int) -> Verdict:
    """Return the verdict on a class of which there is nothing but scores."""
    return Verdict(
        level=NOT_MEASURED.level,
        reasons=(NOT_MEASURED.reason,),
        advice=NOT_MEASURED.advice,
        changes={},
        top_k=top_k,
        top_k_frequency=np.full(item.scores.size if item.scores.ndim == 1 else 0, np.nan),
        stability=math.nan,
        nonlinear_share=math.nan,
        samples_per_superpixel=math.nan,
        gap=math.nan,
        interaction=None,
    )


def _verdict(evidence: Evidence, answers: Neighborhood) -> Verdict:
    findings, fit = find_weaknesses(evidence), evidence.fit
    unknown: NDArray[np.float64] = np.full(answers.superpixels, np.nan)
    return Verdict(
        level=findings[0].level if findings else "solid",
        reasons=tuple(finding.reason for finding in findings),
        advice=findings[0].advice if findings else "",
        changes=findings[0].changes if findings else {},
        top_k=evidence.top_k,
        top_k_frequency=unknown if fit is None else fit.top_k_frequency,
        stability=math.nan if fit is None else fit.stability,
        nonlinear_share=math.nan if fit is None else fit.nonlinear_share,
        samples_per_superpixel=answers.samples / answers.superpixels,
        gap=math.nan if fit is None else fit.gap,
        interaction=None if fit is None else fit.interaction,
    )
