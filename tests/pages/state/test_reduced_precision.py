"""Precision is a choice; auto is bf16 where it is good enough, and the result says what was used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lime_core as lc
from lime_core.methods.lime import precision as good_enough
from lime_core.models import CATALOG, imagenet_class_names
from pages.state.server import server
from pages.widgets import model_choice
from tests.pages.conftest import FakeModel, explained, fine, finish, open_page, state_of, texts


class Network(lc.CallableClassifier):
    """A classifier that says which engine it runs on."""

    def __init__(self, function: Any, name: str, engine: str) -> None:
        super().__init__(function, CATALOG[name].input_size, imagenet_class_names(), id=name)
        self.engine = engine


@pytest.fixture
def engines(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """Both precisions; bf16 says less by the share `model.error`, the more so the brighter the top left quarter is."""
    for module in (model_choice, good_enough):
        monkeypatch.setattr(module, "bf16_available", lambda: True)
    model.error = 0.01

    def reduced(images: np.ndarray) -> np.ndarray:
        corner = images[:, : images.shape[1] // 2, : images.shape[2] // 2].mean(axis=(1, 2, 3)) / 255
        return model(images) * np.float32(1 - model.error * corner[:, None])

    def load(name: str, *, precision: str = "f32", **_: object) -> Network:
        if precision == "f32":
            return Network(model, name, "openvino")
        return Network(reduced, name, "openvino-bf16")

    model.load = load
    return model


def in_bf16(page):
    page.segmented_control(key="precision").set_value("bf16").run()
    page.button(key="explain").click().run()
    return finish(page)


def test_the_result_says_which_engine_ran(engines: FakeModel) -> None:
    page = explained(samples="64")
    assert "OpenVINO, f32" in texts(page)
    assert "runs on OpenVINO, f32" in texts(page)


def test_without_the_hardware_there_is_no_choice(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_choice, "bf16_available", lambda: False)
    page = explained(samples="64", precision="bf16")
    assert not any(widget.key == "precision" for widget in page.segmented_control)
    assert state_of(page).settings.precision == "auto"


def test_bf16_that_is_wanted_is_used_and_the_result_says_how_far_it_moved(engines: FakeModel) -> None:
    page = in_bf16(explained(samples="256"))
    state = state_of(page)
    assert state.result.neighborhood.provenance.engine == "openvino-bf16"
    assert state.result.neighborhood.samples == 256
    assert "Asked in bf16, 64 of 256 samples in f32 as well" in texts(page).replace("\\", "")
    assert "OpenVINO, bf16" in texts(page)


def test_auto_is_bf16_where_that_moves_little_and_f32_where_it_moves_far(engines: FakeModel) -> None:
    engines.error = 1e-5
    assert state_of(explained(samples="512")).result.neighborhood.provenance.engine == "openvino-bf16"
    server.clear()
    engines.error = 0.9
    page = explained(samples="512")
    answers = state_of(page).result.neighborhood
    assert (answers.provenance.engine, answers.samples) == ("openvino", 512)
    assert "Asked in f32: in bf16 the coefficients" in texts(page).replace("\\", "")


def test_more_samples_begin_anew_in_f32_when_bf16_is_no_longer_good_enough(engines: FakeModel) -> None:
    engines.error = 1e-5
    page = explained(samples="256")
    engines.error = 0.5
    page.button(key="more").click().run()
    state = state_of(finish(page))
    answers = state.result.neighborhood
    assert (answers.provenance.engine, answers.samples, answers.compared) == ("openvino", 512, None)
    assert server().answers_to(state.result.question) == answers


def test_both_precisions_are_kept_apart_and_a_second_look_costs_nothing(engines: FakeModel) -> None:
    page = in_bf16(explained(samples="128"))
    reduced = state_of(page).result.neighborhood
    page.segmented_control(key="precision").set_value("f32").run()
    page.button(key="explain").click().run()
    exact, asked = state_of(finish(page)).result.neighborhood, engines.pictures
    assert not np.array_equal(exact.outputs, reduced.outputs)
    again = fine(in_bf16(page))
    assert np.array_equal(state_of(again).result.neighborhood.outputs, reduced.outputs)
    assert engines.pictures == asked


def test_more_samples_go_on_in_the_precision_that_was_used(engines: FakeModel) -> None:
    page = in_bf16(explained(samples="128"))
    first = state_of(page).result.neighborhood
    page.button(key="more").click().run()
    second = state_of(finish(page)).result.neighborhood
    assert second.samples == 256
    assert np.array_equal(second.outputs[:128], first.outputs)
    assert second.notes == first.notes
    assert second.provenance.engine == "openvino-bf16"


def test_a_link_and_the_command_ask_in_the_same_precision(engines: FakeModel) -> None:
    page = open_page(samples="64", precision="bf16", tab="Take away")
    # A second network would have to be loaded, so a visit alone does not ask.
    assert engines.pictures == 0
    page.button(key="explain").click().run()
    page = finish(page)
    assert state_of(page).result.question.precision == "bf16"
    codes = [element.value for element in page.code]
    assert any("--precision bf16" in code for code in codes)
    assert any("precision=bf16" in code for code in codes)
