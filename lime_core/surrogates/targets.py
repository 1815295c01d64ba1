"""What the surrogate is fitted to: the model's outputs, or their log-odds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from lime_core.errors import SpecError
from lime_core.parameters import Option, Registry, parameter

Floats = NDArray[np.float64]

SMALLEST_CUT = 1e-6  # float32 tells 1 − 1e-6 from 1, and little beyond
_ROUNDING = 1e-3  # softmax in bf16 may miss 0..1 by a little


class Target(Option, ABC):
    """From the model's outputs to what is explained, and back.

    Attributes
    ----------
    unit : str
        What coefficients are counted in, in words.
    """

    __slots__ = ()

    unit: ClassVar[str]

    @abstractmethod
    def values(self, outputs: NDArray[Any]) -> Floats:
        """Return what the surrogate is fitted to, float64 in the shape of `outputs`.

        Raises
        ------
        SpecError
            When the outputs have no such values.
        """

    @abstractmethod
    def outputs(self, values: float | Floats) -> Floats:
        """Return target values, or a surrogate's answers, as outputs of the model: the inverse of `values`."""

    def bounded(self, values: float | Floats) -> Floats:
        """Return target values, or a surrogate's answers, cut off where `values` cuts off."""
        return np.asarray(values, np.float64)

    def check(self, outputs: NDArray[Any]) -> None:
        """Raise `SpecError` when the outputs cannot be explained in this way."""


@dataclass(frozen=True, slots=True)
class Probability(Target):
    """The output as it is."""

    name: ClassVar[str] = "probability"
    unit: ClassVar[str] = "probability"

    def values(self, outputs: NDArray[Any]) -> Floats:
        """Return the outputs."""
        return outputs.astype(np.float64)

    def outputs(self, values: float | Floats) -> Floats:
        """Return the values."""
        return np.asarray(values, np.float64)


@dataclass(frozen=True, slots=True)
class LogOdds(Target):
    """ln(p/(1 − p)) with p clipped to c..1 − c; ±9.2 at c = 1e-4.

    Below one in ten thousand a large softmax ranks its classes by noise, which log-odds would magnify.
    """

    name: ClassVar[str] = "log_odds"
    unit: ClassVar[str] = "log-odds"

    cut: float = parameter(
        1e-4,
        "Log-odds are cut off where the output is as close as this to 0 or 1.",
        low=SMALLEST_CUT,
        high=0.1,
        stage="fit",
        flat="log_odds_cut",
    )

    def values(self, outputs: NDArray[Any]) -> Floats:
        """Return the log-odds, cut off."""
        self.check(outputs)
        return self.bounded(logit(np.clip(outputs.astype(np.float64), 0.0, 1.0)))

    def outputs(self, values: float | Floats) -> Floats:
        """Return the probabilities."""
        return np.asarray(expit(values), np.float64)

    def bounded(self, values: float | Floats) -> Floats:
        """Return log-odds no farther from 0 than those of the cut."""
        furthest = logit(1 - self.cut)
        result: Floats = np.clip(values, -furthest, furthest)
        return result

    def check(self, outputs: NDArray[Any]) -> None:
        """Raise `SpecError` for outputs outside 0..1 (beyond rounding), which have no log-odds."""
        if outputs.size == 0:
            return
        low, high = float(outputs.min()), float(outputs.max())
        if low < -_ROUNDING or high > 1 + _ROUNDING:
            raise SpecError(
                f"target 'log_odds' needs outputs between 0 and 1; this model answers {low:.3g}"
                + (f" to {high:.3g}" if high > low else "")
                + ". Use target='probability', which explains outputs as they are, or end the model in a softmax or a "
                "sigmoid."
            )


TARGETS: Registry[Target] = Registry("target", Probability, LogOdds)
