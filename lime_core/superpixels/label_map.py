"""Superpixels of the user's own: a label map, as an array or a PNG file."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from lime_core.codec import decode_array, encode_array
from lime_core.errors import SpecError
from lime_core.parameters import parameter
from lime_core.superpixels.base import Labels, Pixels, Segmentation
from lime_core.superpixels.carrying import carry_labels, without_gaps


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap(Segmentation):
    """A label map of the user's own: every distinct value is one superpixel.

    Attributes
    ----------
    labels : ndarray of int32, shape (H, W)
        Renumbered ``0..S-1``, read-only. A map of another size than the picture is stretched onto it when its
        proportions are the same to 2 %.
    """

    name: ClassVar[str] = "label_map"
    coarser: ClassVar[str] = "give a label map with fewer labels"
    finer: ClassVar[str] = "give a label map with more labels"

    labels: Labels = parameter(None, "Label map (PNG or array).", kind="other", stage="segmentation")

    def __post_init__(self) -> None:
        given = np.asarray(self.labels)
        if given.ndim != 2 or given.size == 0 or given.dtype.kind not in "iub":
            raise SpecError(
                f"A label map must be a whole-number array (H, W); got shape {given.shape}, dtype {given.dtype}."
            )
        labels = without_gaps(given)
        labels.flags.writeable = False
        object.__setattr__(self, "labels", labels)

    @classmethod
    def load(cls, source: str | os.PathLike[str] | bytes) -> LabelMap:
        """Read a label map from a PNG (path or bytes): each grey level, index or colour is one superpixel.

        Raises
        ------
        SpecError
            When the file is not a PNG that can be read, or has more than 50 million pixels.
        """
        try:
            data = source if isinstance(source, bytes) else Path(source).read_bytes()
            with PIL.Image.open(io.BytesIO(data), formats=["PNG"]) as png:
                if png.width * png.height > 50_000_000:
                    raise SpecError(f"The label map has {png.width}×{png.height} pixels; allowed are 50 million.")
                values = np.asarray(png)
        except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError(f"The label map must be a readable PNG file: {error}") from error
        if values.ndim == 3:
            weights = 256 ** np.arange(values.shape[2], dtype=np.int64)
            values = values.astype(np.int64) @ weights
        return cls(values)

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return the labels at the size of `pixels`."""
        height, width = pixels.shape[:2]
        own_height, own_width = self.labels.shape
        if abs(own_width * height - own_height * width) > 0.02 * own_height * width:
            raise SpecError(
                f"The label map is {own_width}×{own_height} but the picture is {width}×{height}; "
                "give a map with the picture's proportions."
            )
        return carry_labels(self.labels, (height, width)).astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the packed labels."""
        return {"name": self.name, "labels": encode_array(self.labels)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LabelMap:
        """Build from the result of `to_dict`, without the name."""
        return cls(decode_array(values.get("labels")))

    @property
    def sha256(self) -> str:
        """Hex digest of shape and labels."""
        return hashlib.sha256(repr(self.labels.shape).encode() + self.labels.tobytes()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelMap) and np.array_equal(self.labels, other.labels)

    def __hash__(self) -> int:
        return hash(self.sha256)
