"""Which pixels lie near the boundaries of superpixels, how far, and how much of them a line there covers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.show.drawing import Labels

_NOTICEABLE = 0.02  # a line covers less than this share of a pixel beyond its reach
_MEETING = 3  # so many boundaries meet in a corner; more are not told apart near one pixel


@dataclass(frozen=True, slots=True)
class Near:
    """The pixels near any boundary, farther boundaries first, so that the nearest one is drawn last.

    Attributes
    ----------
    pixels : int32 array (R,)
        Numbers of pixels, row by row; a pixel near several boundaries comes several times.
    first, second : int32 array (R,)
        The superpixels on both sides of the boundary.
    step : uint8 array (R,)
        Which of `distances` lies between the pixel's middle and the boundary.
    distances : float64 array (D,)
        In pixels.
    """

    pixels: NDArray[np.int32]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    step: NDArray[np.uint8]
    distances: NDArray[np.float64]


def pixels_near(labels: Labels, superpixels: int, width: float) -> Near:
    """Return the pixels near the boundaries of superpixels.

    Parameters
    ----------
    labels : int32 array (H, W)
        Superpixels 0..S-1.
    superpixels : int
        S.
    width : float
        Of the widest line that will be drawn along a boundary, in the units of `line_coverage`.
    """
    height, columns = labels.shape
    reach = _reach(width)
    border = math.ceil(reach)
    wide = columns + 2 * border
    # The frame around the picture spares a look at its edges.
    numbers = (np.arange(height)[:, None] + border) * wide + np.arange(columns) + border
    beside, below = labels[:, :-1] != labels[:, 1:], labels[:-1] != labels[1:]
    edges = [
        (numbers[:, :-1][beside], labels[:, :-1][beside], labels[:, 1:][beside], False),
        (numbers[:-1][below], labels[:-1][below], labels[1:][below], True),
    ]
    first = np.concatenate([edge[1] for edge in edges])
    second = np.concatenate([edge[2] for edge in edges])
    pairs, pair_of_edge = np.unique(
        np.minimum(first, second).astype(np.int64) * superpixels + np.maximum(first, second),
        return_inverse=True,
    )
    split = len(edges[0][0])
    of_kind = pair_of_edge[:split].astype(np.int32), pair_of_edge[split:].astype(np.int32)
    offsets = _offsets(reach)
    distances = np.unique([distance for distance, _, _ in offsets])
    layers: list[tuple[NDArray[np.int32], NDArray[np.uint8]]] = []
    for _ in range(_MEETING):
        nearest = np.full((height + 2 * border) * wide, -1, np.int32)
        step = np.zeros(nearest.shape, np.uint8)
        # Farther ones first: nearer ones overwrite them.
        for distance, along, across in sorted(offsets, reverse=True):
            code = np.searchsorted(distances, distance)
            for (base, _, _, lies), pair in zip(edges, of_kind, strict=True):
                pixels = base + (across * wide + along if lies else along * wide + across)
                fresh = np.ones(len(pixels), bool)
                for other, _ in layers:
                    fresh &= other[pixels] != pair
                nearest[pixels[fresh]], step[pixels[fresh]] = pair[fresh], code
        layers.append((nearest, step))
    rows: list[list[NDArray[Any]]] = []
    for nearest, step in reversed(layers):
        inner = [
            values.reshape(-1, wide)[border : border + height, border : border + columns].ravel()
            for values in (nearest, step)
        ]
        (there,) = np.nonzero(inner[0] >= 0)
        rows.append([there.astype(np.int32), inner[0][there], inner[1][there]])
    pixels, pair, steps = (np.concatenate(column) for column in zip(*rows, strict=True))
    named = pairs[pair]
    return Near(
        pixels,
        (named // max(superpixels, 1)).astype(np.int32),
        (named % max(superpixels, 1)).astype(np.int32),
        steps,
        distances,
    )


def line_coverage(distances: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return how much of a pixel a line along a boundary covers, 0..1.

    The profile is that of a line of two pixels, blurred by a Gaussian of half its width and made opaque again.

    Parameters
    ----------
    distances : float64 array (D,)
        From the middle of the pixel to the boundary, in pixels.
    width : float
        In pixels.
    """
    spread = width / 2
    bells = [np.exp(-0.5 * ((distances + shift) / spread) ** 2) for shift in (-0.5, 0.5)]
    return np.clip(sum(bells) / (spread * math.sqrt(2 * math.pi)) * 1.3 * max(1.0, width), 0, 1)


def _reach(width: float) -> float:
    """Return the distance in pixels beyond which a line covers nothing that anybody notices."""
    distances = np.arange(0, 4 * width + 4, 0.25)
    return float(distances[line_coverage(distances, width) >= _NOTICEABLE].max())


def _offsets(reach: float) -> list[tuple[float, int, int]]:
    """Return (distance, along, across) of the pixels near an edge between a pixel and its neighbour across it."""
    far = math.ceil(reach)
    near = [
        (math.hypot(max(abs(along) - 0.5, 0), across - 0.5), along, across)
        for along in range(-far, far + 1)
        for across in range(1 - far, far + 1)
    ]
    return [offset for offset in near if offset[0] <= reach]
