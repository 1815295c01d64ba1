"""A model that is being loaded, fetched, or cannot be had."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import lime_core as lc
from lime_core.models import CATALOG, DEFAULT_MODEL
from pages.shell import sidebar
from pages.state import load_job
from pages.state.server import server
from tests.pages.conftest import FakeModel, explained, fine, finish, open_page, opened, state_of, texts

SCREENS = ["explain", "trust", "methods", "compare", "walkthrough"]
OTHERS = [name for name in CATALOG if name != DEFAULT_MODEL]


@pytest.fixture(autouse=True)
def no_weights_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keras's folder is empty; the models that come in packages are there."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))


@pytest.fixture
def loads(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Model and precision of every loading that was begun."""
    begun: list[tuple[str, str]] = []

    class Counted(load_job.LoadJob):
        def start(self) -> Counted:
            begun.append((self.model, self.precision))
            return super().start()

    monkeypatch.setattr("pages.state.loaded_models.LoadJob", Counted)
    return begun


@pytest.mark.parametrize("name", OTHERS)
def test_a_visit_to_a_link_of_another_model_loads_and_asks_nothing(
    model: FakeModel, loads: list[tuple[str, str]], name: str
) -> None:
    page = fine(open_page(model=name))
    for screen in SCREENS:
        fine(page.switch_page(f"pages/screens/{screen}/page.py").run())
    assert loads == []
    assert model.pictures == 0
    assert state_of(page).settings.model == name


@pytest.mark.parametrize(
    "query",
    [
        {"precision": "bf16"},
        {"samples": "50000"},
        {"samples": "50000", "early_stop": ""},
        {"method": "leave_one_out"},
        {"segmentation": "quickshift"},
        {"top_classes": "100"},
    ],
    ids=str,
)
def test_a_visit_costs_no_more_than_the_built_in_model_on_any_screen(
    model: FakeModel, loads: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    monkeypatch.setattr("pages.shell.visit.bf16_available", lambda: True)
    monkeypatch.setattr("pages.widgets.model_choice.bf16_available", lambda: True)
    page = explained(**({"samples": "64"} | query))
    for screen in SCREENS:
        fine(page.switch_page(f"pages/screens/{screen}/page.py").run())
        assert all(job.wait(60) for job in state_of(page).comparison.jobs.values())
    assert set(loads) <= {(DEFAULT_MODEL, "f32")}
    assert model.pictures <= 2 * 1025


def test_a_chosen_model_says_what_it_would_fetch_and_is_fetched_by_a_button(
    model: FakeModel, loads: list[tuple[str, str]]
) -> None:
    page = explained(samples="64")
    fine(page.selectbox(key="model").set_value("vgg16").run())
    assert page.button(key="fetch").label == "Fetch the weights, 553 MB"
    assert "*Explain* fetches 553 MB of weights first" in texts(page)
    assert loads == [(DEFAULT_MODEL, "f32")]
    page.button(key="fetch").click().run()
    assert server().models.loading("vgg16").wait(60)
    assert loads[-1] == ("vgg16", "f32")
    fine(page.run())
    assert not [button for button in page.button if button.key == "fetch"]


def test_a_model_whose_weights_are_here_needs_no_fetching(model: FakeModel, loads: list[tuple[str, str]]) -> None:
    page = explained(samples="64")
    fine(page.selectbox(key="model").set_value("efficientnet_lite2").run())
    assert not [button for button in page.button if button.key == "fetch"]
    assert "of weights first" not in texts(page)
    assert loads == [(DEFAULT_MODEL, "f32")]
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).result.question.model == "efficientnet_lite2"


def test_every_button_that_asks_says_what_it_would_fetch(model: FakeModel) -> None:
    page = fine(open_page(model="vgg16"))
    fine(page.switch_page("pages/screens/trust/page.py").run())
    assert "*Explain* fetches 553 MB" in texts(page)
    fine(page.switch_page("pages/screens/walkthrough/page.py").run())
    fine(page.segmented_control(key="walk.step").set_value(3).run())
    assert "553 MB" in page.button(key="walk.ask").label
    fine(page.switch_page("pages/screens/compare/page.py").run())
    page.multiselect(key="compare.models").set_value(["resnet50"]).run()
    assert "it fetches 656 MB of weights first" in texts(page)


