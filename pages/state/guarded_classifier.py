"""A classifier that waits for its turn before each batch: to count, to share the processor, to be stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.models import MaskedClassifier
from lime_core.models.differentiable import FeatureLayer, Gradients, Objective, as_differentiable, gradients_obstacle
from lime_core.models.features import FeatureClassifier, as_feature_classifier
from lime_core.models.outputs import Meaning
from lime_core.models.protocol import identity_of, outputs_of, result_notes_of

# Is given how many pictures are asked about and a function that asks; it calls that function, or raises instead.
Guard = Callable[[int, Callable[[], Any]], Any]


def guarded(classifier: lc.Classifier, asking: Guard) -> lc.Classifier:
    """Return the classifier with `asking` around each batch; masks still travel as masks, and gradients come back."""
    if isinstance(classifier, MaskedClassifier):
        return _GuardedMasks(classifier, asking)
    return _Guarded(classifier, asking)


class _Guarded:
    def __init__(self, classifier: lc.Classifier, asking: Guard) -> None:
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

    @property
    def identity(self) -> str | None:
        return identity_of(self._classifier)

    @property
    def result_notes(self) -> tuple[str, ...]:
        return result_notes_of(self._classifier)

    @property
    def outputs_are(self) -> Meaning:
        return outputs_of(self._classifier)

    def predict(self, images: NDArray[np.uint8]) -> NDArray[Any]:
        answers: NDArray[Any] = self._asking(len(images), lambda: self._classifier.predict(images))
        return answers

    @property
    def gradients_obstacle(self) -> str | None:
        return gradients_obstacle(self._classifier)

    def feature_layers(self) -> tuple[FeatureLayer, ...]:
        layers: tuple[FeatureLayer, ...] = self._asking(1, as_differentiable(self._classifier).feature_layers)
        return layers

    def gradients(
        self,
        images: NDArray[np.float32],
        classes: Sequence[int],
        objective: Objective,
        *,
        layer: str | None = None,
    ) -> Gradients:
        network = as_differentiable(self._classifier)
        gradients: Gradients = self._asking(
            len(images), lambda: network.gradients(images, classes, objective, layer=layer)
        )
        return gradients

    @property
    def gives_features(self) -> bool:
        return isinstance(self._classifier, FeatureClassifier) and self._classifier.gives_features

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        network, _ = as_feature_classifier(self._classifier)
        features: NDArray[np.float32] = self._asking(len(images), lambda: network.features(images))
        return features


class _GuardedMasks(_Guarded):
    def __init__(self, classifier: MaskedClassifier, asking: Guard) -> None:
        super().__init__(classifier, asking)
        self._masked = classifier

    def masked_predictor(
        self, image: NDArray[np.uint8], fill: NDArray[np.uint8], labels: NDArray[np.int32]
    ) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
        predict = self._masked.masked_predictor(image, fill, labels)
        return lambda masks: self._asking(len(masks), lambda: predict(masks))
