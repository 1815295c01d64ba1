"""What a picture is drawn on: everything that depends on the picture and its cut alone, worked out once.

Drawing then touches the pixels that change: those of the superpixels in question and those near their boundaries.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from skimage.color import rgb2gray

from lime_core.colormaps import RGB
from lime_core.errors import SpecError
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.show.boundaries import Near, line_coverage, pixels_near
from lime_core.show.drawing import DARK, LIGHT, Labels, Pixels, blend, check_same_size, to_bytes

# Widths of the two lines of a boundary; a unit grows with the picture, so that the lines survive being shown small.
CASING_WIDTH, LINE_WIDTH = 2.2, 1.0
_FEW = 0.15  # of all pixels: fewer are copied one by one, more with a look at every pixel
_MOST_TINTED = 3


class Canvas:
    """A picture with its superpixels, ready to be drawn on.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture.
    segments : int32 array (H, W) or None
        Superpixels 0..S-1 of that picture; None for a picture that is not cut.
    width : int, optional
        Columns of what is drawn, at least 1. A wider picture is made smaller; it is never made larger.

    Attributes
    ----------
    pixels : uint8 array (h, w, 3)
        The picture at the size of the drawing; never written.
    segments : int32 array (h, w) or None
        Its superpixels at that size.
    picture_shape : tuple of int
        (H, W), the size of the picture that was cut.

    Raises
    ------
    SpecError
        If the two have different sizes, or `width` is smaller than 1.
    """

    def __init__(self, image: Image | PictureSource, segments: Labels | None, width: int | None = None) -> None:
        image = as_image(image)
        self.picture_shape = image.pixels.shape[:2]
        if segments is not None:
            check_same_size(self.picture_shape, np.shape(segments), "superpixels")
        if width is not None and width < 1:
            raise SpecError(f"width must be at least 1; got {width}.")
        self.pixels: Pixels = image.pixels
        if width is not None and width < image.width:
            size = width, max(1, round(image.height * width / image.width))
            smaller = PillowImage.fromarray(image.pixels).resize(size, PillowImage.Resampling.BOX)
            self.pixels = np.asarray(smaller)
        self._tinted: dict[tuple[RGB, float, bool], Pixels] = {}
        self._faded: tuple[float, Pixels] | None = None
        self.superpixels = 0 if segments is None else int(np.max(segments)) + 1
        self.segments = None if segments is None else self.sampled(np.asarray(segments))

    def prepare(self) -> Canvas:
        """Work out now what the first drawing would otherwise wait for, and return itself."""
        _ = self.grey, self._by_superpixel, self._labels_to_look_up, self._near
        return self

    def sampled(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return one value for each pixel of the drawing, of values (H, W) for those of the picture."""
        shape = self.pixels.shape[:2]
        if shape == self.picture_shape:
            return values
        rows, columns = (
            ((np.arange(new) + 0.5) * old / new).astype(np.intp)
            for new, old in zip(shape, self.picture_shape, strict=True)
        )
        return np.asarray(values[rows[:, None], columns])

    @property
    def labels(self) -> Labels:
        """The superpixels, or `SpecError` where there are none."""
        if self.segments is None:
            raise SpecError("This picture is not cut into superpixels.")
        return self.segments

    @cached_property
    def grey(self) -> Pixels:
        """The picture without colour, uint8 (h, w, 3), so that all colour comes from what is laid over it."""
        return to_bytes(np.repeat(np.float32(255) * rgb2gray(self.pixels)[..., None].astype(np.float32), 3, axis=-1))

    @cached_property
    def hatching(self) -> NDArray[np.float32]:
        """Diagonal stripes, float32 (h, w): what the strength of a tint is multiplied by at each pixel."""
        shape = self.pixels.shape[:2]
        rows, columns = np.indices(shape, dtype=np.float32)
        period = max(6.0, max(shape) / 45)
        wave = np.abs((rows + columns) / period % 1 - 0.5) * 2
        return np.asarray(0.45 + 0.95 * np.clip((wave - 0.5) * period / 2 + 0.5, 0, 1), dtype=np.float32)

    def faded(self, share: float) -> Pixels:
        """Return the picture with so much of its colour taken away, 0..1; the array of the last share is kept."""
        if self._faded is None or self._faded[0] != share:
            self._faded = share, to_bytes(blend(self.pixels, self.grey, share))
        return self._faded[1]

    def covered(self, below: Pixels, colors: NDArray[np.uint8], opacity: float) -> Pixels:
        """Return a new drawing (h, w, 3): the colour of its superpixel, uint8 (S, 3), over each pixel of `below`."""
        # Both are rounded so that their sum never exceeds 255.
        left = np.floor(np.arange(256) * (1 - opacity) + 1e-6).astype(np.uint8)
        added = np.zeros((self.superpixels, 4), np.uint8)
        added[:, :3] = to_bytes(colors * np.float32(opacity))
        # As one number a superpixel they are looked up at once.
        looked_up = (
            added.view(np.uint32)[:, 0].take(self._labels_to_look_up).view(np.uint8).reshape(*below.shape[:2], 4)
        )
        faint = np.asarray(PillowImage.fromarray(below).point(left.tolist() * 3))
        return np.asarray(faint + looked_up[..., :3])

    def inside(self, superpixels: Any) -> NDArray[np.int32]:
        """Return the numbers of the pixels of some superpixels, row by row from 0."""
        order, starts = self._by_superpixel
        parts = [order[starts[each] : starts[each + 1]] for each in np.asarray(superpixels, dtype=np.intp).tolist()]
        return np.concatenate(parts) if parts else order[:0]

    def copy(self, source: Pixels, drawing: Pixels, superpixels: Any, share: float = 1.0) -> None:
        """Copy the pixels of some superpixels from one drawing (h, w, 3) to another, or lay a share 0..1 of them on."""
        chosen = self._chosen(superpixels)
        order, starts = self._by_superpixel
        if share < 1:
            pixels, flat = self.inside(np.flatnonzero(chosen)), drawing.reshape(-1, 3)
            flat[pixels] = to_bytes(blend(flat[pixels].astype(np.float32), source.reshape(-1, 3)[pixels], share))
        elif np.diff(starts)[chosen].sum() < len(order) * _FEW:
            pixels = self.inside(np.flatnonzero(chosen))
            drawing.reshape(-1, 3)[pixels] = source.reshape(-1, 3)[pixels]
        else:
            inside = chosen.take(self._labels_to_look_up).reshape(drawing.shape[:2])
            for channel in range(3):
                np.copyto(drawing[..., channel], source[..., channel], where=inside)

    def tinted(self, color: RGB, opacity: float, *, hatched: bool = False) -> Pixels:
        """Return the picture with a colour laid over all of it; the last few are kept, so never write into them."""
        key = color, opacity, hatched
        if key not in self._tinted:
            while len(self._tinted) >= _MOST_TINTED:
                del self._tinted[next(iter(self._tinted))]
            share = opacity * self.hatching if hatched else opacity
            self._tinted[key] = to_bytes(blend(self.pixels, color, share))
        return self._tinted[key]

    def stroke(
        self,
        drawing: Pixels,
        superpixels: Any,
        casing: RGB = DARK,
        line: RGB = LIGHT,
        *,
        casing_opacity: float = 0.6,
        line_opacity: float = 0.9,
        dashed: bool = False,
    ) -> None:
        """Draw the boundaries of some superpixels on a drawing (h, w, 3), in place: a line within a wider casing.

        Without further arguments the line is light and the casing dark, which is visible on any background.
        """
        if len(superpixels) == 0:
            return
        near = self._near
        chosen = self._chosen(superpixels)
        beside = chosen[near.first] | chosen[near.second]
        drawn = np.flatnonzero(beside & self._in_dash if dashed else beside)
        covered = casing_opacity * self.coverage(CASING_WIDTH), line_opacity * self.coverage(LINE_WIDTH)
        # Both layers at once: what is left of the picture, and what they add, by distance.
        kept = ((1 - covered[0]) * (1 - covered[1]))[:, None].astype(np.float32)
        added = np.outer(covered[0] * (1 - covered[1]), casing) + np.outer(covered[1], line)
        pixels, step, flat = near.pixels[drawn], near.step[drawn], drawing.reshape(-1, 3)
        # Of a pixel that comes several times the last one counts, which is that of the nearest boundary.
        flat[pixels] = to_bytes(flat[pixels] * kept[step] + added.astype(np.float32)[step])

    def coverage(self, width: float) -> NDArray[np.float64]:
        """Return how much of a pixel a line along a boundary covers, 0..1, for each distance that pixels have.

        Parameters
        ----------
        width : float
            In units that grow with the picture.
        """
        return line_coverage(self._near.distances, width * self._unit)

    def _chosen(self, superpixels: Any) -> NDArray[np.bool_]:
        chosen = np.zeros(self.superpixels, bool)
        chosen[np.asarray(superpixels, dtype=np.intp)] = True
        return chosen

    @cached_property
    def _labels_to_look_up(self) -> NDArray[np.intp]:
        return self.labels.ravel().astype(np.intp)

    @property
    def _unit(self) -> float:
        return max(1.0, float(max(self.pixels.shape[:2])) / 500)

    @cached_property
    def _near(self) -> Near:
        return pixels_near(self.labels, self.superpixels, CASING_WIDTH * self._unit)

    @cached_property
    def _in_dash(self) -> NDArray[np.bool_]:
        """Which of the pixels near a boundary a dashed one covers: those on every other diagonal stripe."""
        rows, columns = np.divmod(self._near.pixels, self.pixels.shape[1])
        length = max(4.0, self._unit * 5)
        return np.asarray((rows + columns) / length % 2 < 1)

    @cached_property
    def _by_superpixel(self) -> tuple[NDArray[np.int32], list[int]]:
        """The numbers of all pixels, superpixel by superpixel, and where each superpixel begins."""
        labels = self.labels.ravel()
        small = labels.astype(np.uint16) if self.superpixels < 2**16 else labels
        sizes = np.bincount(labels, minlength=self.superpixels)
        return np.argsort(small, kind="stable").astype(np.int32), [0, *np.cumsum(sizes).tolist()]
