"""Cut a picture into superpixels: always int32 ``(H, W)``, labels ``0..S-1`` without gaps."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import SpecError
from lime_core.parameters import Registry
from lime_core.superpixels.base import MAX_SUPERPIXELS, MIN_SUPERPIXELS, Labels, Pixels, Segmentation
from lime_core.superpixels.carrying import carry_labels, resize_pixels, without_gaps
from lime_core.superpixels.clustering import Quickshift, Slic
from lime_core.superpixels.grid import Grid
from lime_core.superpixels.label_map import LabelMap
from lime_core.superpixels.regions import Felzenszwalb, Watershed

Resolution = Literal["viewing", "model"]

SEGMENTATIONS: Registry[Segmentation] = Registry(
    "segmentation", Slic, Quickshift, Felzenszwalb, Watershed, Grid, LabelMap
)


def segment(
    pixels: Pixels,
    method: Segmentation,
    *,
    resolution: Resolution = "viewing",
    input_size: tuple[int, int] | None = None,
) -> Labels:
    """Cut a picture into superpixels.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
        RGB picture.
    method : Segmentation
        One of `SEGMENTATIONS` with its parameters.
    resolution : {"viewing", "model"}
        Cut the picture at its own size, or cut it at `input_size` and scale the labels back.
    input_size : tuple of int, optional
        Height and width of the model's input; needed for "model" only.

    Returns
    -------
    labels : ndarray of int32, shape (H, W)
        Labels ``0..S-1`` without gaps, ``2 <= S <= 1023``.

    Raises
    ------
    SpecError
        When S is out of range; the message names the parameter to change.
    """
    if resolution == "model" and not isinstance(method, LabelMap):
        if input_size is None:
            raise SpecError("Segmenting at the model's resolution needs input_size.")
        labels = carry_labels(_checked(method.cut(resize_pixels(pixels, input_size)), method), pixels.shape[:2])
    else:
        labels = method.cut(pixels).astype(np.int32)
    return _checked(labels, method)


def _checked(labels: NDArray[Any], method: Segmentation) -> Labels:
    labels = without_gaps(labels)
    count = int(labels.max()) + 1
    if count < MIN_SUPERPIXELS:
        raise SpecError(f"{method.name} made {count} superpixel; at least 2 are needed: {method.finer}.")
    if count > MAX_SUPERPIXELS:
        raise SpecError(
            f"{method.name} made {count} superpixels; at most {MAX_SUPERPIXELS} are allowed: {method.coarser}."
        )
    return labels
