"""Results of trials drawn on the picture: pure functions that return uint8 RGB arrays (H, W, 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lime_core.colormaps import AGAINST, FOR, colorize
from lime_core.show.drawing import DARK, LIGHT, blend, greyed, hatching, lines, outlined, to_bytes

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]

_SHADE = 0.72


def singled_out(pixels: Pixels, segments: Labels, superpixels: Sequence[int]) -> Pixels:
    """Leave some superpixels as they are, outlined, and let the rest of the picture fade."""
    faded = blend(greyed(pixels), DARK, _SHADE * ~np.isin(segments, superpixels))
    kept = np.isin(segments, superpixels)[..., None]
    return outlined(np.where(kept, pixels, to_bytes(faded)), segments, superpixels)


def strength(pixels: Pixels, segments: Labels, values: NDArray[np.float64], limit: float) -> Pixels:
    """Lay numbers 0..`limit`, one a superpixel, over the picture: the darker the violet, the larger."""
    colors = colorize(values[segments], "sequential", limit)
    return to_bytes(blend(greyed(pixels), colors, 0.72))


def survivors(pixels: Pixels, segments: Labels, kept: Sequence[int], flipped: Sequence[int]) -> Pixels:
    """Tint the superpixels that survive blue with a light edge, and hatch those that change their sign in orange."""
    shown = blend(pixels.astype(np.float32), greyed(pixels), 0.75)
    for superpixels, color, edge, hatched in ((kept, FOR, LIGHT, False), (flipped, AGAINST, DARK, True)):
        inside = np.isin(segments, superpixels).astype(np.float32)
        shown = blend(shown, color, 0.5 * inside * (hatching(segments.shape) if hatched else 1.0))
        shown = blend(shown, color, lines(segments, superpixels, 2.2))
        shown = blend(shown, edge, lines(segments, superpixels, 1.0))
    return to_bytes(shown)
