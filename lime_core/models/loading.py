"""From a name in the catalog to a classifier that is ready to use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from lime_core.errors import ModelError, WeightsError, in_words
from lime_core.models.catalog import DEFAULT_MODEL, ModelCard, model_card
from lime_core.models.class_names import imagenet_class_names
from lime_core.models.engines.choice import check_engine, make_engine
from lime_core.models.engines.graph_store import graph_store
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.files.weights import fetch, sha256_of, weights_path
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.keras_classifier import digest_of_weights
from lime_core.models.networks.lite_in_keras import build_keras
from lime_core.models.networks.lite_in_openvino import build_graph

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.models.engines.base import EngineName, Precision
    from lime_core.models.protocol import Classifier


def load_classifier(
    name: str = DEFAULT_MODEL,
    *,
    engine: EngineName = "auto",
    precision: Precision = "f32",
    on_progress: Callable[[int, int], object] | None = None,
    random_weights: bool = False,
) -> NetworkClassifier:
    """Make a model of the catalog with its ImageNet weights ready to use.

    EfficientNet-Lite needs no network, and on OpenVINO neither TensorFlow nor Keras. The others fetch their weights
    once, into Keras's own folder, and are converted for OpenVINO by their first load; later loads need neither
    TensorFlow nor Keras either. What OpenVINO runs is kept in the user's cache folder (``$LIMELIGHT_CACHE``, or the
    platform's own). Threads may load at the same time.

    Parameters
    ----------
    name : str
        Id in the catalog.
    engine : {"auto", "tensorflow", "openvino"}
        ``auto`` is OpenVINO where it is installed, there is no GPU and the model converts, else TensorFlow; the
        classifier's `engine` says which it is, and its `engine_note` why OpenVINO is not used.
    precision : {"f32", "bf16"}
        Numbers inside the network. ``bf16`` is about twice as fast where `bf16_available`, and less exact:
        `lime_core.methods.lime.precision` says how much so.
    on_progress : callable, optional
        Called as ``on_progress(done_bytes, total_bytes)`` while weights are fetched; an exception raised in it
        cancels.
    random_weights : bool
        Use random weights and fetch nothing: for benchmarks and tests.

    Raises
    ------
    ModelError
        If the catalog has no such model, the engine is not available in that precision, or TensorFlow is missing.
    WeightsError
        If the weights are missing, damaged, or cannot be fetched; the message says what to do.
    """
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
    )


def as_classifier(given: Any) -> Classifier:
    """Return a classifier unchanged, or load the one of the catalog that a text names.

    Raises
    ------
    ModelError
        For anything else; the message says what to wrap it in. For a text, as `load_classifier`.
    """
    if isinstance(given, str):
        return load_classifier(given)
    missing = [name for name in _NEEDED if not hasattr(given, name)]
    if not missing and not isinstance(given, type):
        return cast("Classifier", given)
    kind = type(given).__name__
    if isinstance(given, type):
        raise ModelError(f"{given.__name__} is a class, not a classifier: make an instance of it first.")
    if hasattr(given, "get_weights") and hasattr(given, "predict"):
        raise ModelError(f"Wrap the Keras model ({kind}) first: `lc.KerasClassifier(model, id=…)`.")
    if "predict" in missing and callable(given):
        name = getattr(given, "__name__", kind)
        raise ModelError(
            f"Wrap a function from pictures to outputs first: `lc.CallableClassifier({_spelled(name)}, size=…)`, "
            "where size is the side of the pictures that it takes, in pixels."
        )
    if "predict" not in missing:
        raise ModelError(
            f"A classifier has {', '.join(_NEEDED)}; {kind} lacks {', '.join(missing)}. Wrap its function: "
            "`lc.CallableClassifier(model.predict, size=…)`."
        )
    raise ModelError(
        f"A classifier comes from `lc.load_classifier`, is a name in its catalog, or is a function wrapped in "
        f"`lc.CallableClassifier`; got {kind}."
    )


_NEEDED = ("id", "input_size", "class_names", "weights_sha256", "engine", "predict")


def _spelled(name: str) -> str:
    return name if name.isidentifier() else "function"


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
