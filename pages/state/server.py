"""What the whole server shares between reruns and sessions: results, classifiers, measured speeds, one lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from lime_core.judge import judged
from lime_core.methods import mask_method_named
from lime_core.models.engines.base import Precision
from lime_core.settings.spec import QUERY_STAGES
from pages.state.cache import LruCache, digest
from pages.state.fair_lock import FairLock
from pages.state.load_job import keep_keras_whole
from pages.state.loaded_models import LoadedModels
from pages.state.question import Question

T = TypeVar("T")

MAX_BYTES = 512 * 1024 * 1024
_SMOOTHING = 0.3  # share of the newest batch in the measured speed


class Server:
    """One for the whole server.

    Attributes
    ----------
    results : LruCache
        Answers, scenes, explanations and results of trials by digest.
    inference : FairLock
        Held while a model is asked, and for nothing else: all visitors wait for it.
    models : LoadedModels
        The classifiers in memory.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.results = LruCache(max_bytes)
        self.inference = FairLock()
        self.models = LoadedModels()
        self._speeds: dict[tuple[str, Precision], float] = {}

    def cached(self, key: str, make: Callable[[], T]) -> T:
        """Return the value of a key, made now if it is not kept."""
        value: T | None = self.results.get(key)
        if value is None:
            value = make()
            self.results.put(key, value)
        return value

    def scene(self, image: lc.Image, input_size: tuple[int, int], spec: lc.ExplainSpec) -> lc.Scene:
        """Return the cut picture with its fill."""
        parts = (spec.digest("segmentation"), str(spec.fill.to_dict()), str(spec.seed))
        key = digest("scene", image.sha256, str(input_size), *parts)
        return self.cached(key, lambda: lc.prepare(image, input_size, spec))

    def outputs(self, question: Question, mask: NDArray[np.uint8], precision: Precision) -> NDArray[np.float32]:
        """Return the model's outputs (1, C) for one mask (1, S), asked now unless they are cached.

        Raises
        ------
        ModelError
            While the model is still being loaded, or when it could not be.
        """
        loading = self.models.load(question.model, precision)
        classifier = loading.classifier
        if classifier is None:
            error = loading.error
            raise error or lc.ModelError("The model is still being loaded; try again in a moment.")
        key = digest("probe", question.key, precision, mask.tobytes().hex())
        return self.cached(key, lambda: self._ask(question, classifier, mask))

    def _ask(self, question: Question, classifier: lc.Classifier, mask: NDArray[np.uint8]) -> NDArray[np.float32]:
        scene = self.scene(question.image, classifier.input_size, question.spec)
        with self.inference:
            return lc.Probe(scene, classifier).ask(mask)

    def remember(self, key: str, neighborhood: lc.Neighborhood) -> None:
        """Keep the answers to a question, unless more of them are kept already."""
        cached = self.results.get(key)
        if cached is None or cached.samples < neighborhood.samples:
            self.results.put(key, neighborhood)

    def answers(self, key: str, samples: int) -> lc.Neighborhood | None:
        """Return the first `samples` answers to a question, or as many as there are."""
        cached: lc.Neighborhood | None = self.results.get(key)
        return None if cached is None else first_samples(cached, samples)

    def answers_to(self, question: Question) -> lc.Neighborhood | None:
        """Return the answers to a question that are there, at most as many as it asks for."""
        cached: lc.Neighborhood | None = self.results.get(question.key)
        return None if cached is None else first_samples(cached, question.size(cached.superpixels))

    def attribution(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec, method: str = "lime") -> lc.Attribution:
        """Return what a method makes of some answers, with verdicts for the K of the view.

        How it is drawn does not count: the same fit is judged anew for another K, and returned as it is for another
        view.
        """
        about = neighborhood.provenance
        model = (about.model, str(about.weights_sha256), about.engine)
        asked = neighborhood.spec.digest(*QUERY_STAGES)
        key = digest("fit", method, about.image_sha256, *model, asked, spec.digest("fit"))

        def judge() -> lc.Attribution:
            fitted, workings = self.cached(key, lambda: mask_method_named(method).work_out(neighborhood, spec))
            return judged(fitted, neighborhood, top_k=spec.top_k, workings=workings)

        return self.cached(digest(key, str(spec.top_k)), judge)

    def explanation(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec) -> lc.Explanation:
        """Return LIME's explanation of some answers, judged for the K of the view."""
        attribution = self.attribution(neighborhood, spec)
        if not isinstance(attribution, lc.Explanation):
            raise lc.LimeError("These answers are not explained by LIME.")
        return attribution

    def measure(self, model: str, precision: Precision, samples: int, seconds: float) -> None:
        """Take a batch into the measured speed of a model."""
        newest = samples / max(seconds, 1e-6)
        average = self._speeds.get((model, precision), newest)
        self._speeds[model, precision] = average + _SMOOTHING * (newest - average)

    def speed(self, model: str, precision: Precision = "f32") -> float | None:
        """Return the measured samples a second of a model on this machine, or None before the first batch."""
        return self._speeds.get((model, precision))


@st.cache_resource(show_spinner=False)
def server() -> Server:
    """Return the one that all sessions share."""
    keep_keras_whole()
    return Server()
