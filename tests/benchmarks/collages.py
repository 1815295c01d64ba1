"""The grid pointing game: four pictures in one, and the question which quarter an explanation points at.

Böhle, Fritz and Schiele, "Convolutional Dynamic Alignment Networks for Interpretable Classifications", CVPR 2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.superpixels import resize_pixels
from tests.benchmarks.pictures import Picture, outputs

CELL = 224  # px: a collage is seen at 448×448, and the model sees it at its own size


def recognised(pictures: Sequence[Picture], classifier: lc.Classifier) -> list[Picture]:
    """Return the pictures, cut to the square that a collage shows, whose own class the model puts first."""
    squares = [Picture(one.name, lc.Image(_square(one.image)), one.classes) for one in pictures]
    return [one for one in squares if int(outputs(one.image, classifier).argmax()) == one.classes[0]]


def make_collages(squares: Sequence[Picture], count: int, *, seed: int = 0) -> list[Picture]:
    """Lay squares of four different classes into 2×2 collages, using every square about equally often.

    Returns
    -------
    collages : list of Picture
        ``classes[i]`` is the class in quarter i: top left, top right, bottom left, bottom right. Fewer than `count`
        only when there are not four classes.
    """
    if len({square.classes[0] for square in squares}) < 4:
        return []
    random = np.random.default_rng(seed)
    collages: list[Picture] = []
    while len(collages) < count:
        order = random.permutation(len(squares))
        fours = [[squares[place] for place in order[start : start + 4]] for start in range(0, len(order) - 3, 4)]
        collages += [_collage(four) for four in fours if len({one.classes[0] for one in four}) == 4]
    return collages[:count]


def inside_quarter(shape: tuple[int, int], quarter: int) -> NDArray[np.bool_]:
    """Return where quarter 0..3 of a collage lies on a map of this shape."""
    bottom = np.arange(shape[0]) >= shape[0] / 2
    right = np.arange(shape[1]) >= shape[1] / 2
    return (bottom if quarter >= 2 else ~bottom)[:, None] & (right if quarter % 2 else ~right)[None, :]


def _square(image: lc.Image) -> NDArray[np.uint8]:
    return resize_pixels(image.center_crop().pixels, (CELL, CELL))


def _collage(four: Sequence[Picture]) -> Picture:
    a, b, c, d = (one.image.pixels for one in four)
    pixels = np.concatenate([np.concatenate([a, b], axis=1), np.concatenate([c, d], axis=1)])
    return Picture("+".join(one.name for one in four), lc.Image(pixels), tuple(one.classes[0] for one in four))
