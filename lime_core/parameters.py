"""Settings that are declared once: default, range, help and the stage they belong to.

A frozen dataclass declares its fields with `parameter`. The same declaration then serves validation, the command line's
flags, the browser's widgets, links, JSON and the cache keys.

A choice that has parameters of its own, such as a fill, is an `Option`: a small frozen dataclass with a name. The
options of one kind stand in a `Registry`; a setting that holds one of them is declared with `option`.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, cast

from lime_core.errors import SpecError

Stage = Literal["segmentation", "query", "fit", "view"]
Kind = Literal["int", "float", "bool", "choice", "color", "option", "group", "other"]

_KEY = "lime_core.parameter"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a field may hold.

    Attributes
    ----------
    kind : str
        "int", "float", "bool", "choice" (a name), "color", "option" (an object of `registry`), "group" (a
        dataclass whose fields are settings of their own), or "other", which the owning class checks.
    help : str
        One line for people.
    low, high : float or None
        Inclusive bounds of a number.
    choices : tuple of str
        Allowed names of a "choice".
    stage : Stage
        The first stage of the pipeline that has to run again when the value changes.
    flat : str or None
        Another name of the field that is unique among all settings, such as ``kernel_width`` for a kernel's width.
        `ExplainSpec` accepts it, and flags and links carry it.
    registry : Registry or None
        The options of an "option".
    """

    kind: Kind
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    stage: Stage = "query"
    flat: str | None = None
    registry: Registry[Any] | None = None

    def normalize(self, name: str, value: Any) -> Any:
        """Return `value` as a plain Python object or an option, or raise `SpecError` saying what is allowed."""
        if self.kind in ("other", "group"):
            return value
        if self.kind == "option" and self.registry is not None:
            return self.registry.make(value)
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
        number_type = numbers.Integral if self.kind == "int" else numbers.Real
        if isinstance(value, bool) or not isinstance(value, number_type):
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
        message = f"{name} must be three whole numbers (red, green, blue) 0..255; got {value!r}."
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            raise SpecError(message)
        parts = tuple(value)
        whole = all(isinstance(part, numbers.Integral) and not isinstance(part, bool) for part in parts)
        if len(parts) != 3 or not whole or not all(0 <= part <= 255 for part in parts):
            raise SpecError(message)
        red, green, blue = (int(part) for part in parts)
        return red, green, blue

    @property
    def range_text(self) -> str:
        """The allowed range in words, such as ``in 0..1`` or ``at least 2``."""
        if self.low is not None and self.high is not None:
            return f"in {_digits(self.low)}..{_digits(self.high)}"
        if self.low is not None:
            return f"at least {_digits(self.low)}"
        return "finite" if self.high is None else f"at most {_digits(self.high)}"


def _digits(bound: float) -> str:
    """Return a bound as text with all its digits."""
    return str(int(bound)) if bound == int(bound) else repr(bound)


def parameter(
    default: Any,
    help: str,  # noqa: A002 - argparse and streamlit call it that too
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    stage: Stage = "query",
    kind: Kind | None = None,
    flat: str | None = None,
) -> Any:
    """Declare a dataclass field with its default, range and help text.

    Unless `kind` is given, it follows from the type of `default` (or from `choices`).
    """
    if kind is None:
        kind = "choice" if choices else _kind_of(default)
    rule = Parameter(kind=kind, help=help, low=low, high=high, choices=choices, stage=stage, flat=flat)
    return dataclasses.field(default=default, metadata={_KEY: rule})


def option(default: Any, help: str, registry: Registry[Any], *, stage: Stage = "query") -> Any:  # noqa: A002 - as above
    """Declare a dataclass field that holds one of the options of a registry."""
    rule = Parameter(kind="option", help=help, stage=stage, registry=registry)
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
        normalized = rule.normalize(rule.flat or name, getattr(instance, name))
        object.__setattr__(instance, name, normalized)


class Option:
    """A named choice with parameters of its own: the base of fills, samplers, kernels, surrogates and the like.

    A subclass is a frozen, slotted dataclass whose fields are declared with `parameter`.

    Attributes
    ----------
    name : str
        Its name in flags, links, JSON and `ExplainSpec`.
    offered : bool
        Whether the command line and the page offer it; False for one that only a certain method uses by itself.
    """

    __slots__ = ()

    name: ClassVar[str]
    offered: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_parameters(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the parameters as plain JSON-ready values; `from_dict` is its inverse."""
        values = {name: getattr(self, name) for name in parameters_of(self)}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        return {"name": self.name, **plain}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build the option from its parameters, without its name.

        Raises
        ------
        SpecError
            For unknown parameters and values outside their range.
        """
        unknown = sorted(set(values) - set(parameters_of(cls)))
        if unknown:
            raise SpecError(f"Unknown settings of {cls.name}: {', '.join(unknown)}.")
        return cls(**values)


OptionT = TypeVar("OptionT", bound=Option)


class Registry(Mapping[str, "type[OptionT]"], Generic[OptionT]):
    """The options of one kind by name. Registering a class is all it takes to offer it everywhere.

    Parameters
    ----------
    kind : str
        What messages call such an option, for example ``fill``.
    *options : type of Option
        The options to start with; `register` adds others.
    """

    def __init__(self, kind: str, *options: type[OptionT]) -> None:
        self.kind = kind
        self._options: dict[str, type[OptionT]] = {}
        for cls in options:
            self.register(cls)

    def register(self, cls: type[OptionT]) -> type[OptionT]:
        """Add an option under its name and return it, so that this also serves as a decorator.

        Raises
        ------
        SpecError
            When another option has that name.
        """
        if self._options.setdefault(cls.name, cls) is not cls:
            raise SpecError(f"There is a {self.kind} named {cls.name!r} already.")
        return cls

    def unregister(self, name: str) -> None:
        """Remove an option that was added with `register`."""
        del self._options[name]

    def __getitem__(self, name: str) -> type[OptionT]:
        return self._options[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._options)

    def __len__(self) -> int:
        return len(self._options)

    @property
    def offered(self) -> tuple[str, ...]:
        """The names that people may choose from."""
        return tuple(name for name, cls in self._options.items() if cls.offered)

    def make(self, value: Any) -> OptionT:
        """Return the option that `value` stands for: an option, its plain name, or what its `to_dict` gave.

        Raises
        ------
        SpecError
            When it is none of these.
        """
        if isinstance(value, tuple(self._options.values())):
            return cast("OptionT", value)
        if isinstance(value, str) and value in self._options:
            return self._options[value]()
        if isinstance(value, Mapping) and value.get("name") in self._options:
            rest = {name: setting for name, setting in value.items() if name != "name"}
            return self._options[value["name"]].from_dict(rest)
        given = value.get("name") if isinstance(value, Mapping) else value
        raise SpecError(f"{self.kind} must be one of {', '.join(self.offered)}; got {given!r}.")
