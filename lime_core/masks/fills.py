"""What stands where a superpixel is hidden.

Every fill is one picture of the same size as the original, painted once; hiding a superpixel shows that picture
through it. `FILLS` holds them by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic

from lime_core.parameters import Option, Registry, parameter

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int32]

_INPAINT_MARGIN = 8


class Fill(Option, ABC):
    """A way to paint what replaces hidden superpixels.

    Attributes
    ----------
    random : bool
        Whether the seed matters.
    """

    __slots__ = ()

    random: ClassVar[bool] = False

    @abstractmethod
    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:
        """Paint the fill picture.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (h, w, 3)
            RGB picture at the model's input size; left unchanged.
        labels : ndarray of int32, shape (h, w)
            Superpixels ``0..S-1``.
        seed : int
            Of fills that draw at random.

        Returns
        -------
        fill : ndarray of uint8, shape (h, w, 3)
        """


@dataclass(frozen=True, slots=True)
class ImageMean(Fill):
    """The mean colour of the whole picture."""

    name: ClassVar[str] = "image_mean"

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return one colour everywhere."""
        return _constant(pixels, np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class SegmentMean(Fill):
    """The mean colour of each superpixel; what the `lime` package uses."""

    name: ClassVar[str] = "segment_mean"

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return one colour a superpixel, truncated to whole levels as the `lime` package truncates them."""
        sizes = np.bincount(labels.ravel())
        sums = [np.bincount(labels.ravel(), weights=pixels[..., channel].ravel()) for channel in range(3)]
        means = (np.stack(sums, axis=1) / sizes[:, None]).astype(np.uint8)
        return means[labels]


@dataclass(frozen=True, slots=True)
class Grey(Fill):
    """Mid-grey (128)."""

    name: ClassVar[str] = "grey"

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return grey everywhere."""
        return _constant(pixels, (128, 128, 128))


@dataclass(frozen=True, slots=True)
class Black(Fill):
    """Black."""

    name: ClassVar[str] = "black"

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return black everywhere."""
        return _constant(pixels, (0, 0, 0))


@dataclass(frozen=True, slots=True)
class Color(Fill):
    """One colour of the user's choice."""

    name: ClassVar[str] = "color"

    color: tuple[int, int, int] = parameter(
        (128, 128, 128), "Colour of the fill, red, green and blue.", kind="color", flat="fill_color"
    )

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return that colour everywhere."""
        return _constant(pixels, self.color)


@dataclass(frozen=True, slots=True)
class Blur(Fill):
    """The picture itself, blurred by a Gaussian."""

    name: ClassVar[str] = "blur"

    sigma: float = parameter(
        12.0, "Width of the blur, px of the model's input.", low=0.5, high=200, flat="fill_blur_sigma"
    )

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return the blurred picture."""
        sigma = (self.sigma, self.sigma, 0)
        blurred = ndimage.gaussian_filter(pixels.astype(np.float32), sigma, mode="nearest")
        fill: Pixels = np.rint(blurred).clip(0, 255).astype(np.uint8)
        return fill


@dataclass(frozen=True, slots=True)
class Noise(Fill):
    """Uniform noise, the same for every perturbed picture."""

    name: ClassVar[str] = "noise"
    random: ClassVar[bool] = True

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return noise drawn with `seed`."""
        return np.random.default_rng(seed).integers(0, 256, pixels.shape, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Inpaint(Fill):
    """Each superpixel continued from its own surroundings, as if it alone were missing (biharmonic inpainting)."""

    name: ClassVar[str] = "inpaint"

    def paint(self, pixels: Pixels, labels: Labels, seed: int = 0) -> Pixels:  # noqa: ARG002 - one signature
        """Return the picture with every superpixel painted over."""
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


FILLS: Registry[Fill] = Registry("fill", ImageMean, SegmentMean, Grey, Black, Color, Blur, Noise, Inpaint)


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


def blend(pixels: Pixels, fill: Pixels, shown: NDArray[np.float32]) -> Pixels:
    """Let the fill show through as far as each pixel is hidden.

    Parameters
    ----------
    pixels, fill : ndarray of uint8, shape (h, w, 3)
    shown : ndarray of float32, shape (B, h, w)
        1 = shown, 0 = hidden.

    Returns
    -------
    perturbed : ndarray of uint8, shape (B, h, w, 3)
    """
    beneath = fill.astype(np.float32)
    blended = (pixels - beneath) * shown[..., None]
    blended += beneath
    perturbed: Pixels = np.rint(blended, out=blended).astype(np.uint8)
    return perturbed


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
