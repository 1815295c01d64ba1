"""A model that takes no time, for audits whose pictures, processes and files matter and not their explanations."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as PillowImage

import lime_core as lc
from lime_core.audits import ModelSource

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLASSES = ("bright left", "bright right", "neither")
SPEC = lc.ExplainSpec(segmentation=lc.Grid(rows=2, columns=3), samples=16, fill="black")
FATAL = (255, 0, 255)  # a whole picture of this colour ends the process that asks about it
SIDE = 12


class TinyClassifier(lc.CallableClassifier):
    """Softmax of how bright the left and the right half are; its features are the mean colours of both halves."""

    gives_features = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(self._see, SIDE, CLASSES, id="tiny", outputs="probabilities")
        self._seconds = seconds

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        halves = images.reshape(len(images), SIDE, 2, SIDE // 2, 3).mean(axis=(1, 3))
        return halves.reshape(len(images), 6).astype(np.float32)

    def _see(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        if (images == FATAL).all(axis=(1, 2, 3)).any():
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self._seconds)
        left = images[:, :, : SIDE // 2].mean(axis=(1, 2, 3)) / 32
        right = images[:, :, SIDE // 2 :].mean(axis=(1, 2, 3)) / 32
        powers = np.exp(np.stack([left, right, np.full(len(images), 3.0)], axis=1) - 8)
        return powers / powers.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class TinySource(ModelSource):
    """The tiny model, for every process that can import this module."""

    source: str = "tiny"
    seconds: float = 0.0

    def load(self, precision: str) -> lc.Classifier:
        del precision
        return TinyClassifier(self.seconds)


def write_picture(path: Path, seed: int, size: tuple[int, int] = (30, 40)) -> None:
    """Write a PNG of noise, brighter on one side."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 120, (*size, 3), dtype=np.uint8)
    half = slice(None, size[1] // 2) if seed % 2 else slice(size[1] // 2, None)
    pixels[:, half] += rng.integers(60, 130, dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    PillowImage.fromarray(pixels).save(path)


def write_collection(root: Path, count: int) -> Path:
    """Write pictures into a folder a class; every fifth lies in the wrong one."""
    for index in range(count):
        bright_left = (index % 2 == 1) != (index % 5 == 0)
        write_picture(root / ("Bright_Left" if bright_left else "bright right") / f"{index:04d}.png", index)
    return root
