"""A model of the catalog, from its name to a classifier that is ready to use."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from lime_core.errors import WeightsError, in_words
from lime_core.models.catalog import DEFAULT_MODEL, ModelCard, model_card
from lime_core.models.class_names import imagenet_class_names
from lime_core.models.engines.choice import check_engine, make_engine
from lime_core.models.engines.graph_store import graph_store
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.files.weights import fetch, sha256_of, weights_path
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.gradients import GradientNetwork
from lime_core.models.networks.keras_classifier import digest_of_weights
from lime_core.models.networks.keras_heads import head_of
from lime_core.models.networks.lite_in_keras import build_keras
from lime_core.models.networks.lite_in_openvino import build_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.models.engines.base import EngineName, Precision


def classifier_named(
    name: str = DEFAULT_MODEL,
    *,
    engine: EngineName = "auto",
    precision: Precision = "f32",
    on_progress: Callable[[int, int], object] | None = None,
    random_weights: bool = False,
) -> NetworkClassifier:
    """Make a model of the catalog ready to use, as `lime_core.models.loading.load_classifier` describes."""
    check_engine(engine, precision)
    card = model_card(name)
    digest = None if random_weights else sha256_of(fetch(card, on_progress))
    network = cache(lambda: build_network(card, random_weights=random_weights))
    made, note = make_engine(
        network,
        card.input_size,
        engine=engine,
        precision=precision,
        model_id=card.id,
        write_graph=None if card.package is None or random_weights else lambda: build_graph(_variant(card)),
        store=lambda: None if digest is None else graph_store(card, digest),
    )
    return NetworkClassifier(
        made,
        id=card.id,
        input_size=card.input_size,
        preprocessing=card.preprocessing,
        class_names=imagenet_class_names(),
        weights_sha256=digest or digest_of_weights(network()),
        engine_note=note,
        last_operation="softmax",
        differentiate=partial(GradientNetwork, lambda: head_of(network(), (*card.input_size, 3))),
    )


def _variant(card: ModelCard) -> str:
    """Return what EfficientNet-Lite's modules call a built-in model."""
    return card.id.removeprefix("efficientnet_")


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
        return build_keras(_variant(card), random_weights=random_weights)
    builder = getattr(import_keras().applications, card.title)
    shape = (*card.input_size, 3)
    if random_weights:
        return builder(weights=None, input_shape=shape)
    try:
        # Not by the file's path: some networks have another first layer if weights is "imagenet".
        return builder(weights="imagenet", input_shape=shape)
    except Exception as error:
        raise WeightsError(
            f"Keras could not load the weights of {card.title}: {in_words(error)}. If the file {weights_path(card)} is "
            "damaged, delete it and load the model again: it is fetched anew."
        ) from error
