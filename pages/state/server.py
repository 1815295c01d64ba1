"""What the whole server shares between reruns and sessions: results, classifiers, measured speeds, whose turn it is."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, get_args
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd  # noqa: F401 - whole before any figure: Plotly uses it while another thread is still importing it
import streamlit as st
from numpy.typing import NDArray
from plotly.graph_objects import Figure

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from lime_core.answers.scene import cut
from lime_core.judge import Judge
from lime_core.methods import mask_method_named
from lime_core.models.engines.base import Precision, PrecisionChoice, precision_of
from lime_core.settings.spec import QUERY_STAGES
from lime_core.show.canvas import Canvas
from lime_core.show.encoding import to_jpeg
from pages.state.attribution_keys import fit_key
from pages.state.cache import LruCache, digest
from pages.state.connections import send_at_once
from pages.state.load_job import keep_keras_whole
from pages.state.loaded_models import LoadedModels
from pages.state.question import Question, cut_key
from pages.state.trials_made import take_in_trials
from pages.state.turns import Turns

T = TypeVar("T")

MAX_BYTES = 512 * 1024 * 1024
_SMOOTHING = 0.3  # share of the newest batch in the measured speed


class Server:
    """One for the whole server.

    Attributes
    ----------
    results : LruCache
        Answers, scenes, explanations, results of trials, encoded pictures and figures by digest.
    turns : Turns
        The order in which all visitors' runs ask the models, one batch at a time.
    models : LoadedModels
        The classifiers in memory.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.results = LruCache(max_bytes)
        self.turns = Turns()
        self.models = LoadedModels()
        self._speeds: dict[tuple[str, Precision], float] = {}
        self._guard = threading.Lock()
        self._makers: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    def cached(self, key: str, make: Callable[[], T]) -> T:
        """Return the value of a key, made now if it is not kept.

        Of several threads that ask at the same time one makes it and the others wait: a run and the page that began it
        both need the cut at once.
        """
        value: T | None = self.results.get(key)
        if value is not None:
            return value
        with self._guard:
            maker = self._makers.setdefault(key, threading.Lock())
        with maker:
            value = self.results.get(key)
            if value is None:
                value = make()
                self.results.put(key, value)
            return value

    def scene(self, image: lc.Image, input_size: tuple[int, int], spec: lc.ExplainSpec) -> lc.Scene:
        """Return the cut picture with its fill; another fill or seed does not cut it anew."""

        def make() -> lc.Scene:
            segments = self.cached(cut_key(image, input_size, spec), lambda: cut(image, input_size, spec))
            return lc.prepare(image, input_size, spec, segments=segments)

        return self.cached(scene_key(image, input_size, spec), make)

    def picture(self, draw: Callable[[], NDArray[np.uint8]], *about: str) -> bytes:
        """Return a picture as a JPEG file, drawn now unless it is kept.

        Parameters
        ----------
        draw : callable
            Returns uint8 ``(H, W, 3)``.
        *about : str
            All that the picture depends on.
        """
        return self.cached(digest("picture", *about), lambda: to_jpeg(draw()))

    def figure(self, draw: Callable[[], Figure], *about: str) -> Figure:
        """Return a figure, made now unless it is kept; all visitors share it, so nobody may change it.

        Parameters
        ----------
        draw : callable
            Makes it.
        *about : str
            All that the figure depends on.
        """
        return self.cached(digest("figure", *about), draw)

    def canvas(
        self, question: Question, image: lc.Image, segments: NDArray[np.int32], width: int | None = None
    ) -> Canvas:
        """Return what the pictures of a question's cut are drawn on, at most `width` pixels wide.

        Parameters
        ----------
        question : Question
            Whose cut it is; questions with the same cut share it.
        image, segments : Image and int32 array (H, W)
            The framed picture and its superpixels.
        width : int, optional
            Without it the picture's own.
        """
        key = digest("canvas", question.cut_key, str(width))
        return self.cached(key, lambda: Canvas(image, segments, width).prepare())

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
        with self.turns.at_once():
            return lc.Probe(scene, classifier).ask(mask)

    def remember(self, question: Question, answers: lc.Neighborhood) -> None:
        """Keep the answers to a question in the precision that they were asked in, unless more are kept."""
        key = replace(question, precision=precision_of(answers.provenance.engine)).key
        cached: lc.Neighborhood | None = self.results.get(key)
        if cached is None or cached.samples < answers.samples:
            self.results.put(key, answers)

    def answers_to(self, question: Question) -> lc.Neighborhood | None:
        """Return the answers to a question that are there, at most as many as it asks for.

        For "auto" those in f32, asked for whatever reason, before those in reduced precision.
        """
        precisions: tuple[Precision, ...] = (
            get_args(Precision) if question.precision == "auto" else (question.precision,)
        )
        for precision in precisions:
            cached: lc.Neighborhood | None = self.results.get(replace(question, precision=precision).key)
            if cached is not None:
                return first_samples(cached, question.size(cached.superpixels))
        return None

    def attribution(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec, method: str = "lime") -> lc.Attribution:
        """Return what a method makes of some answers, with verdicts for the K of the view that take in trials made.

        How it is drawn does not count: the same fit is judged anew for another K, and returned as it is for another
        view.
        """
        spec_of_fit = spec.with_stages_of(neighborhood.spec, *QUERY_STAGES)
        # The same answers may come with different remarks: where "auto" ended in f32, or f32 was chosen.
        key = digest(fit_key(method, neighborhood.provenance, spec_of_fit), *neighborhood.notes)

        def judge() -> Judge[lc.Attribution]:
            fitted, workings = mask_method_named(method).work_out(neighborhood, spec)
            return Judge(fitted, neighborhood, workings)

        judged = self.cached(digest(key, str(spec.top_k)), lambda: self.cached(key, judge).judged(spec.top_k))
        return take_in_trials(judged, self.results)

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

    def speed(self, model: str, precision: PrecisionChoice = "f32") -> float | None:
        """Return the measured samples a second of a model on this machine, or None before the first batch.

        For "auto" those in f32, which it may turn out to be.
        """
        return self._speeds.get((model, "f32" if precision == "auto" else precision))


def scene_key(image: lc.Image, input_size: tuple[int, int], spec: lc.ExplainSpec) -> str:
    """Return a digest of all that a scene depends on."""
    return digest("scene", cut_key(image, input_size, spec), str(input_size), str(spec.fill.to_dict()), str(spec.seed))


@st.cache_resource(show_spinner=False)
def server() -> Server:
    """Return the one that all sessions share."""
    keep_keras_whole()
    send_at_once()
    return Server()
