"""Settings as flags, and back: for the command line, and for the commands and links that the dashboard hands on.

A flag is named after its setting, with dashes. A parameter of an option is named after its flat name where it has one
(``--kernel-width``), else after option and parameter (``--slic-n-segments``).
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from lime_core.errors import SpecError
from lime_core.models import DEFAULT_MODEL
from lime_core.models.engines.base import PrecisionChoice
from lime_core.parameters import Option, Parameter, parameters_of
from lime_core.settings.spec import ExplainSpec
from lime_core.superpixels import LabelMap

_SPELLED = {"top_classes": "classes", "classes": "class-indices"}
DEFAULT_METHOD = "lime"
DEFAULT_PRECISION: PrecisionChoice = "auto"  # of the command line and the page; that of the library is f32


def flags_of(spec: ExplainSpec) -> dict[str, list[str]]:
    """Return every setting that differs from the default as flag (without dashes) and the texts of its value.

    A switch has no text of its own: its flag is ``name`` or ``no-name``. A label map of the user's own cannot be
    written as text, and what only a method makes use of cannot be chosen: both are left out.
    """
    flags: dict[str, list[str]] = {}
    usual = ExplainSpec()
    for name, rule in parameters_of(spec).items():
        value, default = getattr(spec, name), getattr(usual, name)
        if isinstance(value, LabelMap) or (isinstance(value, Option) and not value.offered):
            continue
        if rule.kind == "group":
            flags |= _flags_of_parameters(value, default)
        elif rule.kind == "option":
            if value.name != default.name:
                flags[_dashed(name)] = [value.name]
            flags |= _flags_of_parameters(value, default if value.name == default.name else type(value)())
        elif value != default:
            flags |= _flag(_SPELLED.get(name, _dashed(name)), rule, value)
    return flags


def command_line(
    spec: ExplainSpec,
    image: str,
    *,
    model: str | Sequence[str] = DEFAULT_MODEL,
    method: str = DEFAULT_METHOD,
    precision: PrecisionChoice = DEFAULT_PRECISION,
    value_range: tuple[float, float] | None = None,
    output: str = "explanation",
) -> str:
    """Return the shell command that repeats a run.

    Parameters
    ----------
    spec : ExplainSpec
        Its settings; those at their default are left out.
    image : str
        Path of the picture's file.
    model : str or sequence of str
        Catalog id, or all the flags that choose a model of one's own.
    method : str
        Name of the explanation method.
    precision : {"auto", "f32", "bf16"}
        In which the model was asked.
    value_range : (float, float), optional
        What is black and white in the picture's file, where that is not plain.
    output : str
        Folder for the results.
    """
    words = ["python", "-m", "lime_core", "explain"]
    # A file name that begins with a dash would be taken for a flag.
    words.append(f"./{image}" if image.startswith("-") else image)
    words += ["--model", model] if isinstance(model, str) else model
    if method != DEFAULT_METHOD:
        words += ["--method", method]
    if precision != DEFAULT_PRECISION:
        words += ["--precision", precision]
    if value_range is not None:
        words += ["--value-range", *(f"{end:.12g}" for end in value_range)]
    for flag, texts in flags_of(spec).items():
        words += [f"--{flag}", *texts]
    if isinstance(spec.segmentation, LabelMap):
        words += ["--label-map", "label_map.png"]
    return shlex.join([*words, "--output", output])


def add_spec_flags(parser: argparse.ArgumentParser, *, files: bool = True) -> None:
    """Give a parser one flag for every setting; those not given leave no trace in its result.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Made with ``argument_default=argparse.SUPPRESS``.
    files : bool
        Whether ``--label-map`` may name a file to read; not for flags that strangers write.
    """
    if files:
        parser.add_argument("--label-map", metavar="PNG", help="your own superpixels: each colour of the file is one")
    for name, rule in parameters_of(ExplainSpec).items():
        if name == "classes":
            parser.add_argument(f"--{_SPELLED[name]}", type=int, nargs="+", metavar="I", dest=name, help=rule.help)
        elif rule.kind == "option" and rule.registry is not None:
            names = [each for each in rule.registry.offered if each != LabelMap.name]
            parser.add_argument(f"--{_dashed(name)}", choices=names, dest=name, help=_escaped(rule.help))
        elif rule.kind != "group":
            _add_flag(parser, _SPELLED.get(name, _dashed(name)), rule, dest=name)
    seen: set[str] = set()
    for nested in _nested_flags():
        if nested.flag not in seen:
            seen.add(nested.flag)
            _add_flag(parser, nested.flag, nested.rule, dest=nested.dest)


def spec_from(options: argparse.Namespace, start: ExplainSpec) -> ExplainSpec:
    """Return `start` with the flags that were given put over it.

    Raises
    ------
    SpecError
        When a value is out of range, or a flag belongs to an option that is not chosen.
    """
    given = vars(options)
    changes: dict[str, Any] = {}
    for name, rule in parameters_of(ExplainSpec).items():
        if rule.kind == "option":
            changes[name] = _option_from(name, given, getattr(start, name))
        elif rule.kind == "group":
            changes[name] = _changed(name, getattr(start, name), given)
        elif name in given:
            changes[name] = tuple(given[name]) if isinstance(given[name], list) else given[name]
    return replace(start, **changes)


def spec_from_flags(flags: Mapping[str, list[str]]) -> ExplainSpec:
    """Return the settings that flags stand for; the inverse of `flags_of`. No file is read.

    Raises
    ------
    SpecError
        For unknown flags and for values that are no number or outside their range.
    """
    parser = _Parser(add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    add_spec_flags(parser, files=False)
    words = [word for flag, texts in flags.items() for word in (f"--{flag}", *texts)]
    return spec_from(parser.parse_args(words), ExplainSpec())


class _Parser(argparse.ArgumentParser):
    """A parser that explains a mistake instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise SpecError(f"{message[:1].upper()}{message[1:]}.")


