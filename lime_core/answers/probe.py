"""`Probe`, the only place where a model is asked about masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lime_core.answers.scene import Scene
from lime_core.errors import ModelError
from lime_core.models.names import as_class_names, check_count, numbered_names
from lime_core.models.protocol import Classifier, MaskedClassifier

Predictor = Callable[[NDArray[np.uint8]], NDArray[Any]]

BATCH_SIZE = 32


class Probe:
    """A model in front of one scene: masks in, checked outputs out.

    Parameters
    ----------
    scene : Scene
        From `prepare`, as the masks hide it.
    classifier : Classifier
        One that hides superpixels in its own graph is sent masks instead of pictures.
    exact : Probe, optional
        Of the same model in f32, where `classifier` computes in reduced precision: what it has said of the unmodified
        picture holds, and this one is not asked.

    Attributes
    ----------
    scene, classifier
        As given.
    original : ndarray of float32, shape (C,)
        The outputs for the unmodified picture, asked once at construction unless `exact` knows them.
    class_names : tuple of str
        C names; numbered where the classifier has none.

    Raises
    ------
    ModelError
        When outputs are not finite, have the wrong shape, or change their number of classes, or when the number of
        class names differs.
    """

    def __init__(self, scene: Scene, classifier: Classifier, exact: Probe | None = None) -> None:
        self.scene = scene
        self.classifier = classifier
        self._predict = _predictor(scene, classifier)
        known = self._of_the_whole() if exact is None else (exact.original, exact.class_names)
        self.original: NDArray[np.float32] = known[0]
        self.class_names: tuple[str, ...] = known[1]

    def ask(self, masks: NDArray[np.uint8], batch_size: int = BATCH_SIZE) -> NDArray[np.float32]:
        """Return the outputs float32 ``(B, C)`` for masks uint8 ``(B, columns)``; equal masks are asked once."""
        distinct, index = np.unique(masks, axis=0, return_inverse=True)
        classes = len(self.original)
        answers = [
            self._checked(distinct[start : start + batch_size], classes)
            for start in range(0, len(distinct), batch_size)
        ]
        return np.concatenate(answers)[index.ravel()]

    def _of_the_whole(self) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Ask about the unmodified picture; return the outputs and the names of the classes."""
        names = as_class_names(self.classifier.class_names)  # a wrong name is reported before the model is called
        original = self._checked(np.ones((1, self.scene.columns), np.uint8), None)[0]
        # Some classifiers know their classes only after the first answer.
        names = names or as_class_names(self.classifier.class_names) or numbered_names(len(original))
        check_count(names, len(original))
        return original, names

    def _checked(self, masks: NDArray[np.uint8], classes: int | None) -> NDArray[np.float32]:
        given = self._predict(masks)
        if given is None:
            raise ModelError("The model returned None instead of class outputs; is there a `return` missing?")
        outputs = np.asarray(given)
        if outputs.ndim != 2 or len(outputs) != len(masks) or outputs.shape[1] == 0:
            raise ModelError(
                f"The model must return one row of class outputs a picture, shape ({len(masks)}, C); "
                f"got {outputs.shape if outputs.ndim else 'a single value'}."
            )
        if classes is not None and outputs.shape[1] != classes:
            raise ModelError(f"The model returned {outputs.shape[1]} outputs a picture where it has {classes} classes.")
        if outputs.dtype.kind not in "fiub" or not np.isfinite(outputs).all():
            raise ModelError(
                "The model returned outputs that are not finite numbers; check its weights and preprocessing."
            )
        return outputs.astype(np.float32)


def _predictor(scene: Scene, classifier: Classifier) -> Predictor:
    if scene.cover is None and isinstance(classifier, MaskedClassifier):
        return classifier.masked_predictor(scene.pixels, scene.fill, scene.labels)
    return lambda masks: classifier.predict(scene.perturbed(masks))
