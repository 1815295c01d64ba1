"""What stands where a superpixel is hidden.

Every fill is one picture of the same size as the original, painted once; hiding a superpixel shows that picture
through it. `FILLS` maps each name to its painter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]

FillName = Literal["image_mean", "segment_mean", "grey", "black", "color", "blur", "noise", "inpaint"]

_INPAINT_MARGIN = 8


@dataclass(frozen=True, slots=True)
class FillOptions:
    """The settings that some fills take: `color` RGB 0..255, `blur_sigma` in px, `seed` of the noise."""

    color: tuple[int, int, int] = (128, 128, 128)
    blur_sigma: float = 12.0
    seed: int = 0


def paint_fill(name: FillName, pixels: Pixels, labels: Labels, options: FillOptions | None = None) -> Pixels:
    """Paint the fill picture.

    Parameters
    ----------
    name : str
        A key of `FILLS`.
    pixels : ndarray of uint8, shape (h, w, 3)
        RGB picture at the model's input size; left unchanged.
    labels : ndarray of int32, shape (h, w)
        Superpixels ``0..S-1``.
    options : FillOptions, optional
        Colour, blur and seed.

    Returns
    -------
    fill : ndarray of uint8, shape (h, w, 3)
    """
    return FILLS[name](pixels, labels, options or FillOptions())


def hide(pixels: Pixels, fill: Pixels, labels: Labels, masks: NDArray[np.uint8]) -> Pixels:
    """Show the fill through the hidden superpixels.

    Parameters
    ----------
    pixels, fill : ndarray of uint8, shape (h, w, 3)
    labels : ndarray of int32, shape (h, w)
    masks : ndarray of uint8, shape (B, S)
        1 = shown, 0 = hidden.

    Returns
    -------
    perturbed : ndarray of uint8, shape (B, h, w, 3)
    """
    shown = masks[:, labels].astype(bool)
    return np.where(shown[..., None], pixels, fill)


def hidden_energy(pixels: Pixels, fill: Pixels, labels: Labels) -> NDArray[np.float64]:
    """Return what hiding each superpixel adds to the mean squared pixel difference.

    The square root of the sum over the hidden superpixels is the root mean square difference over RGB in 0..1
    between a perturbed picture and the original, so an L2 distance needs no perturbed picture.

    Returns
    -------
    energy : ndarray of float64, shape (S,)
    """
    squares = ((pixels.astype(np.float64) - fill) / 255.0) ** 2
    return np.bincount(labels.ravel(), weights=squares.sum(axis=2).ravel()) / squares.size


def _constant(pixels: Pixels, color: tuple[int, int, int] | NDArray[np.uint8]) -> Pixels:
    return np.broadcast_to(np.asarray(color, np.uint8), pixels.shape).copy()


def _image_mean(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    return _constant(pixels, np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8))


def _segment_mean(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    # Truncated to whole levels, as the lime package does, so that its preset sees the same pictures.
    sizes = np.bincount(labels.ravel())
    sums = [np.bincount(labels.ravel(), weights=pixels[..., channel].ravel()) for channel in range(3)]
    means = (np.stack(sums, axis=1) / sizes[:, None]).astype(np.uint8)
    return means[labels]


def _grey(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    return _constant(pixels, (128, 128, 128))


def _black(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    return _constant(pixels, (0, 0, 0))


def _color(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    return _constant(pixels, options.color)


def _blur(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    sigma = (options.blur_sigma, options.blur_sigma, 0)
    blurred = ndimage.gaussian_filter(pixels.astype(np.float32), sigma, mode="nearest")
    fill: Pixels = np.rint(blurred).clip(0, 255).astype(np.uint8)
    return fill


def _noise(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    return np.random.default_rng(options.seed).integers(0, 256, pixels.shape, dtype=np.uint8)


def _inpaint(pixels: Pixels, labels: Labels, options: FillOptions) -> Pixels:  # noqa: ARG001
    # Each superpixel is continued from its own surroundings, as if it alone were missing.
    fill = pixels.copy()
    for index, box in enumerate(ndimage.find_objects(labels + 1)):
        window = tuple(slice(max(0, side.start - _INPAINT_MARGIN), side.stop + _INPAINT_MARGIN) for side in box)
        missing = labels[window] == index
        if missing.all():  # nothing around it to continue from
            fill[window] = np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8)
            continue
        painted = inpaint_biharmonic(pixels[window], missing, channel_axis=-1)
        fill[window][missing] = np.rint(painted[missing] * 255).clip(0, 255).astype(np.uint8)
    return fill


FILLS: dict[FillName, Callable[[Pixels, Labels, FillOptions], Pixels]] = {
    "image_mean": _image_mean,
    "segment_mean": _segment_mean,
    "grey": _grey,
    "black": _black,
    "color": _color,
    "blur": _blur,
    "noise": _noise,
    "inpaint": _inpaint,
}
