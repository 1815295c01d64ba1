"""Pictures and label maps at other sizes, and label maps without gaps."""

from __future__ import annotations

import numpy as np
import PIL.Image
from numpy.typing import ArrayLike
from skimage.transform import resize

from lime_core.errors import SpecError
from lime_core.superpixels.base import Labels, Pixels


def without_gaps(labels: ArrayLike) -> Labels:
    """Return the labels renumbered ``0..S-1`` in rising order, int32."""
    array = np.asarray(labels)
    _, dense = np.unique(array, return_inverse=True)
    return dense.reshape(array.shape).astype(np.int32)


def resize_pixels(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize an RGB picture to ``size = (height, width)`` (bilinear with antialiasing); uint8 in and out."""
    if pixels.shape[:2] == tuple(size):
        return pixels
    height, width = size
    picture = PIL.Image.fromarray(pixels).resize((width, height), PIL.Image.Resampling.BILINEAR)
    return np.asarray(picture, dtype=np.uint8)


def carry_labels(labels: Labels, size: tuple[int, int]) -> Labels:
    """Carry a label map to another size without losing a superpixel.

    Nearest neighbour first. A superpixel so small that it is lost then gets the pixel nearest to its centre that
    belongs to a superpixel with at least two pixels.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
        Labels ``0..S-1`` without gaps.
    size : tuple of int
        New height and width, with ``height * width >= S``.

    Returns
    -------
    carried : ndarray of int32, shape size
        Holds every label of `labels`.

    Raises
    ------
    SpecError
        When `size` has fewer pixels than there are superpixels.
    """
    count = int(labels.max()) + 1
    height, width = size
    if labels.shape == tuple(size):
        return labels.astype(np.int32)
    if height * width < count:
        raise SpecError(
            f"{count} superpixels do not fit into the model's input of {width}×{height} pixels; ask for fewer."
        )
    carried: Labels = resize(labels, size, order=0, preserve_range=True, anti_aliasing=False).astype(np.int32)
    sizes = np.bincount(carried.ravel(), minlength=count)
    for lost in np.flatnonzero(sizes == 0):
        rows, columns = np.nonzero(labels == lost)
        row = (rows.mean() + 0.5) * height / labels.shape[0] - 0.5
        column = (columns.mean() + 0.5) * width / labels.shape[1] - 0.5
        squared_distance = (np.arange(height)[:, None] - row) ** 2 + (np.arange(width)[None, :] - column) ** 2
        squared_distance[sizes[carried] < 2] = np.inf
        nearest = np.unravel_index(np.argmin(squared_distance), squared_distance.shape)
        sizes[carried[nearest]] -= 1
        sizes[lost] += 1
        carried[nearest] = lost
    return carried