@dataclass(frozen=True, slots=True)
class _Nested:
    """The flag of a parameter that belongs to an option, or to the view."""

    field: str
    option: str
    attribute: str
    rule: Parameter

    @property
    def flag(self) -> str:
        return _dashed(self.rule.flat or f"{self.option}-{self.attribute}")

    @property
    def dest(self) -> str:
        return f"{self.field}.{self.rule.flat or f'{self.option}.{self.attribute}'}"


def _nested_flags() -> Iterator[_Nested]:
    for field, rule in parameters_of(ExplainSpec).items():
        owners = {"": ExplainSpec().view} if rule.kind == "group" else dict(rule.registry or {})
        for option, owner in owners.items():
            for attribute, inner in parameters_of(owner).items():
                if option != LabelMap.name and getattr(owner, "offered", True):
                    yield _Nested(field, option, attribute, inner)


def _option_from(field: str, given: Mapping[str, Any], start: Option) -> Option:
    """Return the option of a field that the flags ask for."""
    wanted = [nested for nested in _nested_flags() if nested.field == field and nested.dest in given]
    # Flags that several options share, such as --alpha, do not say which one is meant.
    owners = {nested.option for nested in wanted if nested.rule.flat is None}
    if field == "segmentation" and "label_map" in given:
        if owners or field in given:
            raise SpecError(f"Choose one segmentation: --label-map, or {', '.join(sorted({*owners, *_named(given)}))}.")
        return LabelMap.load(given["label_map"])
    chosen = given.get(field, next(iter(owners)) if owners else start.name)
    if owners - {chosen}:
        raise SpecError(f"Choose one {field}: the flags given belong to {', '.join(sorted({*owners, chosen}))}.")
    registry = parameters_of(ExplainSpec)[field].registry
    option: Option = start if registry is None or start.name == chosen else registry[chosen]()
    for nested in wanted:
        possible = [each.option for each in _nested_flags() if each.dest == nested.dest]
        if option.name not in possible:
            raise SpecError(
                f"--{nested.flag} needs {field} {' or '.join(map(repr, possible))}; the {field} is {option.name!r}."
            )
    changed: Option = _changed(field, option, given)
    return changed


def _named(given: Mapping[str, Any]) -> set[str]:
    return {given["segmentation"]} if "segmentation" in given else set()


def _changed(field: str, owner: Any, given: Mapping[str, Any]) -> Any:
    """Return an option, or the view, with the parameters that were given."""
    option = getattr(owner, "name", "") if isinstance(owner, Option) else ""
    values: dict[str, Any] = {}
    for attribute, rule in parameters_of(owner).items():
        dest = _Nested(field, option, attribute, rule).dest
        if dest in given:
            values[attribute] = tuple(given[dest]) if isinstance(given[dest], list) else given[dest]
    return replace(owner, **values) if values else owner


def _flags_of_parameters(owner: Any, default: Any) -> dict[str, list[str]]:
    option = owner.name if isinstance(owner, Option) else ""
    flags: dict[str, list[str]] = {}
    for attribute, rule in parameters_of(owner).items():
        if getattr(owner, attribute) != getattr(default, attribute):
            flags |= _flag(_Nested("", option, attribute, rule).flag, rule, getattr(owner, attribute))
    return flags


def _add_flag(parser: argparse.ArgumentParser, flag: str, rule: Parameter, dest: str) -> None:
    settings: dict[str, Any] = {"dest": dest, "help": _escaped(rule.help)}
    if rule.kind == "bool":
        settings["action"] = argparse.BooleanOptionalAction
    elif rule.kind == "choice":
        settings["choices"] = rule.choices
    elif rule.kind == "color":
        settings |= {"type": int, "nargs": 3, "metavar": ("R", "G", "B")}
    else:
        settings |= {"type": int if rule.kind == "int" else float, "metavar": "N" if rule.kind == "int" else "X"}
    parser.add_argument(f"--{flag}", **settings)


def _flag(flag: str, rule: Parameter, value: Any) -> dict[str, list[str]]:
    if rule.kind == "bool":
        return {flag if value else f"no-{flag}": []}
    if value is None:
        return {}
    if isinstance(value, tuple):
        return {flag: [str(part) for part in value]}
    return {flag: [value if isinstance(value, str) else repr(value)]}


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def _dashed(name: str) -> str:
    return name.replace("_", "-")
