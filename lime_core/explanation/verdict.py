"""How far to believe the explanation of one class: the verdict and the numbers it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
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
# By `python -m tests.benchmarks verdicts`: 25 photographs, the three most probable classes of each, the built-in model.
MEASURED: Mapping[Level, str] = {
    "solid": "512 calls: 76 of 76 certain superpixels hold, 33 of 33 reality checks were passed, and 0.94 of the five "
    "strongest stay.",
    "usable": "512 calls: 52 of 52 certain superpixels hold, 38 of 41 reality checks were passed, and 0.85 of the five "
    "strongest stay.",
    "doubtful": "128 calls: 20 of 20 certain superpixels hold, 18 of 19 reality checks were passed, and 0.85 of the "
    "five strongest stay.",
    "meaningless": "64 calls: no superpixel is certain, 61 of 75 reality checks were passed, and 0.49 of the five "
    "strongest stay.",
}
HOW_MEASURED = (
    "Measured on 25 photographs, three classes each, with the built-in model and before any trial. Certain superpixels "
    "are among the five strongest for sure (95 %); they hold when they are among the five strongest of a run of 3,072 "
    "calls by another seed."
)
CLEAR_INTERACTION = 0.005  # corrected chance of a pair that acts together by accident
TRIAL_TITLES: Mapping[str, str] = {
    "reality": "Reality check",
    "curves": "Deletion and insertion",
    "repeat": "Repeat",
    "what-if": "Other settings",
    "sanity": "Sanity check",
}


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


@dataclass(frozen=True, slots=True)
class TrialFinding:
    """What one trial has shown of the explanation of one class.

    Attributes
    ----------
    trial : str
        Which one, a key of `TRIAL_TITLES`.
    level : {"solid", "usable", "doubtful", "meaningless"}
        The best level that its outcome allows; "solid" for a trial that was passed.
    reason : str
        What it has shown, in a sentence.
    advice : str
        What would help most; empty for a trial that was passed.
    """

    trial: str
    level: Level
    reason: str
    advice: str = ""

    def __post_init__(self) -> None:
        if self.trial not in TRIAL_TITLES:
            raise ValueError(f"a trial must be one of {', '.join(TRIAL_TITLES)}; got {self.trial!r}")
        check_level(self.level)

    @property
    def passed(self) -> bool:
        """Whether the trial has found no weakness."""
        return self.level == "solid"


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """How far to believe the explanation of one class.

    Level, reasons and advice take in the trials that were made, see `lime_core.trials.with_trials`.

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
    trials : tuple of TrialFinding
        What the trials that were made have shown, in the order of `TRIAL_TITLES`.
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
    trials: tuple[TrialFinding, ...] = ()

    @property
    def not_tried(self) -> tuple[str, ...]:
        """The trials that were not made, keys of `TRIAL_TITLES`."""
        made = {finding.trial for finding in self.trials}
        return tuple(name for name in TRIAL_TITLES if name not in made)

    @property
    def trials_in_words(self) -> tuple[str, ...]:
        """Which trials were passed and which were not made, in a sentence each; the others are among the reasons."""
        passed = [finding.trial for finding in self.trials if finding.passed]
        parts = {"Passed": passed, "Not tried": self.not_tried}
        return tuple(f"{what}: {_titles(names)}." for what, names in parts.items() if names)

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
            "trials": [asdict(finding) for finding in self.trials],
            "not_tried": list(self.not_tried),
            **numbers,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Verdict:
        """Build from the result of `to_dict`, also of a version that knew nothing of trials."""
        check_level(values["level"])
        frequency = np.array([from_null(value) for value in values["top_k_frequency"]], np.float64)
        return cls(
            level=values["level"],
            reasons=tuple(values["reasons"]),
            advice=values["advice"],
            changes=dict(values["changes"]),
            top_k=int(values["top_k"]),
            top_k_frequency=frequency,
            interaction=None if values["interaction"] is None else Interaction(**values["interaction"]),
            trials=tuple(TrialFinding(**finding) for finding in values.get("trials", ())),
            **{name: from_null(values[name]) for name in _NUMBERS},
        )


_NUMBERS = ("stability", "nonlinear_share", "samples_per_superpixel", "gap")


def check_level(level: str) -> None:
    """Raise `ValueError` for what is not the level of a verdict."""
    if level not in LEVELS:
        raise ValueError(f"the level of a verdict must be one of {', '.join(LEVELS)}; got {level!r}")


def _titles(names: Iterable[str]) -> str:
    return ", ".join(TRIAL_TITLES[name].lower() for name in names)
