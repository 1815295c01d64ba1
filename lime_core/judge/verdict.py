"""How far to believe the explanation of one class: the verdict and the numbers it rests on.

No model is asked; `lime_core.trials` asks it further questions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.judge.evidence import Facts, Pair, nonlinear_share, resampled_top_k, strongest_pair
from lime_core.judge.rules import Evidence, Level, find_weaknesses
from lime_core.masks.kernels import within_cut

Floats = NDArray[np.float64]


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
        The surrogate's answer for the untouched picture less the model's, in the unit of the target; both are cut off
        where log-odds are.
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


def judge(facts: Facts) -> ClassTrust:
    """Return how far to believe the explanation of one class."""
    samples, superpixels = facts.design.masks.shape
    frequency, stability = resampled_top_k(facts.coefficients, facts.influence, facts.spec.top_k)
    evidence = Evidence(
        facts=facts,
        stability=stability,
        nonlinear_share=nonlinear_share(facts.targets, facts.pairs) if math.isfinite(facts.r2) else math.nan,
        pair=strongest_pair(facts),
        gap=float(within_cut(facts.surrogate_output, facts.spec)) - facts.model_output,
    )
    findings = find_weaknesses(evidence)
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


def _to_null(value: float) -> float | None:
    return None if math.isnan(value) else value


def _from_null(value: float | None) -> float:
    return math.nan if value is None else value
