"""Popovers are drawn while they are open, and nothing that was set in them is lost when they are closed."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.superpixels import LabelMap
from pages.state import widget_state
from tests.pages.conftest import FakeModel, explained, fine, finish, opened, state_of, texts

EXPLAIN, TRUST = "pages/screens/explain/page.py", "pages/screens/trust/page.py"
# Of each popover: widgets with their kinds, and values that are not the defaults.
POPOVERS: dict[str, dict[tuple[str, str], Any]] = {
    "superpixels": {
        ("selectbox", "spec.segmentation"): "grid",
        ("number_input", "spec.segmentation.grid.rows"): 4,
        ("selectbox", "spec.framing"): "center_crop",
    },
    "sampling": {
        ("selectbox", "spec.sampler"): "iid",
        ("slider", "spec.keep_probability"): 0.7,
        ("number_input", "spec.seed"): 11,
        ("selectbox", "spec.fill"): "color",
        ("color_picker", "spec.fill_color"): "#102030",
        ("toggle", "spec.early_stop"): True,
        ("number_input", "spec.stop_top_k"): 3,
    },
    "appearance": {
        ("slider", "spec.opacity"): 0.9,
        ("toggle", "spec.hide_unsure"): True,
        ("toggle", widget_state.ONE_SCALE): False,
    },
    "fit": {
        ("selectbox", "spec.target"): "probability",
        ("selectbox", "spec.kernel"): "gaussian",
        ("selectbox", "spec.surrogate"): "lasso",
        ("toggle", "spec.normalize_weights"): False,
    },
    "classes": {("multiselect", "spec.classes"): [1, 967]},
}


def closed(page: AppTest, *popovers: str) -> AppTest:
    """Close popovers, and let another run pass."""
    for name in popovers:
        page.session_state[f"open.{name}"] = False
    return fine(fine(page.run()).run())


def keys_on(page: AppTest) -> set[str | None]:
    """Return the keys of all widgets that are drawn."""
    kinds = ("selectbox", "number_input", "slider", "toggle", "color_picker", "multiselect")
    return {widget.key for kind in kinds for widget in page.get(kind)}


def widget(page: AppTest, kind: str, key: str) -> Any:
    """Return the one widget of a kind with a key."""
    (found,) = [item for item in page.get(kind) if item.key == key]
    return found


def test_what_is_in_a_closed_popover_is_not_drawn(model: FakeModel) -> None:
    page = explained(samples="64")
    assert not {key for widgets in POPOVERS.values() for _, key in widgets} & keys_on(page)
    assert not page.file_uploader
    # The kernel's width and K stand beside the popovers.
    assert {"spec.kernel_width", "spec.top_k", "spec.samples"} <= keys_on(page)
    fine(opened(page, *POPOVERS))
    assert {"spec.segmentation", "spec.fill", "spec.opacity", "spec.surrogate", "spec.classes"} <= keys_on(page)
    closed(page, *POPOVERS)
    assert not {key for widgets in POPOVERS.values() for _, key in widgets} & keys_on(page)


@pytest.mark.parametrize("name", POPOVERS)
def test_what_was_set_outlives_closing_another_screen_and_opening_again(model: FakeModel, name: str) -> None:
    page = fine(opened(explained(samples="64"), name))
    before = state_of(page).settings
    for (kind, key), value in POPOVERS[name].items():
        fine(widget(page, kind, key).set_value(value).run())
    changed = state_of(page).settings
    assert changed != before
    closed(page, name)
    assert state_of(page).settings == changed
    fine(page.switch_page(TRUST).run())
    fine(page.switch_page(EXPLAIN).run())
    assert state_of(page).settings == changed
    fine(opened(page, name))
    assert {key: widget(page, kind, key).value for kind, key in POPOVERS[name]} == {
        key: value for (_, key), value in POPOVERS[name].items()
    }
    assert state_of(page).settings == changed


def test_a_preset_sets_what_closed_popovers_hold(model: FakeModel) -> None:
    page = opened(explained(samples="64"), *POPOVERS)
    for widgets in POPOVERS.values():
        for (kind, key), value in widgets.items():
            fine(widget(page, kind, key).set_value(value).run())
    closed(page, *POPOVERS)
    page.selectbox(key="preset").set_value("matlab-blog").run()
    wanted = lc.preset("matlab-blog")
    assert state_of(page).settings.spec == wanted
    fine(opened(page, *POPOVERS))
    assert state_of(page).settings.spec == wanted
    assert (page.selectbox(key="spec.surrogate").value, page.multiselect(key="spec.classes").value) == (
        wanted.surrogate.name,
        [],
    )


def test_a_field_that_is_left_by_the_click_that_closes_its_popover_counts(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "sampling", "superpixels")
    # The browser sends the typed number and the closed popover together.
    page.number_input(key="spec.seed").set_value(7)
    closed(page, "sampling")
    assert state_of(page).settings.spec.seed == 7
    page.selectbox(key="spec.segmentation").set_value("grid")
    closed(page, "superpixels")
    assert state_of(page).settings.spec.segmentation.name == "grid"


def test_a_kernel_keeps_its_width_beside_the_closed_popover(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "fit")
    fine(page.selectbox(key="spec.kernel").set_value("gaussian").run())
    closed(page, "fit")
    fine(page.slider(key="spec.kernel_width").set_value(0.5).run())
    assert state_of(page).settings.spec.kernel == lc.ExplainSpec(kernel="gaussian", kernel_width=0.5).kernel
    assert state_of(page).drawn.attribution.spec.kernel_width == 0.5
    fine(opened(page, "fit"))
    assert page.slider(key="spec.kernel_width").value == 0.5
    fine(page.selectbox(key="spec.kernel").set_value("none").run())
    closed(page, "fit")
    assert "spec.kernel_width" not in keys_on(page)


def test_a_refused_setting_is_said_until_it_is_mended_even_when_its_popover_is_closed(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "superpixels")
    page.selectbox(key="spec.segmentation").set_value(LabelMap.name).run()
    for still_open in (True, False, False):
        page.session_state["open.superpixels"] = still_open
        page.run()
        assert [error.value for error in page.error] == ["Choose a PNG file with the label map\\."]
        assert page.button(key="explain").disabled
    opened(page, "superpixels")
    fine(page.selectbox(key="spec.segmentation").set_value("grid").run())
    closed(page, "superpixels")
    assert state_of(page).settings.spec.segmentation.name == "grid"


def test_too_many_superpixels_are_said_when_the_popover_is_closed(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "superpixels")
    page.selectbox(key="spec.segmentation").set_value("grid").run()
    page.number_input(key="spec.segmentation.grid.rows").set_value(400).run()
    page.number_input(key="spec.segmentation.grid.columns").set_value(400).run()
    page.session_state["open.superpixels"] = False
    page.run().run()
    assert "at most 1023" in page.error[0].value
    assert page.button(key="explain").disabled


def test_a_label_map_outlives_its_file_field(model: FakeModel) -> None:
    labels = np.zeros((60, 90), np.uint8)
    labels[:, 45:], labels[30:] = 80, labels[30:] + 20
    buffer = io.BytesIO()
    PIL.Image.fromarray(labels).save(buffer, "PNG")
    page = opened(explained(samples="64"), "superpixels")
    page.selectbox(key="spec.segmentation").set_value(LabelMap.name).run()
    fine(page.file_uploader(key="label_map").upload("map.png", buffer.getvalue(), "image/png").run())
    cut = state_of(page).settings.spec.segmentation
    assert np.unique(cut.labels).tolist() == [0, 1, 2]
    closed(page, "superpixels")
    fine(opened(page, "superpixels"))
    closed(page, "superpixels")
    assert state_of(page).settings.spec.segmentation == cut
    page.button(key="explain").click().run()
    finish(page)
    assert state_of(page).drawn.attribution.superpixels == len(np.unique(labels))


def test_classes_that_the_model_on_screen_does_not_have_are_left_out(model: FakeModel) -> None:
    page = explained(samples="64")
    settings = state_of(page).settings
    state_of(page).settings = replace(settings, spec=replace(settings.spec, classes=(5000, FakeModel.ESPRESSO)))
    fine(page.run())
    assert [item.index for item in state_of(page).drawn.attribution.classes] == [FakeModel.ESPRESSO]


def test_what_the_model_sees_is_drawn_when_it_is_asked_for(model: FakeModel) -> None:
    page = explained(samples="64")
    assert "Change it under" not in texts(page)
    fine(opened(page, "seen"))
    assert "224×224 pixels: " in texts(page)
