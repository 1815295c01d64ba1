"""Drawing tools: blending, and where a number fits into a superpixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lime_core.colormaps import RGB
from lime_core.errors import SpecError

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]
Share = NDArray[np.float32]

DARK: RGB = (22, 24, 30)
LIGHT: RGB = (255, 255, 255)


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


def check_same_size(picture: tuple[int, ...], shape: tuple[int, ...], what: str) -> None:
    """Raise `SpecError` when `what` is drawn on a picture of shape (H, W) and is of another one."""
    if shape != picture:
        sizes = ["×".join(map(str, each[::-1])) for each in (picture, shape)]
        raise SpecError(
            f"The picture is {sizes[0]}, its {what} are {sizes[1]}; they must be of the same size. Was the picture "
            "cropped before it was explained?"
        )
