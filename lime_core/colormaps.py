"""Colours for signed, unsigned and smoothed maps, chosen to survive colour blindness and black-and-white print."""

from __future__ import annotations

import math
import numbers
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from skimage.color import lab2rgb

from lime_core.errors import SpecError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ColormapName = Literal["diverging", "sequential", "jet"]
RGB = tuple[int, int, int]

# Azure speaks for a class and vermilion against it: a pair that red-green blindness leaves apart. Importance
# without a sign is violet, so that nobody takes it for either.
FOR: RGB = (0, 146, 208)
AGAINST: RGB = (226, 88, 20)
UNSIGNED: RGB = (137, 80, 200)


def _ramp(*stops: tuple[float, float, float], size: int) -> NDArray[np.uint8]:
    """Interpolate CIELAB `stops` to `size` sRGB colours: equal steps look equal."""
    places = np.linspace(0, len(stops) - 1, size)
    lab = np.stack([np.interp(places, range(len(stops)), channel) for channel in zip(*stops, strict=True)], axis=-1)
    return np.asarray(np.rint(lab2rgb(lab) * 255), dtype=np.uint8)


def _jet(size: int) -> NDArray[np.uint8]:
    """MATLAB's jet: dark blue, cyan, yellow, dark red."""
    x = np.linspace(0, 1, size)[:, None]
    return np.asarray(np.rint(np.clip(1.5 - np.abs(4 * x - (3, 2, 1)), 0, 1) * 255), dtype=np.uint8)


# An odd number of colours gives zero one of its own, in the middle. The poles have the same lightness, so that
# neither sign looks stronger than the other.
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


def color_bar(
    colormap: ColormapName,
    limit: float,
    *,
    length: int = 320,
    vertical: bool = True,
    background: RGB = (255, 255, 255),
) -> NDArray[np.uint8]:
    """Draw the scale of a map, with its ends labelled.

    Parameters
    ----------
    colormap : {"diverging", "sequential", "jet"}
        As in `colorize`.
    limit : float
        Where the scale ends.
    length : int
        Length of the whole drawing in pixels, 64..4096; the text grows with it.
    vertical : bool
        The largest value on top; otherwise on the right.
    background : tuple of int
        RGB around the bar; the text is black or white, whichever is legible on it.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        For another colormap, or a limit or length out of range.
    """
    if isinstance(length, bool) or not isinstance(length, int) or not 64 <= length <= 4096:
        raise SpecError(f"length must be a whole number in 64..4096; got {length!r}.")
    low = -limit if colormap == "diverging" else 0.0
    size = int(np.clip(length / 24, 11, 32))
    gap, margin, width = size // 2, size, max(8, length // 24)
    gradient = colorize(np.linspace(low, limit, length - 2 * margin), colormap, limit)
    font = ImageFont.load_default(size=size)
    labels = [format_value(value) for value in ((low, 0.0, limit) if low else (low, limit))]
    text_width = max(int(font.getlength(label)) for label in labels)
    across = width + 3 * gap + (text_width if vertical else size)
    picture = PillowImage.new("RGB", (across, length) if vertical else (length, across), background)
    bar = np.repeat(gradient[::-1, None] if vertical else gradient[None], width, axis=int(vertical))
    picture.paste(PillowImage.fromarray(bar), (gap, margin) if vertical else (margin, gap))
    draw = ImageDraw.Draw(picture)
    ink = "black" if np.dot(background, (0.299, 0.587, 0.114)) > 140 else "white"
    for place, label in zip(np.linspace(margin, length - margin, len(labels)), labels, strict=True):
        if vertical:
            draw.text((width + 2 * gap, length - place), label, fill=ink, font=font, anchor="lm")
        else:
            half = font.getlength(label) / 2 + 1
            draw.text((np.clip(place, half, length - half), width + 2 * gap), label, fill=ink, font=font, anchor="mt")
    return np.asarray(picture).copy()


def format_value(value: float) -> str:
    """Write a number of a scale with two significant digits."""
    return f"{value:.2g}"
