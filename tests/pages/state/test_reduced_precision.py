"""bf16 is a choice, checked on the picture before it is used, and reported on the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lime_core as lc
from lime_core.models import CATALOG, imagenet_class_names
from pages.widgets import model_choice
from tests.pages.conftest import FakeModel, explained, fine, finish, open_page, state_of, texts


class Network(lc.CallableClassifier):
    """A classifier that says which engine it runs on."""

    def __init__(self, function: Any, name: str, engine: str) -> None:
        super().__init__(function, CATALOG[name].input_size, imagenet_class_names(), id=name)
        self.engine = engine


@pytest.fixture
def engines(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    """Both precisions, bf16 off by the share `model.error`."""
    monkeypatch.setattr(model_choice, "bf16_available", lambda: True)
    model.error = 0.01

    def load(name: str, *, precision: str = "f32", **_: object) -> Network:
        if precision == "f32":
            return Network(model, name, "openvino")
        return Network(lambda images: model(images) * np.float32(1 - model.error), name, "openvino-bf16")

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
    assert state_of(page).settings.precision == "f32"


def test_bf16_that_agrees_is_used_and_the_result_says_so(engines: FakeModel) -> None:
    page = in_bf16(explained(samples="256"))
    state = state_of(page)
    assert state.result.neighborhood.provenance.engine == "openvino-bf16"
    assert state.result.neighborhood.samples == 256
    assert "Asked in reduced precision" in texts(page).replace("\\", "")
    assert "OpenVINO, bf16" in texts(page)


def test_bf16_that_does_not_agree_is_not_used_and_the_result_says_so(engines: FakeModel) -> None:
    engines.error = 0.5
    page = in_bf16(explained(samples="256"))
    assert state_of(page).result.neighborhood.provenance.engine == "openvino"
    assert "not close enough" in texts(page).replace("\\", "")


def test_both_precisions_are_kept_apart_and_a_second_look_costs_nothing(engines: FakeModel) -> None:
    page = in_bf16(explained(samples="128"))
    reduced, asked = state_of(page).result.neighborhood, engines.pictures
    page.segmented_control(key="precision").set_value("f32").run()
    page.button(key="explain").click().run()
    exact = state_of(finish(page)).result.neighborhood
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
