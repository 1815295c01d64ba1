"""Superpixels by growing or joining regions along edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from skimage import color, filters, segmentation

from lime_core.parameters import parameter
from lime_core.superpixels.base import Pixels, Segmentation


@dataclass(frozen=True, slots=True)
class Felzenszwalb(Segmentation):
    """Graph-based cut [1]_: superpixels of very different sizes that follow edges.

    References
    ----------
    .. [1] Felzenszwalb and Huttenlocher, "Efficient Graph-Based Image Segmentation", IJCV 2004.
    """

    name: ClassVar[str] = "felzenszwalb"
    coarser: ClassVar[str] = "raise scale or min_size"
    finer: ClassVar[str] = "lower scale or min_size"

    scale: float = parameter(300.0, "Higher gives larger superpixels.", low=1, high=10_000, stage="segmentation")
    sigma: float = parameter(0.8, "Smoothing before the cut, px.", low=0, high=20, stage="segmentation")
    min_size: int = parameter(400, "Smallest superpixel, px.", low=1, high=100_000, stage="segmentation")

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return Felzenszwalb labels ``(H, W)``."""
        labels: NDArray[np.int64] = segmentation.felzenszwalb(
            pixels, scale=self.scale, sigma=self.sigma, min_size=self.min_size
        )
        return labels


@dataclass(frozen=True, slots=True)
class Watershed(Segmentation):
    """Compact watershed [1]_ on the gradient, from evenly spaced markers.

    References
    ----------
    .. [1] Neubert and Protzel, "Compact Watershed and Preemptive SLIC", ICPR 2014.
    """

    name: ClassVar[str] = "watershed"
    coarser: ClassVar[str] = "lower markers"
    finer: ClassVar[str] = "raise markers"

    markers: int = parameter(50, "About how many superpixels.", low=2, high=1023, stage="segmentation")
    compactness: float = parameter(
        0.001,
        "Square superpixels (high) or ones that follow edges (0).",
        low=0,
        high=10,
        stage="segmentation",
    )

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return watershed labels ``(H, W)``."""
        gradient = filters.sobel(color.rgb2gray(pixels))
        labels: NDArray[np.int64] = segmentation.watershed(gradient, markers=self.markers, compactness=self.compactness)
        return labels
