"""A classifier that has somebody else's leave for every batch: to count, to take turns, to be stopped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import lime_core as lc
from lime_core.models import MaskedClassifier

# Is given how many pictures are asked about, and the question itself, which it may ask or refuse by raising.
Asking = Callable[[int, Callable[[], np.ndarray]], np.ndarray]


def guarded(classifier: lc.Classifier, asking: Asking) -> lc.Classifier:
    """Return the classifier with `asking` around each batch; masks still travel as masks."""
    kind = _GuardedMasks if isinstance(classifier, MaskedClassifier) else _Guarded
    return kind(classifier, asking)


class _Guarded:
    def __init__(self, classifier: lc.Classifier, asking: Asking) -> None:
        self._classifier, self._asking = classifier, asking

    @property
    def id(self) -> str:
        return self._classifier.id

    @property
    def input_size(self) -> tuple[int, int]:
        return self._classifier.input_size

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._classifier.class_names

    @property
    def weights_sha256(self) -> str | None:
        return self._classifier.weights_sha256

    @property
    def engine(self) -> str:
        return self._classifier.engine

    def predict(self, images: np.ndarray) -> np.ndarray:
        return self._asking(len(images), lambda: self._classifier.predict(images))


class _GuardedMasks(_Guarded):
    def masked_predictor(
        self, image: np.ndarray, fill: np.ndarray, labels: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        predict = self._classifier.masked_predictor(image, fill, labels)
        return lambda masks: self._asking(len(masks), lambda: predict(masks))
