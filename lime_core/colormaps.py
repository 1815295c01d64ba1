"""Colours for signed, unsigned and smoothed maps, chosen to survive colour blindness and black-and-white print."""

from __future__ import annotations

import math
import numbers
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from skimage.color import lab2rgb

from lime_core.errors import SpecError

ColormapName = Literal["diverging", "sequential", "jet"]
RGB = tuple[int, int, int]

# Blue is evidence for a class and orange evidence against it: people with red-green blindness can tell them apart.
# Importance without a sign is violet, so that it is mistaken for neither.
FOR: RGB = (0, 146, 208)
AGAINST: RGB = (226, 88, 20)
UNSIGNED: RGB = (137, 80, 200)


def _ramp(*stops: tuple[float, float, float], size: int) -> NDArray[np.uint8]:
    """Interpolate CIELAB `stops` to `size` sRGB colours: equal steps look equal."""
    positions = np.linspace(0, len(stops) - 1, size)
    lab = np.stack([np.interp(positions, range(len(stops)), channel) for channel in zip(*stops, strict=True)], axis=-1)
    return np.asarray(np.rint(lab2rgb(lab) * 255), dtype=np.uint8)


def _jet(size: int) -> NDArray[np.uint8]:
    """MATLAB's jet: dark blue, cyan, yellow, dark red."""
    x = np.linspace(0, 1, size)[:, None]
    return np.asarray(np.rint(np.clip(1.5 - np.abs(4 * x - (3, 2, 1)), 0, 1) * 255), dtype=np.uint8)


# The number of colours is odd, so that zero has a colour of its own in the middle. The poles have the same lightness,
# so that neither sign looks stronger than the other.
COLORMAPS: dict[ColormapName, NDArray[np.uint8]] = {
    "diverging": _ramp((43, 45, 52), (66, 38, 45), (96, 0, 0), (66, -14, -36), (43, -8, -42), size=255),
    "sequential": _ramp((96, 0, 0), (64, 28, -38), (34, 42, -58), size=255),
    "jet": _jet(256),
}
for _table in COLORMAPS.values():
    _table.setflags(write=False)


def colorize(values: NDArray[np.floating], colormap: ColormapName, limit: float) -> NDArray[np.uint8]:
    """Turn numbers into colours.

    Parameters
    ----------
    values : float array (...)
        Numbers; those beyond the scale get its end colours.
    colormap : {"diverging", "sequential", "jet"}
        "diverging" spans −limit..limit, the others 0..limit.
    limit : float
        Where the scale ends, at least 0. A scale of length 0 shows everything as 0.

    Returns
    -------
    uint8 array (..., 3)

    Raises
    ------
    SpecError
        If the colormap has another name or `limit` is negative or not finite.
    """
    if colormap not in COLORMAPS:
        raise SpecError(f"colormap must be one of {', '.join(get_args(ColormapName))}; got {colormap!r}.")
    if not isinstance(limit, numbers.Real) or not math.isfinite(limit) or limit < 0:
        raise SpecError(f"limit must be a finite number, at least 0; got {limit!r}.")
    table = COLORMAPS[colormap]
    share = np.asarray(values, dtype=np.float64) / limit if limit > 0 else np.zeros(np.shape(values))
    if colormap == "diverging":
        share = (share + 1) / 2
    return table[np.rint(np.clip(share, 0, 1) * (len(table) - 1)).astype(np.intp)]
