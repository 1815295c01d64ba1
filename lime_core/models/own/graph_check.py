"""Checking the structure of a graph in OpenVINO's format, before OpenVINO reads it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from lime_core.errors import ModelError

# In one array: of the network's own numbers, and of those that it computes for each picture of a batch.
_MOST_NUMBERS = 1 << 28
_MOST_NUMBERS_A_PICTURE = 1 << 26
_BODIES = ("body", "then_body", "else_body", "port_map", "then_port_map", "else_port_map", "back_edges")
_TAGS = {"net", "layers", "layer", "data", "input", "output", "port", "dim", "edges", "edge", *_BODIES}
_DROPPED = {"rt_info", "meta_data", "cli_parameters", "quantization_parameters"}
_OPSET = re.compile(r"opset\d{1,2}")
_KEEPS_STATE = {"Assign", "ReadValue"}
_TYPES_BY_BITS = {
    1: ("u1",),
    2: ("u2",),
    3: ("u3",),
    4: ("i4", "u4", "nf4", "f4e2m1"),
    6: ("u6",),
    8: ("boolean", "i8", "u8", "f8e4m3", "f8e5m2", "f8e8m0"),
    16: ("i16", "u16", "f16", "bf16"),
    32: ("i32", "u32", "f32"),
    64: ("i64", "u64", "f64"),
}
_BITS = {name: bits for bits, names in _TYPES_BY_BITS.items() for name in names}


def checked_structure(structure: bytes, weights: int, picture_shape: tuple[int, int, int], classes: int) -> bytes:
    """Return a structure without what only informs, written anew so that OpenVINO reads exactly what was checked.

    Parameters
    ----------
    structure : bytes
        The XML part of a graph.
    weights : int
        Length of its binary part.
    picture_shape : (int, int, int)
        Height, width and channels of the pictures that it must take.
    classes : int
        How many numbers it must give for each of them.

    Raises
    ------
    ModelError
        If it is no graph of operations from OpenVINO's own sets, has other inputs or outputs, is connected in a circle,
        keeps numbers between pictures, has too large arrays, or constants that are not in the binary part.
    """
    try:
        parser = ET.XMLParser(target=_Plain())  # noqa: S314 - document types, and so entities, are refused
        parser.feed(structure.decode("utf-8"))
        net: ET.Element = parser.close()
        _check(net, weights)
        _check_ends(net, picture_shape, classes)
    except (ET.ParseError, ValueError, KeyError, CycleError, RecursionError) as error:
        raise ModelError(f"The graph made from the model is damaged or not allowed: {error}.") from error
    return bytes(ET.tostring(net, encoding="utf-8", xml_declaration=True))


class _Plain(ET.TreeBuilder):
    """Builds the tree of a document without a document type, which could define entities."""

    def doctype(self, *_: Any) -> None:
        raise ValueError("it has a document type")


def _check(element: ET.Element, weights: int) -> None:
    if element.tag not in _TAGS:
        raise ValueError(f"it has an element <{element.tag}>")
    if element.tag == "layer":
        _check_layer(element, weights)
    elif element.tag == "port":
        _check_port(element)
    elif element.tag == "edges":
        _check_edges(element)
    for child in list(element):
        if child.tag in _DROPPED:
            element.remove(child)
        else:
            _check(child, weights)


def _check_ends(net: ET.Element, picture_shape: tuple[int, int, int], classes: int) -> None:
    height, width, channels = picture_shape
    expected = {
        "pictures": ("f32", f"?,{height},{width},{channels}"),
        "labels": ("i32", f"{height},{width}"),
        "choices": ("u8", "?,?"),
    }
    layers = net.findall("layers/layer")
    inputs = {
        layer.attrib["name"][:80]: (data.attrib["element_type"], data.attrib["shape"])
        for layer in layers
        if layer.attrib["type"] == "Parameter" and (data := layer.find("data")) is not None
    }
    outputs = [layer.findall("input/port") for layer in layers if layer.attrib["type"] == "Result"]
    if inputs != expected:
        raise ValueError("its inputs are not pictures, labels and choices")
    shapes = [[side.text for side in port.findall("dim")] for ports in outputs for port in ports]
    if shapes != [["-1", str(classes)]]:
        raise ValueError(f"its output is not one number for each of {classes} classes")


def _check_layer(layer: ET.Element, weights: int) -> None:
    kind, version = layer.attrib["type"][:80], layer.attrib["version"][:80]
    if not _OPSET.fullmatch(version):
        raise ValueError(f"the operation {kind!r} is from {version!r}")
    if kind in _KEEPS_STATE:
        raise ValueError(f"the operation {kind!r} keeps numbers from one picture to the next")
    if kind == "Const":
        _check_constant(layer, weights)


def _check_constant(layer: ET.Element, weights: int) -> None:
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
    most = _MOST_NUMBERS_A_PICTURE if -1 in sides else _MOST_NUMBERS
    if min(sides, default=0) < -1 or np.prod([abs(side) for side in sides], dtype=object) > most:
        raise ValueError(f"an array has the shape {tuple(sides)}")


def _check_edges(edges: ET.Element) -> None:
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for edge in edges.findall("edge"):
        sorter.add(edge.attrib["to-layer"], edge.attrib["from-layer"])
    sorter.prepare()
