"""Superpixels that ignore what is in the picture: a grid of rectangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.parameters import parameter
from lime_core.superpixels.base import Pixels, Segmentation


@dataclass(frozen=True, slots=True)
class Grid(Segmentation):
    """A regular grid of rectangles, which ignores what is in the picture: a baseline for the other cuts."""

    name: ClassVar[str] = "grid"
    coarser: ClassVar[str] = "lower rows or columns"
    finer: ClassVar[str] = "raise rows or columns"

    rows: int = parameter(7, "Rectangles from top to bottom.", low=1, high=1023, stage="segmentation")
    columns: int = parameter(7, "Rectangles from left to right.", low=1, high=1023, stage="segmentation")

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return the grid's labels ``(H, W)``, row by row."""
        height, width = pixels.shape[:2]
        row = np.arange(height) * self.rows // height
        column = np.arange(width) * self.columns // width
        labels: NDArray[np.int64] = row[:, None] * self.columns + column[None, :]
        return labels
