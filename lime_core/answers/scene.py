"""What stays fixed while a picture is perturbed, and the one place where a model is asked about masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.errors import ModelError
from lime_core.masks.fills import FillOptions, hidden_energy, hide, paint_fill
from lime_core.models.protocol import Classifier, MaskedClassifier
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.superpixels.segmentation import carry_labels, resize_pixels, segment

Predictor = Callable[[NDArray[np.uint8]], NDArray[Any]]

BATCH_SIZE = 32


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
        The picture and what replaces it where hidden, at the model's input size.
    labels : ndarray of int32, shape (h, w)
        The same superpixels at the model's input size.
    """

    image: Image
    segments: NDArray[np.int32]
    pixels: NDArray[np.uint8]
    fill: NDArray[np.uint8]
    labels: NDArray[np.int32]

    @property
    def superpixels(self) -> int:
        """The number S of superpixels."""
        return int(self.segments.max()) + 1

    @property
    def energy(self) -> NDArray[np.float64]:
        """What hiding each superpixel adds to the mean squared pixel difference, float64 ``(S,)``."""
        return hidden_energy(self.pixels, self.fill, self.labels)

    def perturbed(self, masks: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the perturbed pictures as the model sees them: uint8 ``(B, h, w, 3)`` for masks ``(B, S)``."""
        return hide(self.pixels, self.fill, self.labels, masks)


def frame(image: Image, spec: ExplainSpec) -> Image:
    """Return the part of the picture that the model sees: all of it, or the centred square."""
    return image.center_crop() if spec.framing == "center_crop" else image


def prepare(image: Image, input_size: tuple[int, int], spec: ExplainSpec) -> Scene:
    """Frame and cut the picture and paint its fill; no model is asked.

    Parameters
    ----------
    image : Image
        The picture.
    input_size : tuple of int
        Height and width of the model's input.
    spec : ExplainSpec
        Its segmentation and fill settings are used.

    Raises
    ------
    SpecError
        When the number of superpixels is out of range.
    """
    framed = frame(image, spec)
    segments = segment(framed.pixels, spec.segmentation, resolution=spec.resolution, input_size=input_size)
    labels = carry_labels(segments, input_size)
    pixels = resize_pixels(framed.pixels, input_size)
    options = FillOptions(spec.fill_color, spec.fill_blur_sigma, spec.seed)
    return Scene(framed, segments, pixels, paint_fill(spec.fill, pixels, labels, options), labels)


class Probe:
    """A model in front of one scene: masks in, checked outputs out.

    Parameters
    ----------
    scene : Scene
        From `prepare`.
    classifier : Classifier
        One that hides superpixels in its own graph is sent masks instead of pictures.

    Attributes
    ----------
    scene, classifier
        As given.
    original : ndarray of float32, shape (C,)
        The outputs for the untouched picture, asked once at construction.

    Raises
    ------
    ModelError
        When outputs are not finite, have the wrong shape, or change their number of classes.
    """

    def __init__(self, scene: Scene, classifier: Classifier) -> None:
        self.scene = scene
        self.classifier = classifier
        self._predict = _predictor(scene, classifier)
        whole = np.ones((1, scene.superpixels), np.uint8)
        self.original = self._checked(whole, len(classifier.class_names) or None)[0]

    def ask(self, masks: NDArray[np.uint8], batch_size: int = BATCH_SIZE) -> NDArray[np.float32]:
        """Return the outputs float32 ``(B, C)`` for masks uint8 ``(B, S)``; a mask given twice is asked once."""
        distinct, place = np.unique(masks, axis=0, return_inverse=True)
        classes = len(self.original)
        answers = [
            self._checked(distinct[start : start + batch_size], classes)
            for start in range(0, len(distinct), batch_size)
        ]
        return np.concatenate(answers)[place.ravel()]

    def _checked(self, masks: NDArray[np.uint8], classes: int | None) -> NDArray[np.float32]:
        outputs = np.asarray(self._predict(masks))
        if outputs.ndim != 2 or len(outputs) != len(masks) or outputs.shape[1] == 0:
            raise ModelError(
                f"The model must return one row of class outputs a picture, shape ({len(masks)}, C); "
                f"got {outputs.shape}."
            )
        if classes is not None and outputs.shape[1] != classes:
            raise ModelError(f"The model returned {outputs.shape[1]} outputs a picture where it has {classes} classes.")
        if outputs.dtype.kind not in "fiub" or not np.isfinite(outputs).all():
            raise ModelError(
                "The model returned outputs that are not finite numbers; check its weights and preprocessing."
            )
        return outputs.astype(np.float32)


def _predictor(scene: Scene, classifier: Classifier) -> Predictor:
    if isinstance(classifier, MaskedClassifier):
        return classifier.masked_predictor(scene.pixels, scene.fill, scene.labels)
    return lambda masks: classifier.predict(scene.perturbed(masks))
