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

PATCH_SIDE = 112
_GAP = 4
_PAPER = (127, 127, 127)
_TINT, _SHADE = 0.72, 0.8
_AROUND = 0.35  # of a patch's own size, on each side


def pair(small: Thumbnail) -> Pixels:
    """Draw a picture beside the evidence in it."""
    return _row([small.pixels, evidence(small)])


def evidence(small: Thumbnail) -> Pixels:
    """Lay the evidence for the predicted class (blue) and against it (orange) over the picture without its colour."""
    grey = np.repeat(small.pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    limit = float(np.abs(small.coefficients).max()) or 1.0
    colors = colorize(small.coefficients, "diverging", limit)[small.segments]
    return to_bytes(blend(grey.astype(np.float32), colors, _TINT))


def without(small: Thumbnail, superpixels: Sequence[int]) -> Pixels:
    """Draw a picture beside itself with some superpixels struck out."""
    struck = np.isin(small.segments, superpixels)
    hidden = to_bytes(
        blend(small.pixels.astype(np.float32), np.asarray(_PAPER, np.float32), _SHADE * struck[..., None])
    )
    return _row([small.pixels, hidden])


def patches(found: Sequence[tuple[Thumbnail, AuditedPicture, Box]]) -> Pixels:
    """Draw places in pictures side by side, each with a little of what is around it."""
    return _row([_high(_cut_out(small, about, box), PATCH_SIDE) for small, about, box in found])


def _cut_out(small: Thumbnail, about: AuditedPicture, box: Box) -> Pixels:
    """Return the square around a box with a margin, as far as the picture goes."""
    height, width = small.pixels.shape[:2]
    down, across = height / max(about.height, 1), width / max(about.width, 1)
    side = round(
        min((1 + 2 * _AROUND) * max((box.bottom - box.top) * down, (box.right - box.left) * across), height, width)
    )
    top, left = (
        int(np.clip(round(middle - side / 2), 0, whole - side))
        for middle, whole in (((box.top + box.bottom) / 2 * down, height), ((box.left + box.right) / 2 * across, width))
    )
    return small.pixels[top : top + max(side, 1), left : left + max(side, 1)]


def _high(pixels: Pixels, height: int) -> Pixels:
    """Return a picture that is so many rows high."""
    size = (max(1, round(pixels.shape[1] * height / pixels.shape[0])), height)
    return np.asarray(PillowImage.fromarray(np.ascontiguousarray(pixels)).resize(size, PillowImage.Resampling.BILINEAR))


def _row(pictures: Sequence[Pixels]) -> Pixels:
    """Put pictures of the same height side by side."""
    gap = np.full((pictures[0].shape[0], _GAP, 3), _PAPER, np.uint8)
    parts = [part for picture in pictures for part in (picture, gap)]
    return np.concatenate(parts[:-1], axis=1)
