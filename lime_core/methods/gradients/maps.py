"""From a map at the size of a layer, or of the model's input, to one at viewing size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def interpolated(maps: NDArray[Any], size: tuple[int, int]) -> Floats:
    """Return maps ``(..., h, w)`` at another size, float64 ``(..., H, W)``: bilinear, constant beyond their edges."""
    return _carried(maps, size, spread=False)


def spread(maps: NDArray[Any], size: tuple[int, int]) -> Floats:
    """Return maps ``(..., h, w)`` at another size, float64 ``(..., H, W)``, with the same sum.

    Each score is dealt out to the pixels of the larger picture from which that pixel of the smaller one was mixed when
    it was made smaller by bilinear resizing: that is the chain rule.
    """
    return _carried(maps, size, spread=True)


def _carried(maps: NDArray[Any], size: tuple[int, int], *, spread: bool) -> Floats:
    rows, columns = (_weights(new, old, spread=spread) for new, old in zip(size, maps.shape[-2:], strict=True))
    carried: Floats = rows @ maps.astype(np.float64) @ columns.T
    return carried


def _weights(new: int, old: int, *, spread: bool) -> Floats:
    """Return how much each of `new` pixels has of each of `old` ones in a row, ``(new, old)``.

    Triangles around the centres, whose width is the distance of the pixels of the coarser row. Their sum is 1 over the
    old pixels for an interpolation, and over the new ones where scores are dealt out.
    """
    centers = (np.arange(new)[:, None] + 0.5) * (old / new) - 0.5
    triangles = np.maximum(0.0, 1.0 - np.abs(centers - np.arange(old)) / max(1.0, old / new))
    weights: Floats = triangles / triangles.sum(axis=0 if spread else 1, keepdims=True)
    return weights
