"""Folders of generated pictures with classes that are easy to tell, or that only chance has given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SIDE = 64
SHAPES = ("disc", "square", "stripes")


def drawn(shape: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a shape in a random colour at a random place on noise, uint8 ``(64, 64, 3)``."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    top, left = rng.integers(22, SIDE - 22, 2)
    inside = {
        "disc": np.hypot(rows - top, columns - left) < 18,
        "square": np.maximum(abs(rows - top), abs(columns - left)) < 16,
        "stripes": (rows + top) // 5 % 2 == 0,
    }[shape]
    pixels = rng.integers(0, 100, (SIDE, SIDE, 3))
    pixels[inside] = rng.integers(120, 256, 3)
    return pixels.astype(np.uint8)


def write_shapes(folder: Path, each: int = 24, seed: int = 0) -> Path:
    """Write `each` pictures of every shape into subfolders named as the shapes."""
    rng = np.random.default_rng(seed)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for number in range(each):
            PIL.Image.fromarray(drawn(shape, rng)).save(folder / shape / f"{number:03d}.png")
    return folder


def write_noise(folder: Path, each: int = 24, seed: int = 0, classes: tuple[str, ...] = ("one", "other")) -> Path:
    """Write pictures of nothing into subfolders, which chance alone has chosen."""
    rng = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            PIL.Image.fromarray(drawn(SHAPES[rng.integers(3)], rng)).save(folder / name / f"{number:03d}.png")
    return folder
