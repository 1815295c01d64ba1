"""Pictures of superpixels: their boundaries, their numbers, and perturbed samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from lime_core.errors import SpecError
from lime_core.masks.fills import hide
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.show.canvas import Canvas
from lime_core.show.drawing import DARK, LIGHT, Labels, Pixels, check_same_size, innermost_points


def boundaries(image: Canvas | Image | PictureSource, segments: Labels | None = None) -> Pixels:
    """Draw all superpixel boundaries.

    Parameters
    ----------
    image : Canvas, Image or what `load_image` takes
        The picture.
    segments : int32 array (H, W)
        Superpixels 0..S-1; not used with a canvas, which has its own.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If the two have different sizes, or there are no superpixels.
    """
    canvas = image if isinstance(image, Canvas) else Canvas(image, segments)
    drawing = canvas.pixels.copy()
    canvas.stroke(drawing, np.arange(canvas.superpixels))
    return drawing


def numbered(
    image: Canvas | Image | PictureSource,
    segments: Labels | None = None,
    ids: Sequence[int] | NDArray[np.int64] | None = None,
) -> Pixels:
    """Draw all superpixel boundaries and, inside each superpixel, its id.

    A number stands at the superpixel's innermost point, as large as there is room for.

    Parameters
    ----------
    image, segments
        As for `boundaries`, whose errors are raised here too.
    ids : sequence of int, optional
        The number of each superpixel, such as `Attribution.superpixel_ids`; 0..S-1 if left out.

    Returns
    -------
    uint8 array (H, W, 3)
    """
    canvas = image if isinstance(image, Canvas) else Canvas(image, segments)
    if ids is not None and len(ids) != canvas.superpixels:
        raise SpecError(f"ids must name each of {canvas.superpixels} superpixels; got {len(ids)}.")
    picture = PillowImage.fromarray(boundaries(canvas))
    draw = ImageDraw.Draw(picture)
    largest = np.clip(max(picture.size) / 32, 9, 22)
    fonts: dict[int, Any] = {}
    for superpixel, (row, column), room in innermost_points(canvas.labels):
        text = str(superpixel if ids is None else int(ids[superpixel]))
        size = round(float(np.clip(2.4 * room / max(2, len(text)), 9, largest)))
        if size not in fonts:
            fonts[size] = ImageFont.load_default(size=size)
        draw.text(
            (column + 0.5, row + 0.5),
            text,
            fill=LIGHT,
            font=fonts[size],
            anchor="mm",
            stroke_width=max(1, size // 8),
            stroke_fill=DARK,
        )
    return np.asarray(picture).copy()


def perturbed(image: Image | PictureSource, fill: Pixels, segments: Labels, mask: NDArray[np.uint8]) -> Pixels:
    """Show one perturbed sample at viewing size.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture.
    fill : uint8 array (H, W, 3)
        What replaces hidden superpixels; see `Fill.paint`.
    segments : int32 array (H, W)
        Superpixels 0..S-1.
    mask : array (S,)
        1 = shown, 0 = hidden.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If the sizes do not fit together.
    """
    image = as_image(image)
    check_same_size(image.pixels.shape[:2], np.shape(segments), "superpixels")
    pixels = image.pixels
    if np.shape(fill) != pixels.shape or np.asarray(fill).dtype != np.uint8:
        raise SpecError(f"fill must be uint8 {pixels.shape} like the picture; got {np.shape(fill)}.")
    superpixels = int(segments.max()) + 1
    if np.shape(mask) != (superpixels,):
        raise SpecError(f"mask must have one entry for each of {superpixels} superpixels; got {np.shape(mask)}.")
    visible = np.asarray(mask)[None] != 0
    return np.asarray(hide(pixels, fill, segments, visible.astype(np.uint8))[0])
