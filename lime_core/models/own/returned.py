"""What the process that read a model file has written, checked as data from a stranger.

Whoever finds a hole in one of the libraries can run code in that process, with its limits; so nothing that it writes
is believed.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any, cast, get_args

from lime_core.errors import ModelError
from lime_core.models.engines.openvino_graph import Graph
from lime_core.models.names import as_class_names
from lime_core.models.own.child import FACTS, STRUCTURE, WEIGHTS
from lime_core.models.own.graph_check import checked_structure
from lime_core.models.own.model import LONGEST_METADATA, MOST_CLASSES, Head, LastOperation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST_FACTS = 16 << 20
_LONGEST_STRUCTURE = 64 << 20
_LONGEST_TEXT = 2000
_NOT_USABLE = "The model was read, but the result cannot be used: {}."


def read_facts(folder: Path) -> dict[str, Any]:
    """Return the checked facts, by the names of `OwnModel`'s fields, without those that the parent knows itself.

    Raises
    ------
    ModelError
        The child's own message, if it has written one; or if the facts are missing or no facts.
    """
    try:
        facts = json.loads(_content(folder / FACTS, _LONGEST_FACTS))
    except (ValueError, RecursionError) as error:
        raise ModelError(_NOT_USABLE.format("its description is damaged")) from error
    if not isinstance(facts, dict):
        raise ModelError(_NOT_USABLE.format("its description is damaged"))
    if "error" in facts:
        raise ModelError(plain_text(facts["error"], lines=True))
    try:
        return _checked(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(_NOT_USABLE.format("its description is incomplete")) from error


def read_graph(folder: Path, max_bytes: int, facts: Mapping[str, Any]) -> Graph:
    """Return the graph, checked by `checked_structure`.

    Parameters
    ----------
    folder : Path
        Where the process has worked.
    max_bytes : int
        Largest size of the graph's numbers.
    facts : mapping
        From `read_facts`; the graph must agree with them.

    Raises
    ------
    ModelError
        If it is missing, larger than `max_bytes`, or not allowed.
    """
    weights = _content(folder / WEIGHTS, max_bytes)
    structure = _content(folder / STRUCTURE, _LONGEST_STRUCTURE)
    classes = {head.name: head.classes for head in facts["outputs"]}[facts["output"]]
    shape = (*facts["input_size"], facts["channels"])
    return Graph(checked_structure(structure, len(weights), shape, classes), weights)


def _content(path: Path, most: int) -> bytes:
    """Read a plain file, and no link, pipe or device that lies in its place."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ModelError(_NOT_USABLE.format(f"{path.name} is no file"))
            content = file.read(most + 1)
    except OSError as error:
        raise ModelError(_NOT_USABLE.format(f"{path.name} is missing")) from error
    if len(content) > most:
        raise ModelError(_NOT_USABLE.format(f"{path.name} is larger than {most / 1e6:,.0f} MB"))
    return content


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    height, width = (_whole(side, 1, 1 << 16) for side in facts["input_size"])
    heads = tuple(Head(plain_text(name), _whole(classes, 1, MOST_CLASSES)) for name, classes in facts["outputs"])
    output, ends_in = plain_text(facts["output"]), facts["last_operation"]
    classes = {head.name: head.classes for head in heads}[output]
    if ends_in is not None and ends_in not in get_args(LastOperation):
        raise ValueError(ends_in)
    labels, problem = _labels(facts["labels"], classes)
    return {
        "input_size": (height, width),
        "channels": {1: 1, 3: 3}[facts["channels"]],
        "outputs": heads,
        "output": output,
        "last_operation": cast("LastOperation | None", ends_in),
        "scales_inside": bool(facts["scales_inside"]),
        "seconds_per_picture": float(facts["seconds_per_picture"]),
        "labels": labels,
        "metadata": plain_text(facts["metadata"], lines=True, longest=LONGEST_METADATA),
        "notes": (*(plain_text(note) for note in facts["notes"]), *problem),
    }


def _labels(given: Any, classes: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of the classes, and a note if the file has some that do not fit."""
    try:
        names = as_class_names(given)
    except ModelError:
        return (), ("The class names in the file's metadata cannot be read as names, and are left out.",)
    if names and len(names) != classes:
        note = f"The file's metadata names {len(names)} classes, but the output has {classes}: the names are left out."
        return (), (note,)
    return tuple(plain_text(name) for name in names), ()


def _whole(value: Any, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(value)
    return value


def plain_text(value: Any, *, lines: bool = False, longest: int = _LONGEST_TEXT) -> str:
    """Return a text without characters that control a terminal, and not too long."""
    allowed = "\n" if lines else ""
    shown = "".join(sign if sign.isprintable() or sign in allowed else " " for sign in str(value)[:longest])
    return shown.encode("utf-8", "replace").decode("utf-8")
