"""Pictures of an audit: pure functions that return uint8 RGB arrays (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lime_core.audits.report.thumbnails import Thumbnail
from lime_core.audits.storage.findings import Box
from lime_core.colormaps import colorize
from lime_core.show.drawing import to_bytes
from pages.state.opened_audit import SmallPicture

Pixels = NDArray[np.uint8]

PATCH_SIDE = 112
_GAP, _BETWEEN = 4, 127
_TINT = 0.72
_AROUND = 0.35  # of a patch's own size, on each side


def pair(small: SmallPicture) -> Pixels:
    """Draw a picture beside the evidence in it."""
    return _row([small.thumbnail.pixels, evidence(small)])


def evidence(small: SmallPicture) -> Pixels:
    """Lay the evidence for the predicted class (blue) and against it (orange) over the picture without its colour."""
    limit = float(np.abs(small.coefficients).max()) or 1.0
    tints = colorize(small.coefficients, "diverging", limit) * np.float32(_TINT)
    # A product of matrices: a mean over three numbers a pixel takes five times as long.
    grey = small.thumbnail.pixels.astype(np.float32) @ np.full((3, 1), (1 - _TINT) / 3, np.float32)
    return to_bytes(tints[small.thumbnail.segments] + grey)


def without(small: SmallPicture, superpixels: Sequence[int]) -> Pixels:
    """Draw a picture beside itself with some superpixels struck out."""
    return _row([small.thumbnail.pixels, small.thumbnail.without(superpixels)])


def patches(found: Sequence[tuple[Thumbnail, Box]]) -> Pixels:
    """Draw places in pictures side by side, each as a square with a little of what is around it."""
    return _row([_square_around(thumbnail, box) for thumbnail, box in found])


def _square_around(thumbnail: Thumbnail, box: Box) -> Pixels:
    pixels, (down, across) = thumbnail.pixels, thumbnail.scale
    whole = pixels.shape[:2]
    size = max((box.bottom - box.top) * down, (box.right - box.left) * across)
    side = int(np.clip(round((1 + 2 * _AROUND) * size), 1, min(whole)))
    middle = (box.top + box.bottom) / 2 * down, (box.left + box.right) / 2 * across
    top, left = (int(np.clip(round(m - side / 2), 0, w - side)) for m, w in zip(middle, whole, strict=True))
    square = PillowImage.fromarray(np.ascontiguousarray(pixels[top : top + side, left : left + side]))
    return np.asarray(square.resize((PATCH_SIDE, PATCH_SIDE), PillowImage.Resampling.BILINEAR))


def _row(pictures: Sequence[Pixels]) -> Pixels:
    """Put pictures of the same height side by side."""
    gap = np.full((pictures[0].shape[0], _GAP, 3), _BETWEEN, np.uint8)
    parts = [part for picture in pictures for part in (picture, gap)]
    return np.concatenate(parts[:-1], axis=1)
