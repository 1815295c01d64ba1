"""Results of trials drawn on the picture: pure functions that return uint8 RGB arrays (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lime_core.colormaps import AGAINST, FOR, colorize
from lime_core.show.canvas import Canvas
from lime_core.show.drawing import DARK, LIGHT, blend, to_bytes

Pixels = NDArray[np.uint8]

_SHADE = 0.72


def singled_out(canvas: Canvas, superpixels: Sequence[int]) -> Pixels:
    """Leave some superpixels as they are, outlined, and let the rest of the picture fade."""
    drawing = to_bytes(blend(canvas.grey, DARK, _SHADE))
    canvas.copy(canvas.pixels, drawing, superpixels)
    canvas.stroke(drawing, superpixels)
    return drawing


def strength(canvas: Canvas, values: NDArray[np.float64], limit: float) -> Pixels:
    """Lay numbers 0..`limit`, one a superpixel, over the picture: the darker the violet, the larger."""
    return canvas.covered(canvas.grey, colorize(values, "sequential", limit), 0.72)


def survivors(canvas: Canvas, kept: Sequence[int], flipped: Sequence[int]) -> Pixels:
    """Tint the superpixels that survive blue with a light edge, and hatch those that change their sign in orange."""
    drawing = canvas.faded(0.75).copy()
    for superpixels, color, edge, hatched in ((kept, FOR, LIGHT, False), (flipped, AGAINST, DARK, True)):
        share = 0.5 * canvas.hatching if hatched else 0.5
        canvas.copy(to_bytes(blend(canvas.faded(0.75), color, share)), drawing, superpixels)
        canvas.stroke(drawing, superpixels, color, edge, casing_opacity=1, line_opacity=1)
    return drawing
