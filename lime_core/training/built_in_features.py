"""A linear layer on the features of the built-in network."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.models import DEFAULT_MODEL, load_classifier, model_card
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.networks.lite_in_keras import build_keras
from lime_core.training.linear_head import fit_head
from lime_core.training.ways import Fitted

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_VARIANT = DEFAULT_MODEL.removeprefix("efficientnet_")


class BuiltInFeatures:
    """Train the last layer only, by logistic regression; the rest is the built-in network as it is."""

    name = "linear"

    def __init__(self) -> None:
        self.input_size = model_card(DEFAULT_MODEL).input_size

    def values(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's features of pictures uint8 ``(B, h, w, 3)``, float32 ``(B, F)``."""
        return self._features(pictures)

    def fit(
        self,
        values: NDArray[np.float32],
        labels: NDArray[np.int64],
        classes: int,
        seed: int,
        on_progress: Callable[[int, int], object],
    ) -> Fitted:
        """Fit the layer, and put it in the place of the network's own last one."""
        head = fit_head(values, labels, seed, on_progress)
        network = self._network
        layer = import_keras().layers.Dense(classes, activation="softmax", name="classes")
        model = import_keras().Model(network.input, layer(network.output), name="trained")
        layer.set_weights([head.weights.astype(np.float32), head.bias.astype(np.float32)])
        settings = {"features": DEFAULT_MODEL, "C": head.strength, "temperature": head.temperature}
        return Fitted(model, head.probabilities, settings)

    @cached_property
    def _network(self) -> Any:
        whole = build_keras(_VARIANT)
        return import_keras().Model(whole.input, whole.layers[-1].input)

    @cached_property
    def _features(self) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        classifier = load_classifier(DEFAULT_MODEL)
        if getattr(classifier, "gives_features", False):
            return classifier.features  # type: ignore[attr-defined, no-any-return]
        return lambda pictures: np.asarray(self._network(pictures.astype(np.float32), training=False), np.float32)
