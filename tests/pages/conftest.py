"""The screens run against a classifier with known answers that costs nothing and can be held up."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.models import CATALOG, imagenet_class_names
from pages.state import load_job
from pages.state.server import server
from pages.state.session import Session
from pages.widgets import fragments

SECONDS = 60
APP = Path(__file__).parents[2] / "app.py"


class FakeModel:
    """Says "Egyptian cat" the more, the brighter the left half is, and "espresso" for the right half; counts.

    Attributes
    ----------
    pictures : int
        How many it was asked about.
    gate : Event
        While it is not set, every question waits.
    allowed : int or None
        After so many pictures the gate closes by itself.
    held_up : Event
        Set when it has.
    """

    CAT, ESPRESSO = 285, 967

    def __init__(self) -> None:
        self.pictures = 0
        self.gate = threading.Event()
        self.gate.set()
        self.allowed: int | None = None
        self.held_up = threading.Event()
        self.load: Callable[..., lc.Classifier] = self.ready

    def ready(self, name: str, **_: object) -> lc.Classifier:
        """Stand in for `load_classifier`."""
        return lc.CallableClassifier(
            self, CATALOG[name].input_size, imagenet_class_names(), id=name, outputs="probabilities"
        )

    def __call__(self, images: np.ndarray) -> np.ndarray:
        assert self.gate.wait(SECONDS)
        self.pictures += len(images)
        if self.allowed is not None and self.pictures >= self.allowed:
            self.gate.clear()
            self.allowed = None
            self.held_up.set()
        outputs = np.full((len(images), 1000), 1e-4, np.float32)
        half = images.shape[2] // 2
        outputs[:, self.CAT] = images[:, :, :half].mean(axis=(1, 2, 3)) / 300
        outputs[:, self.ESPRESSO] = images[:, :, half:].mean(axis=(1, 2, 3)) / 600
        return outputs


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeModel]:
    """Every model of the catalog answers as the fake does."""
    fake = FakeModel()
    monkeypatch.setattr(load_job.lc, "load_classifier", lambda name, **options: fake.load(name, **options))
    server.clear()
    yield fake
    fake.allowed = None
    fake.gate.set()
    server.clear()


@pytest.fixture(autouse=True)
def every_run_is_of_the_whole_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's test runner forgets the pages of the navigation between runs, so a part of a page has no links.

    What a knob draws anew by itself is tested in the browser.
    """

    def redraw(keys: Sequence[str]) -> None:
        assert keys
        assert ThreadState.get().run_location == RunLocation.CALLBACK, "Streamlit refuses this outside callbacks"

    monkeypatch.setattr(fragments, "redraw", redraw)


@pytest.fixture(autouse=True)
def nothing_deprecated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `st.` call with a deprecated parameter is an error: Streamlit only logs it, past Python's own warnings."""

    def refuse(message: str, *_: object, **__: object) -> None:
        raise AssertionError(f"deprecated: {message}")

    for name, module in list(sys.modules.items()):
        if name.startswith("streamlit") and "show_deprecation_warning" in vars(module):
            monkeypatch.setattr(module, "show_deprecation_warning", refuse)


def open_page(**query: str) -> AppTest:
    """Open the page in a new session, as with a link when there is a query."""
    page = AppTest.from_file(APP, default_timeout=SECONDS)
    for name, value in query.items():
        page.query_params[name.replace("_", "-")] = value
    return page.run()


def state_of(page: AppTest) -> Session:
    """Return the session behind a page."""
    return page.session_state["session"]


def finish(page: AppTest) -> AppTest:
    """Wait until the run has ended, and look again."""
    job = state_of(page).job
    assert job is not None
    assert job.wait(SECONDS)
    return fine(page.run())


def explained(**query: str) -> AppTest:
    """Open the page and wait for the first explanation."""
    page = open_page(**query)
    return finish(page) if state_of(page).job else fine(page)


def opened(page: AppTest, *popovers: str) -> AppTest:
    """Open popovers of settings, such as ``fit``; closed ones are not drawn."""
    for name in popovers:
        page.session_state[f"open.{name}"] = True
    return page.run()


def fine(page: AppTest) -> AppTest:
    """Check that nothing went wrong on a page."""
    assert not page.exception
    assert not [error.value for error in page.error]
    return page


def texts(page: AppTest) -> str:
    """Return all running text of a page."""
    return "\n".join(
        element.value for kind in (page.markdown, page.caption, page.warning, page.error) for element in kind
    )
