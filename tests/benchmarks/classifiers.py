"""The models under test: ours on any engine, and the same network as plain Keras for the peer."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lime_core as lc
from lime_core.models import is_available, model_card
from lime_core.models.keras_import import import_keras
from lime_core.models.loading import build_network
from lime_core.models.preprocessing import preprocess

SEED = 0


def load(name: str, **wanted: str) -> tuple[lc.Classifier | None, str]:
    """Return a classifier and a reason; the classifier is None where this is not available here.

    Parameters
    ----------
    name : str
        Id in the catalog. Weights that are not on this machine are replaced by random ones, which take as long.
    **wanted : str
        ``engine`` or ``precision``.
    """
    unknown = set(wanted) - set(inspect.signature(lc.load_classifier).parameters)
    if unknown:
        return None, f"load_classifier has no {', '.join(sorted(unknown))}"
    try:
        if needs_random(name):
            import_keras().utils.set_random_seed(SEED)
        return lc.load_classifier(name, random_weights=needs_random(name), **wanted), ""
    except lc.LimeError as error:
        return None, str(error)


def needs_random(name: str) -> bool:
    """Say whether a model's weights are not on this machine."""
    return not is_available(model_card(name))


def keras_predict(name: str) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """Return `model.predict` of the plain Keras model behind its preprocessing, as users of the peer write it."""
    card = model_card(name)
    import_keras().utils.set_random_seed(SEED)
    model = build_network(card, random_weights=needs_random(name))

    def predict(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return model.predict(preprocess(images, card.preprocessing), verbose=0)

    return predict


def bare_passes(classifier: lc.Classifier, image: NDArray[np.uint8], count: int) -> Callable[[], float]:
    """Return a function that runs the network alone on `count` pictures and says how many seconds that took.

    The same engine and batch as in an explanation; the pictures are ready, nothing is hidden, nothing is kept.
    """
    engine: Any = getattr(classifier, "_engine", None)
    size = getattr(classifier, "batch_size", 32)
    pictures = np.repeat(image[None], size, axis=0)
    run = classifier.predict
    if engine is not None:
        run, pictures = engine.predict, preprocess(pictures, classifier.preprocessing)
    batches = math.ceil(count / size)

    def timed() -> float:
        started = time.perf_counter()
        for _ in range(batches):
            run(pictures)
        return time.perf_counter() - started

    return timed
