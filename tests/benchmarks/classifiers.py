"""The models under test: ours on any engine, and the same network as plain Keras for the peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.models import is_available, model_card
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.from_catalog import build_network
from lime_core.models.networks.preprocessing import preprocess

SEED = 0


def load(name: str, **wanted: Any) -> tuple[lc.Classifier | None, str]:
    """Return a classifier and a reason; the classifier is None where this is not available here.

    Parameters
    ----------
    name : str
        Id in the catalog. Weights that are not on this machine are replaced by random ones, which take as long.
    **wanted : str
        ``engine`` or ``precision``.
    """
    try:
        if needs_random(name):
            import_keras().utils.set_random_seed(SEED)
        else:
            # The first load may convert the model; the one after that measures how it runs best.
            lc.load_classifier(name, **wanted)
        return lc.load_classifier(name, random_weights=needs_random(name), **wanted), ""
    except lc.LimeError as error:
        return None, str(error)


def needs_random(name: str) -> bool:
    """Say whether a model's weights are not on this machine."""
    return not is_available(model_card(name))


def keras_network(name: str) -> Any:
    """Return the plain Keras model, with the weights that `load` gives it."""
    import_keras().utils.set_random_seed(SEED)
    return build_network(model_card(name), random_weights=needs_random(name))


def keras_predict(name: str) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return `model.predict` of the plain Keras model behind its preprocessing, as users of the peer write it."""
    model, preprocessing = keras_network(name), model_card(name).preprocessing

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return model.predict(preprocess(images, preprocessing), verbose=0)

    return predict
