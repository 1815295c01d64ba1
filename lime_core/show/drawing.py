"""Drawing tools: smooth lines along superpixels, hatching, blending."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2gray
from skimage.filters import gaussian
from skimage.segmentation import find_boundaries

from lime_core.colormaps import RGB
from lime_core.errors import SpecError
from lime_core.picture.image import Image

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Share = NDArray[np.float32]

DARK: RGB = (22, 24, 30)
LIGHT: RGB = (255, 255, 255)


def outlined(pixels: Pixels, segments: Labels, superpixels: Any) -> Pixels:
    """Draw light lines in a dark casing: visible on any background."""
    cased = blend(pixels.astype(np.float32), DARK, 0.6 * lines(segments, superpixels, 2.2))
    return to_bytes(blend(cased, LIGHT, 0.9 * lines(segments, superpixels, 1.0)))


def lines(segments: Labels, superpixels: Any, width: float) -> Share:
    """Return how much of each pixel a line along the boundaries of `superpixels` covers, 0..1.

    `width` is in units that grow with the picture, so that the line survives being shown small.
    """
    chosen = np.where(np.isin(segments, superpixels), segments, -1)
    edges = find_boundaries(chosen, mode="thick").astype(np.float32)
    sigma = width * max(1.0, max(segments.shape) / 500)
    # Blurring smooths the steps of pixel boundaries; the gain makes the middle of the line opaque again.
    return np.asarray(np.clip(gaussian(edges, sigma / 2) * (1.3 * max(1.0, sigma)), 0, 1), dtype=np.float32)


def hatching(shape: tuple[int, ...]) -> Share:
    """Return diagonal stripes: how strong the tint is at each pixel."""
    rows, columns = np.indices(shape, dtype=np.float32)
    period = max(6.0, max(shape) / 45)
    wave = np.abs((rows + columns) / period % 1 - 0.5) * 2
    return np.asarray(0.45 + 0.95 * np.clip((wave - 0.5) * period / 2 + 0.5, 0, 1), dtype=np.float32)


def blend(below: Any, above: Any, opacity: Any) -> Share:
    """Lay the colour or picture `above` over the float picture `below`; `opacity` is 0..1, (H, W) or one number."""
    share = np.clip(np.asarray(opacity, dtype=np.float32), 0, 1)
    share = share[..., None] if share.ndim else share
    return np.asarray(below + (np.asarray(above, dtype=np.float32) - below) * share, dtype=np.float32)


def to_bytes(picture: Share) -> Pixels:
    """Round a float picture to uint8 0..255."""
    return np.asarray(np.rint(np.clip(picture, 0, 255)), dtype=np.uint8)


def innermost_points(segments: Labels) -> list[tuple[int, tuple[int, int], float]]:
    """Return (id, (row, column), distance to the nearest boundary in px) for every superpixel.

    The point is the one farthest from the superpixel's boundary, so it lies inside a superpixel of any shape.
    """
    points = []
    for superpixel, box in enumerate(ndimage.find_objects(np.asarray(segments) + 1)):
        if box is None:
            continue
        # The frame of zeros makes the edge of the picture a boundary too.
        depth = ndimage.distance_transform_edt(np.pad(segments[box] == superpixel, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        point = int(row) + box[0].start, int(column) + box[1].start
        points.append((superpixel, point, float(depth.max())))
    return points


def greyed(pixels: Pixels) -> Share:
    """Return the picture without colour, float RGB 0..255, so that all colour comes from the map laid over it."""
    return np.repeat(rgb2gray(pixels)[..., None] * 255, 3, axis=-1).astype(np.float32)


def check_same_size(image: Image, shape: tuple[int, ...], what: str) -> None:
    """Raise `SpecError` when `what` is drawn on the picture and is of another shape (H, W) than the picture."""
    if shape != image.pixels.shape[:2]:
        raise SpecError(
            f"The picture is {image.width}×{image.height}, its {what} are {'×'.join(map(str, shape[::-1]))}; they "
            "must be of the same size. Was the picture cropped before it was explained?"
        )
