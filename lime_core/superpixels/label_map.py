"""The user's own superpixels: a label map, as an array or a PNG file."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from lime_core.codec import decode_array, encode_array
from lime_core.errors import SpecError, in_words
from lime_core.parameters import parameter
from lime_core.picture.image import center_square
from lime_core.superpixels.base import Labels, Pixels, Segmentation
from lime_core.superpixels.carrying import carry_labels, without_gaps
from lime_core.superpixels.smoothing import is_smoothed

_MOST_PIXELS = 50_000_000
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap(Segmentation):
    """The user's own label map: every distinct value is one superpixel.

    Attributes
    ----------
    labels : ndarray of int32, shape (H, W)
        Renumbered ``0..S-1`` in rising order of the user's values, read-only. A map of another size than the picture
        is stretched onto it when its proportions are the same to 2 %, or differ only by the rounding of sides when the
        picture was scaled down. Where the picture is cropped to its centre, so is a map of the whole picture.
    ids : ndarray of int64, shape (S,)
        The user's own value of each superpixel, rising, read-only: the number that people see.
    """

    name: ClassVar[str] = "label_map"
    coarser: ClassVar[str] = "give a label map with fewer labels"
    finer: ClassVar[str] = "give a label map with more labels"

    labels: Labels = parameter(None, "Label map (PNG or array).", kind="other", stage="segmentation")
    ids: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        given = np.asarray(self.labels)
        if given.ndim != 2 or given.size == 0 or given.dtype.kind not in "iub":
            raise SpecError(
                f"A label map must be a whole-number array (H, W); got shape {given.shape}, dtype {given.dtype}."
            )
        if given.dtype == np.uint64 and given.max() > np.iinfo(np.int64).max:
            raise SpecError(f"Labels must be below 2**63; the largest is {given.max()}.")
        labels, ids = without_gaps(given), np.unique(given).astype(np.int64)
        labels.flags.writeable = ids.flags.writeable = False
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "ids", ids)

    @classmethod
    def load(cls, source: str | os.PathLike[str] | bytes | BinaryIO) -> LabelMap:
        """Read a label map from a PNG (path, bytes or open file): each grey level, index or colour is one superpixel.

        The id of a colour is R + 256 G + 65536 B, as in the panoptic maps of COCO; transparency counts only if it
        is not the same everywhere.

        Raises
        ------
        SpecError
            When the file is not a PNG that can be read, has more than 50 million pixels, or was smoothed: the values
            between two labels at its edges would be superpixels of their own.
        """
        if isinstance(source, str) and _ADDRESS.match(source):
            raise SpecError(f"{source} is an address, not a file. Download the label map and give its path.")
        try:
            with PIL.Image.open(io.BytesIO(_contents(source)), formats=["PNG"]) as png:
                _check_size(png)
                values: NDArray[Any] = np.asarray(png)
                shades = png.mode != "P"  # the numbers of a palette are no shades, so nothing mixes them
        except SpecError:
            raise
        except (OSError, SyntaxError, TypeError, ValueError, PIL.Image.DecompressionBombError) as error:
            raise SpecError(f"The label map must be a readable PNG file: {in_words(error)}.") from error
        if shades and is_smoothed(np.atleast_3d(values)):
            raise SpecError(
                "The label map was smoothed: along the edges of its regions lie many values between theirs, and each "
                "would be a superpixel. Draw it without antialiasing, or scale it with nearest neighbour, and save it "
                "again."
            )
        if values.ndim == 3:
            values = _one_value_per_pixel(values)
        return cls(values)

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return the labels at the size of `pixels`."""
        height, width = pixels.shape[:2]
        if not self._fits((height, width)):
            map_height, map_width = self.labels.shape
            raise SpecError(
                f"The label map is {map_width}×{map_height} but the picture is {width}×{height}; "
                "give a map with the picture's proportions."
            )
        return carry_labels(self.labels, (height, width)).astype(np.int64)

    def center_crop(self, size: tuple[int, int]) -> LabelMap:
        """Return the central square of a map of a whole picture; a map of other proportions is returned as it is."""
        if not self._fits(size):
            return self
        values: NDArray[Any] = self.ids[self._central_labels]
        return LabelMap(values)

    def superpixel_ids(self, superpixels: int) -> NDArray[np.int64]:
        """Return the user's own values, int64 ``(S,)``; of a map that was cropped those that are left."""
        if len(self.ids) == superpixels:
            return self.ids
        left = np.unique(self._central_labels)
        return self.ids[left] if len(left) == superpixels else Segmentation.superpixel_ids(self, superpixels)

    @property
    def _central_labels(self) -> Labels:
        rows, columns = center_square(self.labels.shape)
        return self.labels[rows, columns]

    def _fits(self, size: tuple[int, int]) -> bool:
        """Return whether a map of a picture, scaled to `size`, has these proportions."""
        (height, width), (map_height, map_width) = size, self.labels.shape
        scale = max(size) / max(self.labels.shape)
        rounded = tuple(max(1, round(side * scale)) for side in self.labels.shape) == size
        return rounded or abs(map_width * height - map_height * width) <= 0.02 * map_height * width

    def to_dict(self) -> dict[str, Any]:
        """Return the name, the packed labels and the user's own values."""
        return {"name": self.name, "labels": encode_array(self.labels), "ids": self.ids.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LabelMap:
        """Build from the result of `to_dict`, without the name; files of older versions have no ids."""
        labels = decode_array(values.get("labels"))
        ids = values.get("ids")
        if ids is None:
            return cls(labels)
        given = np.asarray(ids)
        if labels.ndim != 2 or given.dtype.kind not in "iu" or given.shape != (int(labels.max(initial=-1)) + 1,):
            raise SpecError("The ids of a label map must be whole numbers, one for each of its labels.")
        return cls(given[labels])

    @property
    def sha256(self) -> str:
        """Hex digest of shape, labels and the user's own values."""
        parts = repr(self.labels.shape).encode(), self.labels.tobytes(), self.ids.tobytes()
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, LabelMap)
            and np.array_equal(self.labels, other.labels)
            and np.array_equal(self.ids, other.ids)
        )

    def __hash__(self) -> int:
        return hash(self.sha256)


def _check_size(png: PIL.Image.Image) -> None:
    if png.width * png.height > _MOST_PIXELS:
        raise SpecError(f"The label map has {png.width}×{png.height} pixels; allowed are 50 million.")


def _contents(source: Any) -> bytes:
    if isinstance(source, str | os.PathLike):
        return Path(source).read_bytes()
    data = source.read() if hasattr(source, "read") else source
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"it comes from a path, from bytes or a file opened for reading bytes; got {_kind(source)}")
    return bytes(data)


def _kind(source: Any) -> str:
    return "a file opened as text" if hasattr(source, "read") else type(source).__name__


def _one_value_per_pixel(values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return one number for each colour ``(H, W, channels)``: the grey level, or R + 256 G + 65536 B."""
    opaque = values.shape[2] in (2, 4) and np.ptp(values[..., -1]) == 0
    bands = values[..., :-1] if opaque else values
    numbers: NDArray[np.int64] = bands.astype(np.int64) @ (256 ** np.arange(bands.shape[2], dtype=np.int64))
    return numbers
