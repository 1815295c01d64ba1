"""Thumbnails of an audit's pictures, with what was found marked in them."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image as PillowImage

from lime_core.audits.storage.tables import EXPLANATIONS, THUMBNAILS
from lime_core.colormaps import AGAINST, FOR
from lime_core.errors import LimeError
from lime_core.show.drawing import DARK, LIGHT, blend, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.audits.storage.findings import Box
    from lime_core.colormaps import RGB

    Pixels = NDArray[np.uint8]

_QUALITY: Final = 82
_LABEL_MODES: Final = ("L", "I;16", "I")  # Pillow's names of pictures with one whole number a pixel
# Sides of what is stored, which may come from elsewhere: twice what is written of thumbnails, and label maps, which
# are as large as the pictures that were explained and are scaled down at once.
_MOST_SIDE: Final = {"JPEG": 512, "PNG": 4096}
_DIMMED: Final = 0.65


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small picture and its superpixels.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    scale : (float, float)
        Thumbnail pixels a pixel of the picture as explained, down and across.
    decode : callable
        Returns `segments`; decoding them takes longer than decoding the picture, and is not always needed.
    """

    pixels: Pixels
    scale: tuple[float, float]
    decode: Callable[[], NDArray[np.int32]]

    @cached_property
    def segments(self) -> NDArray[np.int32]:
        """The superpixel of each pixel, int32 ``(h, w)``.

        Raises
        ------
        LimeError
            When the stored label map is damaged.
        """
        return self.decode()

    def with_boxes(self, boxes: Iterable[Box]) -> Pixels:
        """Return the thumbnail with rectangles drawn around boxes."""
        pixels = self.pixels.copy()
        for box in boxes:
            rows, columns = self._inside(box)
            for margin, color in ((2, LIGHT), (1, FOR), (0, FOR)):
                _frame(pixels, rows, columns, margin, color)
        return pixels

    def lit(self, superpixels: Sequence[int]) -> Pixels:
        """Return the thumbnail with all but some superpixels dimmed."""
        shown = np.isin(self.segments, superpixels)
        return self._outlined(to_bytes(blend(self.pixels, DARK, np.where(shown, 0, _DIMMED))), shown, FOR)

    def without(self, superpixels: Sequence[int]) -> Pixels:
        """Return the thumbnail with some superpixels struck out."""
        hidden = np.isin(self.segments, superpixels)
        rows, columns = np.indices(hidden.shape)
        stripes = (rows + columns) % 8 < 2
        covered = blend(self.pixels, (128, 128, 128), np.where(hidden, 0.85, 0))
        return self._outlined(to_bytes(blend(covered, DARK, np.where(hidden & stripes, 0.8, 0))), hidden, AGAINST)

    def patch(self, box: Box) -> Pixels:
        """Return the part of the thumbnail inside a box, at least one pixel."""
        rows, columns = self._inside(box)
        return self.pixels[rows, columns]

    def _inside(self, box: Box) -> tuple[slice, slice]:
        height, width = self.pixels.shape[:2]
        down, across = self.scale
        return _span(box.top * down, box.bottom * down, height), _span(box.left * across, box.right * across, width)

    @staticmethod
    def _outlined(pixels: Pixels, inside: NDArray[np.bool_], color: RGB) -> Pixels:
        edge = np.zeros_like(inside)
        edge[:-1] |= inside[:-1] != inside[1:]
        edge[:, :-1] |= inside[:, :-1] != inside[:, 1:]
        pixels[edge] = color
        return pixels


class Thumbnails:
    """Thumbnails of some pictures of an audit, kept as files and decoded when they are wanted.

    Parameters
    ----------
    folder : AuditFolder
    pictures : iterable of str
        Paths; others are not read.
    """

    def __init__(self, folder: AuditFolder, pictures: Iterable[str]) -> None:
        wanted = sorted(set(pictures))
        self._files = {row["picture"]: row for row in folder.table(THUMBNAILS, pictures=wanted).to_pylist()}
        sizes = folder.table(EXPLANATIONS, ["picture", "height", "width"], pictures=wanted).to_pylist()
        self._sizes = {row["picture"]: (row["height"], row["width"]) for row in sizes}

    def get(self, picture: str) -> Thumbnail | None:
        """Return the thumbnail of a picture; None if there is none.

        Raises
        ------
        LimeError
            When the stored thumbnail is damaged.
        """
        if picture not in self._files or picture not in self._sizes:
            return None
        return _thumbnail(self._files[picture], self._sizes[picture])


def data_url(pixels: Pixels, side: int) -> str:
    """Return a small JPEG in a data URL, scaled down to fit into a square of so many pixels."""
    picture = PillowImage.fromarray(pixels)
    picture.thumbnail((side, side))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _thumbnail(row: dict[str, Any], size: tuple[int, int]) -> Thumbnail:
    pixels = _decoded(row["thumbnail"], "JPEG", row["picture"]).convert("RGB")
    return Thumbnail(
        pixels=np.asarray(pixels),
        scale=(pixels.height / max(size[0], 1), pixels.width / max(size[1], 1)),
        decode=partial(_segments, row, pixels.size),
    )


def _segments(row: dict[str, Any], size: tuple[int, int]) -> NDArray[np.int32]:
    labels = _decoded(row["segments"], "PNG", row["picture"])
    if labels.mode not in _LABEL_MODES:
        raise LimeError(
            f"The stored label map of {row['picture']} is a PNG of mode {labels.mode}; expected one whole number a "
            f"pixel ({', '.join(_LABEL_MODES)}). Make the audit anew."
        )
    return np.asarray(labels.resize(size, PillowImage.Resampling.NEAREST)).astype(np.int32)


def _decoded(data: bytes, form: str, picture: str) -> PillowImage.Image:
    try:
        image: PillowImage.Image = PillowImage.open(io.BytesIO(data), formats=[form])
        most = _MOST_SIDE[form]
        if max(image.size) > most:
            raise LimeError(f"The stored {form} of {picture} is {image.width}×{image.height}; at most {most}×{most}.")
        image.load()
    except (OSError, ValueError, SyntaxError, PillowImage.DecompressionBombError) as error:
        raise LimeError(f"The stored {form} of {picture} is damaged: {error}") from error
    return image


def _span(start: float, stop: float, size: int) -> slice:
    first = min(max(int(start), 0), size - 1)
    return slice(first, min(max(int(np.ceil(stop)), first + 1), size))


def _frame(pixels: Pixels, rows: slice, columns: slice, margin: int, color: RGB) -> None:
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    bottom = min(rows.stop + margin, pixels.shape[0]) - 1
    right = min(columns.stop + margin, pixels.shape[1]) - 1
    pixels[[top, bottom], left : right + 1] = color
    pixels[top : bottom + 1, [left, right]] = color
