"""Judging: a step of its own, from an attribution and the answers it rests on to a verdict on each class.

No model is asked; `lime_core.trials` asks it further questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.neighborhood import Neighborhood
from lime_core.blas import one_thread
from lime_core.explanation.attribution import Attribution
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.explanation.verdict import Interaction, Verdict
from lime_core.judge.evidence import Evidence, FitFacts, largest_change
from lime_core.judge.finding import NOT_MEASURED
from lime_core.judge.interactions import MOST_SEARCHED, Design, nonlinear_share, strongest_interaction
from lime_core.judge.rules import find_weaknesses
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
    return Judge(attribution, answers, workings).verdicts(top_k)


def judged(
    attribution: AttributionT, answers: Neighborhood | None, *, top_k: int = 5, workings: Workings | None = None
) -> AttributionT:
    """Return the attribution with a verdict on every class; parameters are those of `judge`."""
    return Judge(attribution, answers, workings).judged(top_k)


class Judge(Generic[AttributionT]):
    """What can be said of an attribution whatever K is, worked out once; a verdict for one K then takes little.

    Parameters
    ----------
    attribution, answers, workings
        Those of `judge`.
    """

    def __init__(
        self, attribution: AttributionT, answers: Neighborhood | None, workings: Workings | None = None
    ) -> None:
        self._attribution, self._answers = attribution, answers
        self._classes: list[_ClassCase] = []
        if answers is None:
            return
        with one_thread():
            fit = _FitCase(attribution, answers, workings) if isinstance(attribution, Explanation) else None
            sizes = np.bincount(answers.segments.ravel())
            largest = float(sizes.max() / sizes.sum())
            change = largest_change(answers)
            self._classes = [
                _ClassCase(attribution, answers, item, largest, change, fit, row)
                for row, item in enumerate(attribution.classes)
            ]

    def verdicts(self, top_k: int) -> tuple[Verdict, ...]:
        """Return a verdict for each class, with so many superpixels counting as the strongest (at least 1)."""
        if self._answers is None:
            return tuple(_unmeasured(item, top_k) for item in self._attribution.classes)
        with one_thread():
            return tuple(_verdict(case.evidence(top_k), self._answers) for case in self._classes)

    def judged(self, top_k: int) -> AttributionT:
        """Return the attribution with a verdict on every class."""
        judged = zip(self._attribution.classes, self.verdicts(top_k), strict=True)
        return replace(self._attribution, classes=tuple(replace(item, verdict=verdict) for item, verdict in judged))


class _ClassCase:
    """What is known of one class whatever K is."""

    def __init__(
        self,
        attribution: Attribution,
        answers: Neighborhood,
        item: ClassAttribution,
        largest_superpixel: float,
        change: float,
        fit: _FitCase | None,
        row: int,
    ) -> None:
        outputs = np.ascontiguousarray(answers.outputs[:, item.index])
        if fit is None:  # such a method sets the unmodified picture against the perturbed ones
            outputs = np.append(answers.original_outputs[item.index], outputs)
        self._fit, self._row = fit, row
        self._facts = None if fit is None else fit.facts(row)
        self._evidence = partial(
            Evidence,
            spec=attribution.spec,
            superpixels=answers.superpixels,
            sure=item.sure,
            largest_superpixel=largest_superpixel,
            outputs=outputs,
            targets=attribution.spec.target.values(outputs),
            outputs_are=answers.provenance.outputs_are,
            largest_change=change,
        )

    def evidence(self, top_k: int) -> Evidence:
        if self._fit is None or self._facts is None:
            return self._evidence(top_k=top_k, fit=None)
        frequency, stability = self._fit.resampled(self._row, top_k)
        certain = self._fit.certain(self._row, top_k)
        facts = self._facts(top_k_frequency=frequency, stability=stability, certain=certain)
        return self._evidence(top_k=top_k, fit=facts)


class _FitCase:
    """What a weighted fit gives to judge by, in addition."""

    def __init__(self, explanation: Explanation, answers: Neighborhood, workings: Workings | None) -> None:
        spec, classes = explanation.spec, [item.index for item in explanation.classes]
        self._explanation = explanation
        self._workings = workings or solve(answers, spec, classes)
        problem = self._workings.problem
        searched = problem.masks.shape[1] <= MOST_SEARCHED
        self._design = Design(problem.masks, problem.weights) if searched else None
        self._pairs = len(problem.pair_starts())
        self._distance = float(np.median(distances(answers.masks, answers.energy, spec.distance)))

    def facts(self, row: int) -> Callable[..., FitFacts]:
        """Return what makes the facts of a class, once what depends on K is given."""
        item: ClassExplanation = self._explanation.classes[row]
        workings, spec = self._workings, self._explanation.spec
        targets = workings.problem.targets[:, row]
        varies = math.isfinite(item.r2)
        return partial(
            FitFacts,
            pairs=self._pairs,
            effective_samples=self._explanation.effective_sample_size,
            typical_distance=self._distance,
            r2=item.r2,
            r2_holdout=item.r2_holdout,
            r2_holdout_error=item.r2_holdout_error,
            model_output=item.model_output,
            surrogate_output=item.surrogate_output,
            gap=float(spec.target.bounded(item.surrogate_output)) - item.model_output,
            nonlinear_share=nonlinear_share(targets, workings.problem.pairs) if varies else math.nan,
            interaction=self._interaction(row) if varies else None,
        )

    def resampled(self, row: int, top_k: int) -> tuple[NDArray[np.float64], float]:
        """Return how often each superpixel is among the K strongest of a class, and how stable these are."""
        coefficients = self._explanation.classes[row].coefficients
        return resampled_top_k(coefficients, self._workings.influence(row), top_k)

    def certain(self, row: int, top_k: int) -> int | None:
        """Return how many superpixels are among the K strongest of a class for sure; None where that is not known."""
        top = self._explanation.certain_top(self._explanation.classes[row].index, top_k, "both")
        return None if top is None else len(top.sure)

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
