"""What is checked and looked up in an ONNX file before OpenVINO reads it."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError
from lime_core.models.own.model import LONGEST_METADATA
from lime_core.models.own.protobuf import fields

if TYPE_CHECKING:
    from pathlib import Path

# Where tensors may be, by the numbers of the fields in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_METADATA, _KEY, _VALUE = 14, 1, 2
_DEEPEST = 64
_LABEL_KEYS = ("names", "labels", "classes", "class_names", "id2label")
_LONGEST_LABELS = 1 << 20


def check_onnx(path: Path) -> tuple[Any, str]:
    """Check an ONNX file, and return what its metadata say.

    Returns
    -------
    labels : list, dict, tuple or None
        Names of the classes, in whatever form they have.
    others : str
        All other metadata, a line each; they may name a preprocessing.

    Raises
    ------
    ModelError
        If the file is damaged, nests too deep, or keeps data in other files.
    """
    message = memoryview(path.read_bytes())
    _check(message, "model", 0)
    return _metadata(message)


def _check(message: memoryview, kind: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ModelError(f"The ONNX model nests graphs more than {_DEEPEST} levels deep.")
    for number, value in fields(message):
        if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)):
            raise ModelError(
                "The ONNX model keeps its weights in another file (external data), which is not read. Save it as one "
                'file: `onnx.save(onnx.load("model.onnx"), "whole.onnx")`, or export it with external_data=False.'
            )
        inside = _INSIDE[kind].get(number)
        if inside and isinstance(value, memoryview):
            _check(value, inside, depth + 1)


def _metadata(message: memoryview) -> tuple[Any, str]:
    labels, others = None, []
    for number, value in fields(message):
        if number == _METADATA and isinstance(value, memoryview):
            pair = {key: bytes(text[:_LONGEST_LABELS]) for key, text in fields(value) if isinstance(text, memoryview)}
            name, text = (pair.get(part, b"").decode("utf-8", "replace") for part in (_KEY, _VALUE))
            if name.lower() not in _LABEL_KEYS:
                others.append(f"{name}: {text}")
            elif labels is None:
                labels = _parsed(text)
    return labels, "\n".join(others)[:LONGEST_METADATA]


def _parsed(text: str) -> Any:
    """Read JSON, the text of a Python dict or list, or names between line ends or commas."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        if isinstance(value, dict | list | tuple):
            return value
    return [name.strip() for name in (text.splitlines() if "\n" in text else text.split(",")) if name.strip()]
