"""A process in the place of the one that computes gradients, which has been taken over by the file it has read.

What it does is the name of the output that it is asked for.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from typing import Any

import numpy as np

LAYER = ["conv", 2, 2, 3]
GOOD_SHAPES = [[1, 2], [1, 1], [1, 1, 4, 4, 3]]


def _say(header: Any, rest: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    sys.stdout.buffer.write(struct.pack("<I", len(text)) + text + rest)
    sys.stdout.buffer.flush()


def _hear() -> dict[str, Any]:
    (length,) = struct.unpack("<I", sys.stdin.buffer.read(4))
    header: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    sys.stdin.buffer.read(4 * 4 * 3 * 4 * header["pictures"])
    return header


def _numbers(value: float = 0.5) -> bytes:
    types = (np.float32, np.float64, np.float32)
    return b"".join(np.full(shape, value, kind).tobytes() for shape, kind in zip(GOOD_SHAPES, types, strict=True))


def _misbehave(how: str) -> None:
    match how:
        case "a header without end":
            sys.stdout.buffer.write(b"\xff" * (1 << 20))
            sys.stdout.buffer.flush()
        case "no header":
            _say(b"\x80\x04K\x01.")
        case "a deep header":
            _say(b"[" * 100_000)
        case "a list":
            _say([1, 2])
        case "other shapes":
            _say({"shapes": [[1, 2], [1, 1], [1 << 20, 1 << 20, 4, 4, 3]]}, _numbers())
        case "no numbers":
            _say({"shapes": GOOD_SHAPES}, _numbers(float("nan")))
        case "half an answer":
            _say({"shapes": GOOD_SHAPES}, _numbers()[:100])
            os.close(1)
        case "a message":
            _say({"error": "\x1b[31mred\x1b[0m " + "long " * 10_000})
        case "a crash":
            os.abort()
        case "an end":
            os._exit(3)
        case "silence":
            time.sleep(3600)
        case "good answers":
            _say({"shapes": GOOD_SHAPES}, _numbers())


def main(request: dict[str, Any]) -> None:
    how = request["output"]
    if how == "a failure to start":
        _say({"error": "no such network"})
    if how == "silence from the start":
        time.sleep(3600)
    _say({})
    while True:
        question = _hear()
        if question["classes"] is not None:
            _misbehave(how)
        else:
            layers = {"no layers": [], "wrong layers": [["conv", 2, -2, 3]], "equal layers": [LAYER, LAYER]}
            _say({"layers": layers.get(how, [LAYER])} if how != "other layers" else {"layers": 7})
