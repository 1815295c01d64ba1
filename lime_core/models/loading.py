"""From a name in the catalog to a classifier that is ready to use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lime_core.errors import WeightsError
from lime_core.models.catalog import DEFAULT_MODEL, ModelCard, model_card
from lime_core.models.class_names import imagenet_class_names
from lime_core.models.efficientnet_lite import build_keras
from lime_core.models.keras_classifier import KerasClassifier
from lime_core.models.keras_import import import_keras
from lime_core.models.weights import fetch, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable


def load_classifier(
    name: str = DEFAULT_MODEL,
    *,
    on_progress: Callable[[int, int], None] | None = None,
    random_weights: bool = False,
) -> KerasClassifier:
    """Build a model of the catalog with its ImageNet weights.

    EfficientNet-Lite needs no network. The others fetch their weights once, into Keras's own folder.

    Parameters
    ----------
    name : str
        Id in the catalog.
    on_progress : callable, optional
        Called as ``on_progress(done_bytes, total_bytes)`` while weights are fetched; an exception raised in it
        cancels.
    random_weights : bool
        Leave the weights at their random start and fetch nothing: for benchmarks and tests.

    Raises
    ------
    ModelError
        If the catalog has no such model, or TensorFlow is missing.
    WeightsError
        If the weights are missing, damaged, or cannot be fetched; the message says what to do.
    """
    card = model_card(name)
    digest = None
    if not random_weights:
        digest = sha256_of(fetch(card, on_progress))
    return KerasClassifier(
        build_network(card, random_weights=random_weights),
        id=card.id,
        preprocessing=card.preprocessing,
        class_names=imagenet_class_names(),
        input_size=card.input_size,
        weights_sha256=digest,
    )


def build_network(card: ModelCard, *, random_weights: bool = False) -> Any:
    """Return the Keras model of a card, 0..255 or preprocessed pixels in, probabilities out.

    Its weights are expected on this machine: `load_classifier` fetches them first.

    Raises
    ------
    ModelError
        If TensorFlow is missing.
    WeightsError
        If the weights cannot be loaded.
    """
    if card.package is not None:
        return build_keras(card.id.removeprefix("efficientnet_"), random_weights=random_weights)
    builder = getattr(import_keras().applications, card.title)
    shape = (*card.input_size, 3)
    if random_weights:
        return builder(weights=None, input_shape=shape)
    try:
        # By this name, not by the file's: some networks have another first layer when they are told "imagenet".
        return builder(weights="imagenet", input_shape=shape)
    except Exception as error:
        raise WeightsError(f"Keras could not load the weights of {card.title}: {error}") from error
