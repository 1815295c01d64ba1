"""Settings as flags of the command line, and back: what the dashboard hands on as a command or a link."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from lime_core.errors import SpecError
from lime_core.models import DEFAULT_MODEL
from lime_core.parameters import Parameter, parameters_of
from lime_core.segmentation import SEGMENTATIONS, LabelMap
from lime_core.spec import ExplainSpec

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


def command_line(spec: ExplainSpec, image: str, *, model: str = DEFAULT_MODEL, output: str = "explanation") -> str:
    """Return the shell command that repeats a run.

    Parameters
    ----------
    spec : ExplainSpec
        Its settings; those at their default are left out.
    image : str
        Path of the picture's file.
    model : str
        Catalog id.
    output : str
        Folder for the results.
    """
    words = ["python", "-m", "lime_core", "explain"]
    # A file name that begins with a dash would be taken for a flag.
    words.append(f"./{image}" if image.startswith("-") else image)
    words += ["--model", model]
    for flag, texts in flags_of(spec).items():
        words += [f"--{flag}", *texts]
    if isinstance(spec.segmentation, LabelMap):
        words += ["--label-map", "label_map.png"]
    return shlex.join([*words, "--output", output])


def spec_from_flags(flags: Mapping[str, list[str]]) -> ExplainSpec:
    """Return the settings that flags stand for; the inverse of `flags_of`.

    Raises
    ------
    SpecError
        For unknown flags and for values that are no number or outside their range.
    """
    left = {flag: list(texts) for flag, texts in flags.items()}
    usual = ExplainSpec()
    method = _one("segmentation", left.pop("segmentation", [usual.segmentation.method]))
    if method not in SEGMENTATIONS or method == LabelMap.method:
        methods = ", ".join(name for name in SEGMENTATIONS if name != LabelMap.method)
        raise SpecError(f"segmentation must be one of {methods}; got {method!r}.")
    start = usual.segmentation if method == usual.segmentation.method else SEGMENTATIONS[method]()
    cut = {name: getattr(start, name) for name in parameters_of(start)}
    cut |= _taken(left, parameters_of(start), lambda name: f"{method}-{_dashed(name)}")
    rules = {name: rule for name, rule in parameters_of(usual).items() if name != "segmentation"}
    values = _taken(left, rules, lambda name: _SPELLED.get(name, _dashed(name)))
    if left:
        raise SpecError(f"Unknown settings: {', '.join(left)}.")
    return ExplainSpec(segmentation=SEGMENTATIONS[method](**cut), **values)


def _taken(left: dict[str, list[str]], rules: Mapping[str, Parameter], flag_of: Any) -> dict[str, Any]:
    """Take the flags of some parameters out of `left` and return their values."""
    values: dict[str, Any] = {}
    for name, rule in rules.items():
        flag = flag_of(name)
        if flag in left:
            values[name] = _value(flag, rule, left.pop(flag))
        elif rule.kind == "bool" and f"no-{flag}" in left:
            left.pop(f"no-{flag}")
            values[name] = False
    return values


def _flag(flag: str, rule: Parameter, value: Any) -> dict[str, list[str]]:
    if rule.kind == "bool":
        return {flag if value else f"no-{flag}": []}
    if value is None:
        return {}
    if isinstance(value, tuple):
        return {flag: [str(part) for part in value]}
    return {flag: [value if isinstance(value, str) else repr(value)]}


def _value(flag: str, rule: Parameter, texts: list[str]) -> Any:
    if rule.kind == "bool":
        return True
    if rule.kind in ("color", "other"):
        return tuple(_number(flag, int, text) for text in texts)
    text = _one(flag, texts)
    return text if rule.kind == "choice" else _number(flag, int if rule.kind == "int" else float, text)


def _number(flag: str, kind: type[int] | type[float], text: str) -> int | float:
    try:
        return kind(text)
    except ValueError:
        noun = "a whole number" if kind is int else "a number"
        raise SpecError(f"{flag} must be {noun}; got {text!r}.") from None


def _one(flag: str, texts: list[str]) -> str:
    if len(texts) != 1:
        raise SpecError(f"{flag} must be given once; got {texts!r}.")
    return texts[0]


def _dashed(name: str) -> str:
    return name.replace("_", "-")
