"""A process in the place of the one that computes gradients, which has been taken over by the file it has read.

What it does is the name of the output that it is asked for.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

LAYER = ["conv", 2, 2, 3]
GOOD_SHAPES = [[1, 2], [1, 1], [1, 1, 4, 4, 3]]


def _message(header: Any, rest: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + rest


def _numbers(value: float = 0.5) -> bytes:
    types = (np.float32, np.float64, np.float32)
    return b"".join(np.full(shape, value, kind).tobytes() for shape, kind in zip(GOOD_SHAPES, types, strict=True))


# What is answered to a question for gradients, and what is done after it.
ANSWERS = {
    "a header without end": b"\xff" * (1 << 20),
    "no header": _message(b"\x80\x04K\x01."),
    "a deep header": _message(b"[" * 100_000),
    "a list": _message([1, 2]),
    "other shapes": _message({"shapes": [[1, 2], [1, 1], [1 << 20, 1 << 20, 4, 4, 3]]}, _numbers()),
    "no numbers": _message({"shapes": GOOD_SHAPES}, _numbers(float("nan"))),
    "half an answer": _message({"shapes": GOOD_SHAPES}, _numbers()[:100]),
    "a message": _message({"error": "\x1b[31mred\x1b[0m " + "long " * 10_000}),
    "good answers": _message({"shapes": GOOD_SHAPES}, _numbers()),
}
ACTIONS: dict[str, Callable[[], object]] = {
    "half an answer": lambda: os.close(1),
    "a crash": os.abort,
    "an end": lambda: os._exit(3),
    "silence": lambda: time.sleep(3600),
}
LAYERS: dict[str, Any] = {
    "no layers": [],
    "wrong layers": [["conv", 2, -2, 3]],
    "equal layers": [LAYER, LAYER],
    "other layers": 7,
}


def _say(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _hear() -> dict[str, Any]:
    (length,) = struct.unpack("<I", sys.stdin.buffer.read(4))
    header: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    sys.stdin.buffer.read(4 * 4 * 3 * 4 * header["pictures"])
    return header


def main(request: dict[str, Any]) -> None:
    how = request["output"]
    if how == "a failure to start":
        _say(_message({"error": "no such network"}))
    if how == "silence from the start":
        time.sleep(3600)
    _say(_message({}))
    while True:
        if _hear()["classes"] is None:
            _say(_message({"layers": LAYERS.get(how, [LAYER])}))
        else:
            _say(ANSWERS.get(how, b""))
            ACTIONS.get(how, lambda: None)()
