"""The grid pointing game: several pictures in one, and the question at which of them an explanation points.

Böhle, Fritz and Schiele, "Convolutional Dynamic Alignment Networks for Interpretable Classifications", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.superpixels import resize_pixels
from tests.benchmarks.pictures import Picture, outputs

CELL = 224  # px: a collage of 2×2 is seen at 448×448, and the model sees it at its own size


def recognised(pictures: Sequence[Picture], classifier: lc.Classifier) -> list[Picture]:
    """Return the pictures, cut to the square that a collage shows, whose own class the model puts first."""
    squares = [Picture(one.name, lc.Image(_square(one.image)), one.classes) for one in pictures]
    return [one for one in squares if int(outputs(one.image, classifier).argmax()) == one.classes[0]]


def make_collages(squares: Sequence[Picture], count: int, *, side: int = 2, seed: int = 0) -> list[Picture]:
    """Lay squares of different classes into collages of side × side, using every square about equally often.

    Returns
    -------
    collages : list of Picture
        ``classes[i]`` is the class in cell i, row by row. Fewer than `count` only when there are not enough classes.
    """
    cells = side * side
    if len({square.classes[0] for square in squares}) < cells:
        return []
    random = np.random.default_rng(seed)
    collages: list[Picture] = []
    while len(collages) < count:
        order = random.permutation(len(squares))
        starts = range(0, len(order) - cells + 1, cells)
        chosen = [[squares[place] for place in order[start : start + cells]] for start in starts]
        collages += [_collage(some, side) for some in chosen if len({one.classes[0] for one in some}) == cells]
    return collages[:count]


def inside_cell(shape: tuple[int, int], cell: int, side: int = 2) -> NDArray[np.bool_]:
    """Return where cell i of a collage of side × side, counted row by row, lies on a map of this shape."""
    row, column = (np.arange(length) * side // length for length in shape)
    return (row == cell // side)[:, None] & (column == cell % side)[None, :]


def _square(image: lc.Image) -> NDArray[np.uint8]:
    return resize_pixels(image.center_crop().pixels, (CELL, CELL))


def _collage(some: Sequence[Picture], side: int) -> Picture:
    rows = [some[start : start + side] for start in range(0, side * side, side)]
    pixels = np.concatenate([np.concatenate([one.image.pixels for one in row], axis=1) for row in rows])
    return Picture("+".join(one.name for one in some), lc.Image(pixels), tuple(one.classes[0] for one in some))
