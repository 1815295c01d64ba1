"""The scene: what stays the same for all perturbed pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lime_core.masks.covers import Cover
from lime_core.masks.fills import blend, hidden_energy, hide
from lime_core.picture.image import Image, PictureSource, as_image
from lime_core.settings.spec import ExplainSpec
from lime_core.superpixels import carry_labels, resize_pixels, segment


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A framed and cut picture with its fill.

    Attributes
    ----------
    image : Image
        The picture as it is viewed, after `framing`.
    segments : ndarray of int32, shape (H, W)
        Superpixels of `image`.
    pixels, fill : ndarray of uint8, shape (h, w, 3)
        The picture, and what replaces its hidden superpixels, at the model's input size.
    labels : ndarray of int32, shape (h, w)
        The same superpixels at the model's input size.
    cover : Cover or None
        What the columns of a mask hide, where these are not the superpixels.
    """

    image: Image
    segments: NDArray[np.int32]
    pixels: NDArray[np.uint8]
    fill: NDArray[np.uint8]
    labels: NDArray[np.int32]
    cover: Cover | None = None

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return int(self.segments.max()) + 1

    @property
    def columns(self) -> int:
        """The number of columns of a mask: that of the superpixels, unless there is another cover."""
        return self.superpixels if self.cover is None else self.cover.columns

    @property
    def energy(self) -> NDArray[np.float64]:
        """What hiding each superpixel adds to the mean squared pixel difference, float64 ``(S,)``."""
        return hidden_energy(self.pixels, self.fill, self.labels)

    def perturbed(self, masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the perturbed pictures as the model sees them: uint8 ``(B, h, w, 3)`` for masks ``(B, columns)``."""
        if self.cover is None:
            return hide(self.pixels, self.fill, self.labels, masks)
        height, width = self.labels.shape
        return blend(self.pixels, self.fill, self.cover.shown(masks, (height, width)))

    def masked_by(self, spec: ExplainSpec) -> Scene:
        """Return the scene as the masks of a spec's sampler hide it, be it superpixels or something else."""
        return replace(self, cover=spec.sampler.cover(spec.seed))


def frame(image: Image | PictureSource, spec: ExplainSpec) -> Image:
    """Return the part of the picture that the model sees: all of it, or the centred square."""
    image = as_image(image)
    return image.center_crop() if spec.framing == "center_crop" else image


def cut(image: Image | PictureSource, input_size: tuple[int, int], spec: ExplainSpec) -> NDArray[np.int32]:
    """Return the superpixels of the framed picture, int32 ``(H, W)``; parameters and errors are those of `prepare`."""
    image = as_image(image)
    method = spec.segmentation
    if spec.framing == "center_crop":
        method = method.center_crop((image.height, image.width))
    return segment(frame(image, spec).pixels, method, resolution=spec.resolution, input_size=input_size)


def prepare(
    image: Image | PictureSource,
    input_size: tuple[int, int],
    spec: ExplainSpec,
    *,
    segments: NDArray[np.int32] | None = None,
) -> Scene:
    """Frame and cut the picture and paint its fill; no model is asked.

    Parameters
    ----------
    image : Image or what `load_image` takes
        The picture.
    input_size : tuple of int
        Height and width of the model's input.
    spec : ExplainSpec
        Its segmentation and fill settings are used.
    segments : int32 array (H, W), optional
        What `cut` returned for the same arguments, to save doing it again.

    Raises
    ------
    SpecError
        When the number of superpixels is out of range.
    """
    image = as_image(image)
    framed = frame(image, spec)
    if segments is None:
        segments = cut(image, input_size, spec)
    labels = carry_labels(segments, input_size)
    pixels = resize_pixels(framed.pixels, input_size)
    return Scene(framed, segments, pixels, spec.fill.paint(pixels, labels, spec.seed), labels)
