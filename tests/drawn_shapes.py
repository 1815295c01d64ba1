"""Generated pictures of three classes: a disc, a cross or a triangle before a background that says nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

CLASSES = ("cross", "disc", "triangle")
_SCALE = 3  # shapes are drawn so many times larger, for smooth edges
_ARM = 0.35  # half the width of the cross's arms
_OUTLINES = {
    "cross": tuple(
        corner
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        for corner in [(x, _ARM * y), (_ARM * x, _ARM * y), (_ARM * x, y)][:: x * y]
    ),
    "disc": tuple((float(np.cos(t)), float(np.sin(t))) for t in np.linspace(0, 2 * np.pi, 48, endpoint=False)),
    "triangle": ((0, -1.05), (1, 0.8), (-1, 0.8)),
}


def draw(class_name: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture uint8 ``(H, W, 3)`` of about 224 pixels a side.

    Colours, place, size and turn of the shape are drawn, and so are the gradient, the blots and the noise behind it:
    nothing but the outline belongs to the class.
    """
    height, width = (int(side) for side in random.integers(208, 257, 2))
    pixels = _background(height, width, random)
    shape = _shape(class_name, height, width, random)[..., None]
    behind = pixels[shape[..., 0] > 0.5].mean(axis=0)
    color = behind + _contrast(random)
    pixels = pixels * (1 - shape) + color * shape + random.normal(0, random.uniform(15, 30), pixels.shape)
    return np.clip(pixels, 0, 255).round().astype(np.uint8)


def _contrast(random: np.random.Generator) -> NDArray[np.float64]:
    """Return how far the color of a shape is from what is behind it: little enough that some are hard to tell."""
    direction = random.normal(size=3)
    return direction / np.linalg.norm(direction) * random.uniform(25, 80)


def _background(height: int, width: int, random: np.random.Generator) -> NDArray[np.float64]:
    corners = random.uniform(0, 255, (2, 2, 3)).astype(np.uint8)
    gradient = Image.fromarray(corners).resize((width, height), Image.Resampling.BILINEAR)
    pen = ImageDraw.Draw(gradient)
    for _ in range(random.integers(4, 12)):
        x, y = random.uniform(0, width), random.uniform(0, height)
        points = [(x + dx, y + dy) for dx, dy in random.normal(0, 22, (random.integers(2, 6), 2))]
        color = tuple(int(value) for value in random.integers(0, 256, 3))
        pen.line(points, fill=color, width=int(random.integers(2, 16)), joint="curve")
    return np.asarray(gradient.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 3))), np.float64)


def _shape(class_name: str, height: int, width: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Return how much of each pixel the shape covers, 0..1."""
    radius = random.uniform(0.12, 0.25) * min(height, width)
    turn = random.uniform(-0.4, 0.4)
    center = np.array([width, height]) / 2 + random.normal(0, 0.07, 2) * (width, height)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    outline = np.array(_OUTLINES[class_name]) * random.uniform(0.8, 1.2, 2) @ rotation.T * radius + center
    large = Image.new("L", (width * _SCALE, height * _SCALE))
    ImageDraw.Draw(large).polygon([tuple(point) for point in outline * _SCALE], fill=255)
    return np.asarray(large.resize((width, height), Image.Resampling.BOX), np.float64) / 255
