"""Superpixels by clustering pixels in colour and position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from skimage import segmentation

from lime_core.parameters import parameter
from lime_core.superpixels.base import Pixels, Segmentation


@dataclass(frozen=True, slots=True)
class Slic(Segmentation):
    """SLIC: k-means in colour and position [1]_.

    References
    ----------
    .. [1] Achanta et al., "SLIC Superpixels Compared to State-of-the-art Superpixel Methods", TPAMI 2012.
    """

    name: ClassVar[str] = "slic"
    coarser: ClassVar[str] = "lower n_segments"
    finer: ClassVar[str] = "raise n_segments or lower compactness"

    n_segments: int = parameter(50, "About how many superpixels.", low=2, high=1023, stage="segmentation")
    compactness: float = parameter(
        20.0,
        "Square superpixels (high) or ones that follow colour (low).",
        low=0.001,
        high=1000,
        stage="segmentation",
    )
    sigma: float = parameter(1.0, "Smoothing before the cut, px.", low=0, high=20, stage="segmentation")

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return SLIC labels ``(H, W)``."""
        labels: NDArray[np.int64] = segmentation.slic(
            pixels, n_segments=self.n_segments, compactness=self.compactness, sigma=self.sigma, start_label=0
        )
        return labels


@dataclass(frozen=True, slots=True)
class Quickshift(Segmentation):
    """Quickshift: mode seeking in colour and position [1]_; what the `lime` package uses.

    References
    ----------
    .. [1] Vedaldi and Soatto, "Quick Shift and Kernel Methods for Mode Seeking", ECCV 2008.
    """

    name: ClassVar[str] = "quickshift"
    coarser: ClassVar[str] = "raise max_dist or kernel_size"
    finer: ClassVar[str] = "lower max_dist or kernel_size"

    kernel_size: float = parameter(4.0, "Width of the density kernel, px.", low=1, high=20, stage="segmentation")
    max_dist: float = parameter(
        200.0, "Farthest link, px: higher gives fewer superpixels.", low=1, high=1000, stage="segmentation"
    )
    ratio: float = parameter(0.2, "Colour (1) against position (0).", low=0, high=1, stage="segmentation")
    random_seed: int = parameter(
        42, "Breaks ties between equal densities.", low=0, high=2**31 - 1, stage="segmentation"
    )

    def cut(self, pixels: Pixels) -> NDArray[np.int64]:
        """Return quickshift labels ``(H, W)``."""
        labels: NDArray[np.int64] = segmentation.quickshift(
            pixels,
            kernel_size=self.kernel_size,
            max_dist=self.max_dist,
            ratio=self.ratio,
            rng=self.random_seed,
            channel_axis=-1,
        )
        return labels
