"""Settings that are declared once: default, range, help and the stage they belong to.

A frozen dataclass declares its fields with `parameter` and calls `check_parameters` in `__post_init__`. The same
declaration then serves validation, the command line's flags, the browser's widgets and the cache keys.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import Any, Literal

from lime_core.errors import SpecError

Stage = Literal["segmentation", "query", "fit", "view"]

_KEY = "lime_core.parameter"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a field may hold.

    Attributes
    ----------
    kind : {"int", "float", "bool", "choice", "color", "other"}
        How the value is checked; "other" is left to the owning class.
    help : str
        One line for people.
    low, high : float or None
        Inclusive bounds of a number.
    choices : tuple of str
        Allowed names of a "choice".
    stage : Stage
        The first stage of the pipeline that has to run again when the value changes.
    """

    kind: Literal["int", "float", "bool", "choice", "color", "other"]
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    stage: Stage = "query"

    def normalize(self, name: str, value: Any) -> Any:
        """Return `value` as a plain Python object, or raise `SpecError` saying what is allowed."""
        if self.kind == "other":
            return value
        if self.kind == "choice":
            if not isinstance(value, str) or value not in self.choices:
                raise SpecError(f"{name} must be one of {', '.join(self.choices)}; got {value!r}.")
            return value
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise SpecError(f"{name} must be True or False; got {value!r}.")
            return value
        if self.kind == "color":
            return self._color(name, value)
        return self._number(name, value)

    def _number(self, name: str, value: Any) -> int | float:
        wanted = numbers.Integral if self.kind == "int" else numbers.Real
        if isinstance(value, bool) or not isinstance(value, wanted):
            noun = "a whole number" if self.kind == "int" else "a number"
            raise SpecError(f"{name} must be {noun} {self.range_text}; got {value!r}.")
        number = int(value) if self.kind == "int" else float(value)  # type: ignore[call-overload]
        too_low = self.low is not None and number < self.low
        too_high = self.high is not None and number > self.high
        if too_low or too_high or not math.isfinite(number):
            raise SpecError(f"{name} must be {self.range_text}; got {value!r}.")
        return number

    @staticmethod
    def _color(name: str, value: Any) -> tuple[int, int, int]:
        try:
            red, green, blue = (int(part) for part in value)
        except (TypeError, ValueError):
            raise SpecError(f"{name} must be three whole numbers (red, green, blue) 0..255; got {value!r}.") from None
        if not all(0 <= part <= 255 for part in (red, green, blue)):
            raise SpecError(f"{name} must be three whole numbers (red, green, blue) 0..255; got {value!r}.")
        return red, green, blue

    @property
    def range_text(self) -> str:
        """The allowed range in words, such as ``in 0..1`` or ``at least 2``."""
        if self.low is not None and self.high is not None:
            return f"in {self.low:g}..{self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return "finite" if self.high is None else f"at most {self.high:g}"


def parameter(
    default: Any,
    help: str,  # noqa: A002 - argparse and streamlit call it that too
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    stage: Stage = "query",
    kind: Literal["int", "float", "bool", "choice", "color", "other"] | None = None,
) -> Any:
    """Declare a dataclass field with its default, range and help text.

    The kind is read off `default` (or off `choices`) unless it is given.
    """
    if kind is None:
        kind = "choice" if choices else _kind_of(default)
    rule = Parameter(kind=kind, help=help, low=low, high=high, choices=choices, stage=stage)
    return dataclasses.field(default=default, metadata={_KEY: rule})


def _kind_of(default: Any) -> Literal["int", "float", "bool"]:
    if isinstance(default, bool):
        return "bool"
    return "int" if isinstance(default, int) else "float"


def parameters_of(owner: Any) -> dict[str, Parameter]:
    """Return the declared parameters of a dataclass or of one of its instances, in order."""
    return {field.name: field.metadata[_KEY] for field in dataclasses.fields(owner) if _KEY in field.metadata}


def check_parameters(instance: Any) -> None:
    """Check every declared field of a frozen dataclass instance and store its plain Python value.

    Raises
    ------
    SpecError
        For the first field whose value is outside its declaration.
    """
    for name, rule in parameters_of(instance).items():
        normalized = rule.normalize(name, getattr(instance, name))
        object.__setattr__(instance, name, normalized)
