"""What a segmentation is: a named way to cut a picture into superpixels, with its parameters."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lime_core.parameters import Option

MIN_SUPERPIXELS = 2
MAX_SUPERPIXELS = 1023

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]


class Segmentation(Option, ABC):
    """A way to cut a picture.

    Attributes
    ----------
    coarser, finer : str
        Advice for too many superpixels, and for too few.
    """

    __slots__ = ()

    coarser: ClassVar[str]
    finer: ClassVar[str]

    def superpixel_ids(self, superpixels: int) -> NDArray[np.int64]:
        """Return what people call each of S superpixels, int64 ``(S,)``: ``0..S-1`` unless the user numbered them."""
        return np.arange(superpixels, dtype=np.int64)

    def center_crop(self, size: tuple[int, int]) -> Segmentation:  # noqa: ARG002 - for label maps
        """Return the way to cut the central square of a picture of ``size = (height, width)`` alike."""
        return self

    @abstractmethod
    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return integer labels ``(H, W)``, any numbering, for RGB ``pixels`` uint8 ``(H, W, 3)``."""
