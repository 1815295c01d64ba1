"""Pictures of an audit: pure functions that return uint8 RGB arrays (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lime_core.audit.findings import Box
from lime_core.colormaps import colorize
from lime_core.show.drawing import blend, to_bytes
from pages.state.opened_audit import AuditedPicture, Thumbnail

Pixels = NDArray[np.uint8]

PAIR_SIDE = 256  # pixels of each of the two pictures
PATCH_SIDE = 112
_GAP = 6
_PAPER = (127, 127, 127)
_TINT, _SHADE = 0.72, 0.8
_AROUND = 0.35  # of a patch's own size, on each side


def pair(small: Thumbnail) -> Pixels:
    """Draw a picture beside the evidence in it, both on squares of the same size."""
    return _row([_square(small.pixels, PAIR_SIDE), _square(evidence(small), PAIR_SIDE)])


def evidence(small: Thumbnail) -> Pixels:
    """Lay the evidence for the predicted class (blue) and against it (orange) over the picture without its colour."""
    grey = np.repeat(small.pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    limit = float(np.abs(small.coefficients).max()) or 1.0
    colors = colorize(small.coefficients, "diverging", limit)[small.segments]
    return to_bytes(blend(grey.astype(np.float32), colors, _TINT))


def without(small: Thumbnail, superpixels: Sequence[int]) -> Pixels:
    """Draw a picture beside itself with some superpixels struck out."""
    struck = np.isin(small.segments, superpixels)
    hidden = to_bytes(blend(small.pixels.astype(np.float32), np.float32(_PAPER), _SHADE * struck[..., None]))
    return _row([_square(small.pixels, PAIR_SIDE), _square(hidden, PAIR_SIDE)])


def patches(found: Sequence[tuple[Thumbnail, AuditedPicture, Box]]) -> Pixels:
    """Draw places in pictures side by side, each with a little of what is around it."""
    return _row([_square(_cut_out(small, about, box), PATCH_SIDE) for small, about, box in found])


def _cut_out(small: Thumbnail, about: AuditedPicture, box: Box) -> Pixels:
    height, width = small.pixels.shape[:2]
    top, bottom = _span(box.top, box.bottom, about.height, height)
    left, right = _span(box.left, box.right, about.width, width)
    return small.pixels[top:bottom, left:right]


def _span(start: int, stop: int, whole: int, drawn: int) -> tuple[int, int]:
    """Return the rows or columns of the drawing for those of the picture, with a margin; at least one."""
    margin = _AROUND * max(stop - start, 1)
    low = int(max(start - margin, 0) * drawn / max(whole, 1))
    high = int(np.ceil((stop + margin) * drawn / max(whole, 1)))
    low = min(low, drawn - 1)
    return low, max(min(high, drawn), low + 1)


def _square(pixels: Pixels, side: int) -> Pixels:
    """Return a picture as large as it can be on a square."""
    scale = side / max(pixels.shape[:2])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    page = PillowImage.new("RGB", (side, side), _PAPER)
    drawn = PillowImage.fromarray(np.ascontiguousarray(pixels)).resize(size, PillowImage.Resampling.BILINEAR)
    page.paste(drawn, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(page)


def _row(squares: Sequence[Pixels]) -> Pixels:
    gap = np.full((squares[0].shape[0], _GAP, 3), _PAPER, np.uint8)
    parts = [part for square in squares for part in (square, gap)]
    return np.concatenate(parts[:-1], axis=1)
