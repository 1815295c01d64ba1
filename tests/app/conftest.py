"""The screens run against a classifier with known answers that costs nothing and can be held up."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.models import CATALOG, imagenet_class_names
from pages.parts import loading
from pages.parts.store import store

SECONDS = 60
APP = Path(__file__).parents[2] / "app.py"


class FakeModel:
    """Says "Egyptian cat" the more, the brighter the left half is, and "espresso" for the right half; counts."""

    CAT, ESPRESSO = 285, 967

    def __init__(self) -> None:
        self.pictures = 0
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        self.gate.wait(SECONDS)
        self.pictures += len(images)
        outputs = np.full((len(images), 1000), 1e-4, np.float32)
        half = images.shape[2] // 2
        outputs[:, self.CAT] = images[:, :, :half].mean(axis=(1, 2, 3)) / 300
        outputs[:, self.ESPRESSO] = images[:, :, half:].mean(axis=(1, 2, 3)) / 600
        return outputs


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """Every model of the catalog answers as the fake does."""
    fake = FakeModel()

    def load(name: str, **_: object) -> lc.Classifier:
        return lc.CallableClassifier(fake, CATALOG[name].input_size, imagenet_class_names(), id=name)

    monkeypatch.setattr(loading.lc, "load_classifier", load)
    store.clear()
    yield fake
    fake.gate.set()
    store.clear()


def open_page(**query: str) -> AppTest:
    """Open the page in a new session."""
    page = AppTest.from_file(APP, default_timeout=SECONDS)
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def finish(page: AppTest) -> AppTest:
    """Wait until the run has ended, and look again."""
    run = page.session_state["session"].run
    assert run.wait(SECONDS)
    return page.run()
