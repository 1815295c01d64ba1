"""How far to believe the explanation of one class: the verdict and the numbers it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lime_core.codec import from_null, to_null

Floats = NDArray[np.float64]
Level = Literal["solid", "usable", "doubtful", "meaningless"]

LEVELS: tuple[Level, ...] = ("solid", "usable", "doubtful", "meaningless")
MEANINGS: Mapping[Level, str] = {
    "solid": "No weakness found.",
    "usable": "Believe the strongest superpixels; the others may change.",
    "doubtful": "Take it as a hint: it misses something important.",
    "meaningless": "Do not read anything into this map.",
}
CLEAR_INTERACTION = 0.005  # corrected chance of a pair that acts together by accident


@dataclass(frozen=True, slots=True)
class Interaction:
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
        The effect over its standard error, which is robust and clustered by pair of samples.
    chance : float
        Chance of such a t without any pair that acts together, corrected for the number of pairs, 0..1.
    """

    a: int
    b: int
    effect: float
    r2: float
    t: float
    chance: float

    @property
    def clear(self) -> bool:
        """Whether chance alone would hardly bring a pair like it."""
        return self.chance <= CLEAR_INTERACTION


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
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
    top_k : int
        K: how many superpixels count as the strongest in this verdict.
    top_k_frequency : ndarray of float64, shape (S,)
        How often each superpixel is among the K strongest when the samples are resampled; NaN where the method
        gives no error bars.
    stability : float
        Mean Jaccard index between the K strongest and those of the resamples, 0..1; NaN where the method gives no
        error bars.
    nonlinear_share : float
        Share of the answers' variance that no linear surrogate can explain, from complementary pairs; NaN where
        samples are not paired.
    samples_per_superpixel : float
        N / S.
    gap : float
        The surrogate's answer for the unmodified picture less the model's, in the unit of the target; both are cut off
        where log-odds are.
    interaction : Interaction or None
        The strongest pair of superpixels that act together.
    """

    level: Level
    reasons: tuple[str, ...]
    advice: str
    changes: dict[str, Any]
    top_k: int
    top_k_frequency: Floats
    stability: float
    nonlinear_share: float
    samples_per_superpixel: float
    gap: float
    interaction: Interaction | None

    @property
    def meaning(self) -> str:
        """What the level means, in one sentence."""
        return MEANINGS[self.level]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, NaN as None; `from_dict` is the inverse."""
        interaction = (
            None
            if self.interaction is None
            else {name: getattr(self.interaction, name) for name in Interaction.__slots__}
        )
        numbers = {name: to_null(getattr(self, name)) for name in _NUMBERS}
        return {
            "level": self.level,
            "reasons": list(self.reasons),
            "advice": self.advice,
            "changes": self.changes,
            "top_k": self.top_k,
            "top_k_frequency": [to_null(value) for value in self.top_k_frequency.tolist()],
            "interaction": interaction,
            **numbers,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Verdict:
        """Build from the result of `to_dict`."""
        if values["level"] not in LEVELS:
            raise ValueError(f"the level of a verdict must be one of {', '.join(LEVELS)}; got {values['level']!r}")
        frequency = np.array([from_null(value) for value in values["top_k_frequency"]], np.float64)
        return cls(
            level=values["level"],
            reasons=tuple(values["reasons"]),
            advice=values["advice"],
            changes=dict(values["changes"]),
            top_k=int(values["top_k"]),
            top_k_frequency=frequency,
            interaction=None if values["interaction"] is None else Interaction(**values["interaction"]),
            **{name: from_null(values[name]) for name in _NUMBERS},
        )


_NUMBERS = ("stability", "nonlinear_share", "samples_per_superpixel", "gap")
