"""Settings as flags, and back: for the command line, and for the commands and links that the dashboard hands on."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from lime_core.errors import SpecError
from lime_core.models import DEFAULT_MODEL
from lime_core.models.engines.base import Precision
from lime_core.parameters import Parameter, parameters_of
from lime_core.settings.spec import ExplainSpec
from lime_core.superpixels.segmentation import SEGMENTATIONS, AnySegmentation, LabelMap

_SPELLED = {"top_classes": "classes", "classes": "class-indices"}


def flags_of(spec: ExplainSpec) -> dict[str, list[str]]:
    """Return every setting that differs from the default as flag (without dashes) and the texts of its value.

    A switch has no text of its own: its flag is ``name`` or ``no-name``. A label map of the user's own cannot be
    written as text and is left out.
    """
    flags: dict[str, list[str]] = {}
    cut, usual = spec.segmentation, ExplainSpec()
    if not isinstance(cut, LabelMap):
        start = usual.segmentation if cut.method == usual.segmentation.method else SEGMENTATIONS[cut.method]()
        if cut.method != usual.segmentation.method:
            flags["segmentation"] = [cut.method]
        for name in parameters_of(cut):
            if getattr(cut, name) != getattr(start, name):
                flags[f"{cut.method}-{_dashed(name)}"] = [repr(getattr(cut, name))]
    for name, rule in parameters_of(spec).items():
        value = getattr(spec, name)
        if name != "segmentation" and value != getattr(usual, name):
            flags |= _flag(_SPELLED.get(name, _dashed(name)), rule, value)
    return flags


def command_line(
    spec: ExplainSpec,
    image: str,
    *,
    model: str = DEFAULT_MODEL,
    precision: Precision = "f32",
    output: str = "explanation",
) -> str:
    """Return the shell command that repeats a run.

    Parameters
    ----------
    spec : ExplainSpec
        Its settings; those at their default are left out.
    image : str
        Path of the picture's file.
    model : str
        Catalog id.
    precision : {"f32", "bf16"}
        In which the model was asked.
    output : str
        Folder for the results.
    """
    words = ["python", "-m", "lime_core", "explain"]
    # A file name that begins with a dash would be taken for a flag.
    words.append(f"./{image}" if image.startswith("-") else image)
    words += ["--model", model]
    if precision != "f32":
        words += ["--precision", precision]
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
    methods = [name for name in SEGMENTATIONS if name != LabelMap.method]
    parser.add_argument("--segmentation", choices=methods, help="how the picture is cut into superpixels")
    if files:
        parser.add_argument("--label-map", metavar="PNG", help="your own superpixels: each colour of the file is one")
    for name in methods:
        for field, rule in parameters_of(SEGMENTATIONS[name]).items():
            _add_flag(parser, f"{name}-{_dashed(field)}", rule, dest=f"{name}_{field}")
    for field, rule in parameters_of(ExplainSpec).items():
        if field == "classes":
            parser.add_argument(f"--{_SPELLED[field]}", type=int, nargs="+", metavar="I", dest=field, help=rule.help)
        elif field != "segmentation":
            _add_flag(parser, _SPELLED.get(field, _dashed(field)), rule, dest=field)


def spec_from(options: argparse.Namespace, start: ExplainSpec) -> ExplainSpec:
    """Return `start` with the flags that were given put over it.

    Raises
    ------
    SpecError
        When a value is out of range, or flags of two segmentation methods are mixed.
    """
    given = vars(options)
    names = [name for name in parameters_of(ExplainSpec) if name in given and name != "segmentation"]
    changes: dict[str, Any] = {
        name: tuple(given[name]) if isinstance(given[name], list) else given[name] for name in names
    }
    return replace(start, segmentation=_segmentation_from(given, start.segmentation), **changes)


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


def _add_flag(parser: argparse.ArgumentParser, flag: str, rule: Parameter, dest: str) -> None:
    settings: dict[str, Any] = {"dest": dest, "help": rule.help.replace("%", "%%")}
    if rule.kind == "bool":
        settings["action"] = argparse.BooleanOptionalAction
    elif rule.kind == "choice":
        settings["choices"] = rule.choices
    elif rule.kind == "color":
        settings |= {"type": int, "nargs": 3, "metavar": ("R", "G", "B")}
    else:
        settings |= {"type": int if rule.kind == "int" else float, "metavar": "N" if rule.kind == "int" else "X"}
    parser.add_argument(f"--{flag}", **settings)


def _segmentation_from(given: Mapping[str, Any], start: AnySegmentation) -> AnySegmentation:
    options = {
        name: {field: given[f"{name}_{field}"] for field in parameters_of(method) if f"{name}_{field}" in given}
        for name, method in SEGMENTATIONS.items()
    }
    named = [name for name, changes in options.items() if changes]
    method = given.get("segmentation", named[0] if named else start.method)
    if any(name != method for name in named) or ("label_map" in given and (named or "segmentation" in given)):
        raise SpecError(f"Choose one segmentation: the flags given belong to {', '.join(sorted({*named, method}))}.")
    if "label_map" in given:
        return LabelMap.load(given["label_map"])
    same = start if start.method == method else SEGMENTATIONS[method]()
    return replace(same, **options[method])


def _flag(flag: str, rule: Parameter, value: Any) -> dict[str, list[str]]:
    if rule.kind == "bool":
        return {flag if value else f"no-{flag}": []}
    if value is None:
        return {}
    if isinstance(value, tuple):
        return {flag: [str(part) for part in value]}
    return {flag: [value if isinstance(value, str) else repr(value)]}


def _dashed(name: str) -> str:
    return name.replace("_", "-")
