"""What the process that read a model file has written, checked as data from a stranger.

Whoever finds a hole in one of the libraries can run code in that process, with its limits; so nothing that it writes
is believed.
"""

from __future__ import annotations

import json
import os
import re
import stat
import xml.etree.ElementTree as ET
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.openvino_graph import Graph
from lime_core.models.names import as_class_names
from lime_core.models.own.child import FACTS, STRUCTURE, WEIGHTS
from lime_core.models.own.model import Head, LastOperation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LONGEST_FACTS = 16 << 20
_LONGEST_STRUCTURE = 64 << 20
_LONGEST_TEXT = 2000
_MOST_CLASSES = 1 << 20
_MOST_NUMBERS = 1 << 28  # in one tensor, for one picture: 1 GB of float32
_NOT_USABLE = "The model was read, but the result cannot be used: {}."
_TAGS = {
    "net", "layers", "layer", "data", "input", "output", "port", "dim", "edges", "edge", "body", "then_body", "else_body",
    "port_map", "then_port_map", "else_port_map", "back_edges",
}  # fmt: skip
_DROPPED = {"rt_info", "meta_data", "cli_parameters", "quantization_parameters"}
_OPSET = re.compile(r"opset\d{1,2}")
_KEEPS_STATE = {"Assign", "ReadValue"}
_BITS = {
    "boolean": 8, "i4": 4, "i8": 8, "i16": 16, "i32": 32, "i64": 64, "u1": 1, "u2": 2, "u3": 3, "u4": 4, "u6": 6, "u8": 8,
    "u16": 16, "u32": 32, "u64": 64, "nf4": 4, "f4e2m1": 4, "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8, "f16": 16, "bf16": 16,
    "f32": 32, "f64": 64,
}  # fmt: skip


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
        raise ModelError(_text(facts["error"], lines=True))
    try:
        return _checked(facts)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(_NOT_USABLE.format("its description is incomplete")) from error


def read_graph(folder: Path, max_bytes: int) -> Graph:
    """Return the checked graph: operations of OpenVINO's own sets, connected without circles, constants in the file.

    Raises
    ------
    ModelError
        If it is missing, larger than `max_bytes`, or anything else.
    """
    weights = _content(folder / WEIGHTS, max_bytes)
    try:
        net = ET.fromstring(_content(folder / STRUCTURE, _LONGEST_STRUCTURE).decode("utf-8"), ET.XMLParser(target=_Plain()))
        if net.tag != "net":
            raise ValueError(f"it begins with <{net.tag}>")
        _check_structure(net, len(weights))
    except (ET.ParseError, ValueError, KeyError, CycleError, RecursionError) as error:
        raise ModelError(_NOT_USABLE.format(f"its graph is damaged or not allowed: {_text(error)}")) from error
    # Written anew, so that OpenVINO's parser sees what was checked.
    return Graph(ET.tostring(net, encoding="utf-8", xml_declaration=True), weights)


class _Plain(ET.TreeBuilder):
    """Builds the tree of a document without types and entities of its own."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("it has a document type")


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
    heads = tuple(Head(_text(name), _whole(classes, 1, _MOST_CLASSES)) for name, classes in facts["outputs"])
    output, ends_in = _text(facts["output"]), facts["last_operation"]
    classes = {head.name: head.classes for head in heads}[output]
    if ends_in is not None and ends_in not in get_args(LastOperation):
        raise ValueError(ends_in)
    labels, problem = _labels(facts["labels"], classes)
    return {
        "input_size": (height, width),
        "channels": _whole(facts["channels"], 1, 3),
        "outputs": heads,
        "output": output,
        "last_operation": cast("LastOperation | None", ends_in),
        "scales_inside": bool(facts["scales_inside"]),
        "labels": labels,
        "notes": (*(_text(note) for note in facts["notes"]), *problem),
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
    return tuple(_text(name) for name in names), ()


def _whole(value: Any, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(value)
    return value


def _text(value: Any, *, lines: bool = False) -> str:
    """Return a text without characters that control a terminal, and not too long."""
    allowed = "\n" if lines else ""
    shown = "".join(sign if sign.isprintable() or sign in allowed else " " for sign in str(value)[:_LONGEST_TEXT])
    return shown.encode("utf-8", "replace").decode("utf-8")


def _check_structure(parent: ET.Element, weights: int) -> None:
    """Check every element, and leave out what only informs."""
    for child in list(parent):
        if child.tag in _DROPPED:
            parent.remove(child)
            continue
        if child.tag not in _TAGS:
            raise ValueError(f"it has an element <{child.tag}>")
        if child.tag == "layer":
            _check_layer(child, weights)
        elif child.tag == "port":
            _check_port(child)
        elif child.tag == "edges":
            _check_edges(child)
        _check_structure(child, weights)


def _check_layer(layer: ET.Element, weights: int) -> None:
    kind, version = layer.attrib["type"], layer.attrib["version"]
    if not _OPSET.fullmatch(version):
        raise ValueError(f"the operation {kind} is from {version!r}")
    if kind in _KEEPS_STATE:
        raise ValueError(f"the operation {kind} keeps numbers from one picture to the next")
    if kind != "Const":
        return
    data = layer.find("data")
    if data is None:
        raise ValueError("a constant has no numbers")
    offset, size = int(data.attrib["offset"]), int(data.attrib["size"])
    sides = [int(side) for side in data.attrib["shape"].split(",") if side.strip()]
    bits = _BITS[data.attrib["element_type"]] * int(np.prod(sides, dtype=object))
    if min([offset, size, *sides]) < 0 or offset + size > weights or bits > 8 * size:
        raise ValueError("a constant reaches beyond the end of the numbers")


def _check_port(port: ET.Element) -> None:
    sides = [int(side.text or "") for side in port.findall("dim")]
    # -1 stands for an open side: the number of pictures, or of superpixels.
    if min(sides, default=0) < -1 or np.prod([abs(side) for side in sides], dtype=object) > _MOST_NUMBERS:
        raise ValueError(f"an array has the shape {tuple(sides)}")


def _check_edges(edges: ET.Element) -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for edge in edges.findall("edge"):
        sorter.add(edge.attrib["to-layer"], edge.attrib["from-layer"])
    sorter.prepare()
