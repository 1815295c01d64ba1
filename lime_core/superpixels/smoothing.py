"""Label maps that were smoothed: drawn with antialiasing, or scaled with interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter
from skimage.measure import label

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_PIXELS = 4_000_000  # of a larger map the middle is looked at
_FAR = 2**30
_WINDOW = 7  # in pixels; smoothed edges are up to 3 wide
_RINGING = 0.25  # of the step at an edge: the Lanczos filter goes beyond both sides
# Of maps by SLIC, quickshift and Felzenszwalb's method at most 0.37, of smoothed drawings at least 0.53.
_LEAST_SHARE, _LEAST = 0.45, 4


def is_smoothed(values: NDArray[Any]) -> bool:
    """Return whether much of a label map is thin, lies between larger regions, and has values between theirs.

    Parameters
    ----------
    values : ndarray of uint8 or uint16, shape (H, W, C)
        Grey levels or colours. Labels that are close to each other in value are not expected to be close in the map.
    """
    rows = max(1, _MOST_PIXELS // values.shape[1])
    start = max(0, (len(values) - rows) // 2)
    values = values[start : start + rows].astype(np.int32)
    regions = _regions(values)
    count = int(regions.max()) + 1
    solid = np.zeros(count, bool)
    solid[regions[_surrounded(regions)]] = True
    thin = ~solid[regions]
    between, different = thin.copy(), np.zeros_like(thin)
    for channel in np.moveaxis(values, -1, 0):
        low = minimum_filter(np.where(thin, _FAR, channel), _WINDOW)
        high = maximum_filter(np.where(thin, -_FAR, channel), _WINDOW)
        slack = np.where(high < low, 0, high - low) * _RINGING
        between &= (low - slack <= channel) & (channel <= high + slack)
        different |= (channel != low) & (channel != high)
    mixed = np.bincount(regions[between & different], minlength=count)
    suspects = np.count_nonzero(~solid & (mixed >= 0.9 * np.bincount(regions.ravel())))
    return bool(suspects >= _LEAST and suspects >= _LEAST_SHARE * count)


def _regions(values: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the numbers of the connected regions of one value, ``(H, W)``."""
    _, flat = np.unique(values.reshape(-1, values.shape[2]), axis=0, return_inverse=True)
    regions: NDArray[np.int64] = label(flat.reshape(values.shape[:2]), background=-1, connectivity=2) - 1
    return regions


def _surrounded(regions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which pixels have four neighbours of their own region; outside of the map everything counts as such."""
    padded = np.pad(regions, 1, mode="edge")
    above, below, left, right = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    result: NDArray[np.bool_] = (above == regions) & (below == regions) & (left == regions) & (right == regions)
    return result
