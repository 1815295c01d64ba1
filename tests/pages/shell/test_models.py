"""A model that is being loaded, fetched, or cannot be had."""

from __future__ import annotations

import threading

import lime_core as lc
from pages.state.server import server
from tests.pages.conftest import FakeModel, explained, fine, finish, open_page, state_of, texts


def test_a_model_that_cannot_be_had_is_said_and_the_built_in_one_is_offered(model: FakeModel) -> None:
    page = explained(samples="64")

    def unavailable(name: str, **_: object) -> lc.Classifier:
        raise lc.WeightsError("There is no connection to the server.")

    model.load = unavailable
    page.selectbox(key="model").set_value("vgg16").run()
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
    fine(page.selectbox(key="spec.segmentation").set_value("grid").run())
    gate.set()
    finish(page)
    assert "says *Egyptian cat*" in texts(page)
