"""Everything that is kept between reruns and shared by sessions: results, classifiers, measured speeds, one lock.

Results lie in a cache bounded by bytes. Keys are SHA-256 digests of our own (picture, model, settings of a stage), so
that no framework has to guess whether two arrays are equal.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np
import streamlit as st

import lime_core as lc
from lime_core.answers.scene import Probe
from lime_core.models.engines.base import Precision
from lime_core.settings.spec import QUERY_STAGES
from pages.state.load_job import Loading, keep_keras_whole

T = TypeVar("T")

MAX_BYTES = 512 * 1024 * 1024
_SMOOTHING = 0.3  # share of the newest batch in the measured speed


def digest(*parts: str) -> str:
    """Return the SHA-256 hex digest of some texts; their borders count."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def question_key(image: lc.Image, model: str, spec: lc.ExplainSpec, precision: Precision = "f32") -> str:
    """Return what tells one question to a model from another, whatever the number of samples."""
    return digest("question", image.sha256, model, precision, replace(spec, samples=2).digest(*QUERY_STAGES))


def first_samples(known: lc.Neighborhood, samples: int) -> lc.Neighborhood:
    """Return the first `samples` answers, or as many as there are."""
    if known.samples <= samples:
        return known
    cut = {name: getattr(known, name)[:samples] for name in ("masks", "outputs", "pairs")}
    return replace(known, **cut, spec=replace(known.spec, samples=samples))


def size_of(value: Any) -> int:
    """Return about how many bytes a value occupies: arrays, texts, and dataclasses and sequences of them."""
    if isinstance(value, np.ndarray):
        # A view keeps the array under it alive.
        return int(value.nbytes if value.base is None else getattr(value.base, "nbytes", value.nbytes))
    if is_dataclass(value):
        return 64 + sum(size_of(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple | list):
        return 64 + sum(size_of(item) for item in value)
    return sys.getsizeof(value)


class Lru:
    """Values by key; the longest unused ones go when their bytes exceed a bound. Safe to share between threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._values: OrderedDict[str, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """Return the value, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: str, value: Any) -> None:
        """Keep a value; one larger than the bound is not kept at all."""
        size = size_of(value)
        with self._lock:
            self._drop(key)
            if size > self.max_bytes:
                return
            self._values[key] = (value, size)
            self.bytes += size
            while self.bytes > self.max_bytes:
                self._drop(next(iter(self._values)))

    def _drop(self, key: str) -> None:
        _, size = self._values.pop(key, (None, 0))
        self.bytes -= size


class FairLock:
    """A lock that is given in the order of asking, so that a long run cannot keep a short one waiting."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._held = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def __enter__(self) -> FairLock:
        turn = threading.Event()
        with self._guard:
            if self._held:
                self._waiting.append(turn)
            else:
                self._held = True
                turn.set()
        turn.wait()
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._held = False


class Store:
    """One for the whole server."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.results = Lru(max_bytes)
        self.inference = FairLock()
        self._loadings: dict[tuple[str, Precision], Loading] = {}
        self._speeds: dict[tuple[str, Precision], float] = {}
        self._guard = threading.Lock()

    def cached(self, key: str, make: Callable[[], T]) -> T:
        """Return the value of a key, made now if it is not kept."""
        value: T | None = self.results.get(key)
        if value is None:
            value = make()
            self.results.put(key, value)
        return value

    def loading(self, model: str, precision: Precision = "f32") -> Loading:
        """Return the loading of a model, begun now unless it is under way or done; a failed one begins anew."""
        with self._guard:
            known = self.known_loading(model, precision)
            if known is None or known.failed:
                known = self._loadings[model, precision] = Loading(model, precision)
                known.start()
            return known

    def known_loading(self, model: str, precision: Precision = "f32") -> Loading | None:
        """Return the latest loading of a model without beginning one."""
        return self._loadings.get((model, precision))

    def loaded(self, model: str, precision: Precision = "f32") -> lc.Classifier | None:
        """Return a classifier that is ready, without waiting for one that is not."""
        known = self.known_loading(model, precision)
        return known.classifier if known else None

    def scene(self, image: lc.Image, input_size: tuple[int, int], spec: lc.ExplainSpec) -> lc.Scene:
        """Return the cut picture with its fill."""
        parts = (
            spec.digest("segmentation"),
            spec.fill,
            str(spec.fill_color),
            str(spec.fill_blur_sigma),
            str(spec.seed),
        )
        key = digest("scene", image.sha256, str(input_size), *parts)
        return self.cached(key, lambda: lc.prepare(image, input_size, spec))

    def outputs(
        self, image: lc.Image, model: str, spec: lc.ExplainSpec, mask: np.ndarray, precision: Precision = "f32"
    ) -> np.ndarray:
        """Return the model's answer (1, C) to one mask (1, S), asked now unless it is known.

        Raises
        ------
        ModelError
            While the model is still being loaded, or when it could not be.
        """
        classifier = self.loaded(model, precision)
        if classifier is None:
            failed = self.loading(model, precision).error
            raise failed or lc.ModelError("The model is still being loaded; try again in a moment.")
        key = digest("probe", question_key(image, model, spec, precision), mask.tobytes().hex())
        return self.cached(key, lambda: self._ask(image, classifier, spec, mask))

    def _ask(self, image: lc.Image, classifier: lc.Classifier, spec: lc.ExplainSpec, mask: np.ndarray) -> np.ndarray:
        scene = self.scene(image, classifier.input_size, spec)
        with self.inference:
            return Probe(scene, classifier).ask(mask)

    def remember(self, key: str, neighborhood: lc.Neighborhood) -> None:
        """Keep the answers to a question, unless more of them are kept already."""
        known = self.results.get(key)
        if known is None or known.samples < neighborhood.samples:
            self.results.put(key, neighborhood)

    def answers(self, key: str, samples: int) -> lc.Neighborhood | None:
        """Return the first `samples` answers to a question, or as many as there are."""
        known: lc.Neighborhood | None = self.results.get(key)
        return None if known is None else first_samples(known, samples)

    def explanation(self, neighborhood: lc.Neighborhood, spec: lc.ExplainSpec) -> lc.Explanation:
        """Return the fit of some answers."""
        about = neighborhood.provenance
        asked = neighborhood.spec.digest(*QUERY_STAGES)
        model = (about.model, str(about.weights_sha256), about.engine)
        key = digest("fit", about.image_sha256, *model, asked, spec.digest("fit", "view"))
        return self.cached(key, lambda: lc.fit(neighborhood, spec))

    def measure(self, model: str, precision: Precision, samples: int, seconds: float) -> None:
        """Take a batch into the measured speed of a model."""
        speed = samples / max(seconds, 1e-6)
        known = self._speeds.get((model, precision), speed)
        self._speeds[model, precision] = known + _SMOOTHING * (speed - known)

    def speed(self, model: str, precision: Precision = "f32") -> float | None:
        """Return the measured samples a second of a model on this machine, or None before the first batch."""
        return self._speeds.get((model, precision))


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """Return the server's one store."""
    keep_keras_whole()
    return Store()