def test_few_models_stay_in_memory_however_many_are_asked(model: FakeModel) -> None:
    page = explained(samples="16")
    for name in OTHERS[:5]:
        page.selectbox(key="model").set_value(name).run()
        page.button(key="explain").click().run()
        finish(page)
    assert [name for name, _ in server().models.ready] == OTHERS[2:5]
    page.selectbox(key="model").set_value(DEFAULT_MODEL).run()
    assert server().models.loading(DEFAULT_MODEL).wait(60)
    assert [name for name, _ in server().models.ready] == [*OTHERS[3:5], DEFAULT_MODEL]


def test_a_model_that_cannot_be_had_is_said_and_the_built_in_one_is_offered(model: FakeModel) -> None:
    page = explained(samples="64")

    def unavailable(name: str, **_: object) -> lc.Classifier:
        raise lc.WeightsError("There is no connection to the server.")

    model.load = unavailable
    page.selectbox(key="model").set_value("vgg16").run()
    page.button(key="fetch").click().run()
    assert server().models.loading("vgg16").wait(60)
    page.run()
    assert not page.exception
    assert "no connection" in page.error[0].value
    assert "says *Egyptian cat*" in texts(page)
    model.load = model.ready
    fine(page.button(key="use_built_in").click().run())
    assert state_of(page).settings.model == "efficientnet_lite0"


def test_a_bug_in_a_model_is_told_in_words(model: FakeModel) -> None:
    page = explained(samples="64")

    def broken(name: str, **_: object) -> lc.Classifier:
        raise RuntimeError("boom")

    model.load = broken
    page.selectbox(key="model").set_value("vgg16").run()
    page.button(key="explain").click().run()
    assert state_of(page).job.wait(60)
    page.run()
    assert not page.exception
    assert "RuntimeError\\: boom" in page.error[0].value


def test_a_download_shows_its_bytes_and_can_be_cancelled(model: FakeModel) -> None:
    begun, cancelled = threading.Event(), threading.Event()

    def fetching(name: str, on_progress, **_: object) -> lc.Classifier:
        try:
            while True:
                on_progress(50_000_000, 553_000_000)
                begun.set()
                threading.Event().wait(0.01)
        except BaseException:
            cancelled.set()
            raise

    page = explained(samples="64")
    model.load = fetching
    page.selectbox(key="model").set_value("vgg16").run()
    page.button(key="fetch").click().run()
    assert begun.wait(60)
    fine(page.run())
    assert page.button(key="cancel_download").label == "Cancel"
    page.button(key="cancel_download").click().run()
    assert cancelled.wait(60)
    assert server().models.loading("vgg16").wait(60)
    page.run()
    assert not page.exception
    assert "cancelled" in page.error[0].value


def test_the_page_is_there_while_the_model_loads(model: FakeModel) -> None:
    gate = threading.Event()

    def slow(name: str, **options: object) -> lc.Classifier:
        assert gate.wait(60)
        return model.ready(name, **options)

    model.load = slow
    page = fine(open_page(samples="64"))
    assert state_of(page).running
    fine(opened(page, "superpixels").selectbox(key="spec.segmentation").set_value("grid").run())
    gate.set()
    finish(page)
    assert "says *Egyptian cat*" in texts(page)


def test_a_model_that_comes_while_the_sidebar_is_drawn_is_noticed(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = explained(samples="64")
    gate = threading.Event()

    def slow(name: str, **options: object) -> lc.Classifier:
        assert gate.wait(60)
        return model.ready(name, **options)

    model.load = slow
    drawn = sidebar._model_card

    def card(name: str, classifier: lc.Classifier | None) -> None:
        drawn(name, classifier)
        if name == "efficientnet_lite1":
            gate.set()
            assert server().models.load(name).wait(60)

    page.selectbox(key="model").set_value("efficientnet_lite1").run()
    server().models.load("efficientnet_lite1")
    monkeypatch.setattr(sidebar, "_model_card", card)
    assert "runs on" in texts(fine(page.run()))
