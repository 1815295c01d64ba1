"""What the columns of a mask hide, where they are no superpixels: a sliding window's positions, or a smooth grid.

Both are separable: a column is a row and a column of the picture's own axes, so that masks become pictures, and scores
become maps, by two small matrix products.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SHIFTS = 32  # of a smooth grid along each axis: at 224 px a cell has 32 px, so the paper shifts by as many


class Cover(ABC):
    """The parts of a picture that the columns of a mask hide; they may overlap, and hide in part."""

    @property
    @abstractmethod
    def columns(self) -> int:
        """The number K of columns."""

    @abstractmethod
    def shown(self, masks: Masks, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return how far each pixel of a picture of ``size = (h, w)`` is shown under masks uint8 ``(B, K)``.

        Returns
        -------
        shown : ndarray of float32, shape (B, h, w)
            0 hidden, 1 shown.
        """


@dataclass(frozen=True, slots=True)
class Windows(Cover):
    """The positions of a window that slides over the picture, row by row, half its own size at a time.

    The picture is divided into ``side + 1`` strides along each axis; a window is two of them high and wide.

    Attributes
    ----------
    side : int
        Positions along each axis.
    """

    side: int

    @property
    def columns(self) -> int:
        """One a position."""
        return self.side**2

    @property
    def size(self) -> float:
        """The share of the picture's height, and of its width, that a window covers."""
        return 2 / (self.side + 1)

    def shown(self, masks: Masks, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return 0 for pixels under a hidden window, 1 for all others."""
        rows, columns = (self._inside(length).astype(np.float32) for length in size)
        hidden = rows @ (1 - masks).reshape(-1, self.side, self.side).astype(np.float32)
        windows = hidden.reshape(-1, self.side) @ columns.T  # one product; one a mask would be slow
        shown: NDArray[np.float32] = (windows.reshape(len(masks), *size) == 0).astype(np.float32)
        return shown

    def mean_over(self, values: Floats, present: NDArray[np.bool_], size: tuple[int, int]) -> Floats:
        """Return the mean of the values of all windows that cover a pixel.

        Parameters
        ----------
        values : ndarray of float64, shape (K,)
        present : ndarray of bool, shape (K,)
            Which windows have a value; the others do not count.
        size : tuple of int
            Height and width of the picture.

        Returns
        -------
        mean : ndarray of float64, shape (H, W)
            0 where no window has a value.
        """
        rows, columns = (self._inside(length).astype(np.float64) for length in size)
        square = (self.side, self.side)
        total = rows @ np.where(present, values, 0.0).reshape(square) @ columns.T
        count = rows @ present.astype(np.float64).reshape(square) @ columns.T
        return total / np.maximum(count, 1.0)

    def _inside(self, length: int) -> NDArray[np.bool_]:
        """Return which of `length` pixels lie in which positions along an axis, bool ``(length, side)``."""
        stride = np.arange(length) * 2 + 1  # twice the centre of each pixel, in whole numbers
        first = stride * (self.side + 1) // (2 * length)  # the stride that a pixel lies in
        behind = first[:, None] - np.arange(self.side)
        inside: NDArray[np.bool_] = (behind == 0) | (behind == 1)
        return inside


@dataclass(frozen=True, slots=True)
class SmoothGrid(Cover):
    """A coarse grid that is enlarged bilinearly and shifted at random, as RISE does [1]_.

    The grid is enlarged to ``side + 1`` cells for the ``side`` that the picture has, and the picture is cut out of it
    up to one cell from its corner. Where, is drawn anew for each mask, from the bits of the mask and a seed: the same
    mask is the same picture whenever it is asked about.

    Attributes
    ----------
    side : int
        Points of the grid along each axis.
    seed : int
        Of the shifts.

    References
    ----------
    .. [1] Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018.
    """

    side: int
    seed: int

    @property
    def columns(self) -> int:
        """One a point of the grid."""
        return self.side**2

    def shown(self, masks: Masks, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return the enlarged, shifted masks."""
        rows, columns = (self._weights(length).astype(np.float32) for length in size)
        down, right = self.shifts(masks)
        across = np.ascontiguousarray(columns.transpose(0, 2, 1))  # NumPy multiplies these ten times as fast
        grids = rows[down] @ masks.reshape(-1, self.side, self.side).astype(np.float32)
        shown: NDArray[np.float32] = np.matmul(grids, across[right])
        return shown

    def shifts(self, masks: Masks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return by how many 32nds of a cell each mask is shifted down and right, two int64 ``(B,)`` in 0..31."""
        words = np.random.default_rng([self.seed, self.side]).integers(0, 2**64, (self.columns, 2), dtype=np.uint64)
        codes = masks.astype(np.uint64) @ words  # modulo 2**64
        down, right = (codes.T >> np.uint64(59)).astype(np.int64)
        return down, right

    def weighted_sum(self, masks: Masks, weights: Floats, size: tuple[int, int]) -> Floats:
        """Return the sum of all masks as they are shown, each times its weight.

        Parameters
        ----------
        masks : ndarray of uint8, shape (N, K)
        weights : ndarray of float64, shape (N,)
        size : tuple of int
            Height and width of the picture.

        Returns
        -------
        total : ndarray of float64, shape (H, W)
        """
        down, right = self.shifts(masks)
        # Masks with the same shifts are added up before they are enlarged: there are only 32×32 of these.
        sums = np.zeros((_SHIFTS * _SHIFTS, self.columns))
        np.add.at(sums, down * _SHIFTS + right, weights[:, None] * masks)
        points = _SHIFTS * self.side
        square = sums.reshape(_SHIFTS, _SHIFTS, self.side, self.side).transpose(0, 2, 1, 3).reshape(points, points)
        rows, columns = (self._weights(length).transpose(1, 0, 2).reshape(length, points) for length in size)
        total: Floats = rows @ square @ columns.T
        return total

    def _weights(self, length: int) -> Floats:
        """Return the weights of the points at each of `length` pixels under each shift, ``(32, length, side)``."""
        pixels = (np.arange(length) + 0.5) / length * self.side  # in cells of the picture
        shifted = pixels + np.arange(_SHIFTS)[:, None] / _SHIFTS
        # From the enlarged picture, side + 1 cells long, back to the grid: point i lies at i + ½ of its side cells.
        places = np.clip(shifted * self.side / (self.side + 1) - 0.5, 0, self.side - 1)
        return np.maximum(0.0, 1.0 - np.abs(places[..., None] - np.arange(self.side)))
