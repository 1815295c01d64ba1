"""What a method says of one class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import SpecError
from lime_core.explanation.certainty import half_widths, jointly_sure
from lime_core.explanation.verdict import Verdict
from lime_core.surrogates.order import Order

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ClassAttribution:
    """What a method says of one class.

    Attributes
    ----------
    index : int
        Class index of the model.
    name : str
        Readable class name.
    output : float
        The model's output for the unmodified picture.
    scores : ndarray of float64, shape (S,) or (H, W)
        One a superpixel, or one a pixel, in the attribution's unit.
    std_errors : ndarray of float64 in the shape of `scores`, or None
        Standard errors; None where the method gives none, NaN for single scores without one.
    degrees_of_freedom : ndarray of float64 in the shape of `scores`, or None
        Of the standard errors; None for those of a normal distribution.
    order : Order or None
        Which ranks the scores can have; None where the method gives no joint error bars of all superpixels.
    verdict : Verdict or None
        How far to believe it; None as long as it has not been judged.
    """

    index: int
    name: str
    output: float
    scores: Floats
    std_errors: Floats | None = None
    degrees_of_freedom: Floats | None = None
    order: Order | None = None
    verdict: Verdict | None = None

    @property
    def trust(self) -> Verdict:
        """How far to believe it; `SpecError` where it has not been judged."""
        if self.verdict is None:
            raise SpecError(f"The result for class {self.index} has not been judged; see `lime_core.judge`.")
        return self.verdict

    @property
    def sure(self) -> NDArray[np.bool_]:
        """Which scores differ from zero, bool in the shape of `scores`; everything without error bars.

        Corrected for looking at all of them, see `lime_core.explanation.certainty.jointly_sure`.
        """
        return jointly_sure(self.scores, self.std_errors, self.degrees_of_freedom)

    @property
    def half_widths(self) -> Floats:
        """Half the width of each 95 % interval, float64 in the shape of `scores`; NaN where there is none."""
        if self.std_errors is None:
            return np.full(self.scores.shape, np.nan)
        return half_widths(self.std_errors, self.degrees_of_freedom)
