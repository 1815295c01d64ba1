"""The Compare screen: one question to several models, asked once, and how far their answers agree."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from pages.screens.compare.same_question import on_the_same_masks, questions
from pages.state.comparison_runs import ComparisonRuns
from pages.state.server import server
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, open_page, opened, state_of, texts

SCREEN = "pages/screens/compare/page.py"
LITE0, LITE1 = "efficientnet_lite0", "efficientnet_lite1"


def runs(page: AppTest) -> ComparisonRuns:
    return state_of(page).comparison


def models(page: AppTest) -> tuple[str, ...]:
    return (state_of(page).settings.model, *state_of(page).settings.others)


def answered(page: AppTest) -> AppTest:
    """Wait for all runs, and look again."""
    assert all(job.wait(SECONDS) for job in runs(page).jobs.values())
    return fine(page.run())


def pressed(page: AppTest) -> AppTest:
    """Press Compare and wait for all runs."""
    page.button(key="compare").click().run()
    return answered(page)


def compared(**query: str) -> AppTest:
    """Explain a picture, go on to the Compare screen, and press Compare."""
    page = explained(**{"samples": "64", **query})
    return pressed(answered(page.switch_page(SCREEN).run()))


def answers(page: AppTest) -> list[lc.Neighborhood]:
    return [runs(page).answers(question) for question in questions(state_of(page).settings)]


def test_an_opened_screen_shows_the_built_in_model_and_asks_no_other_before_the_button(model: FakeModel) -> None:
    page = open_page(samples="64")
    page = AppTest.from_file(page._script_path, default_timeout=SECONDS)
    page.query_params["samples"] = "64"
    page = answered(page.run().switch_page(SCREEN).run())
    assert list(runs(page).jobs) == [LITE0]
    assert server().models.loading(LITE1) is None
    assert "EfficientNet-Lite0 says *Egyptian cat*" in texts(page)
    assert "press Compare" in texts(page)


def test_a_screen_whose_answers_are_there_compares_at_once(model: FakeModel) -> None:
    compared()
    asked = model.pictures
    page = explained(samples="64")
    page = answered(page.switch_page(SCREEN).run())
    assert "Both models say *Egyptian cat*" in texts(page)
    assert model.pictures == asked


def test_the_built_in_models_are_compared(model: FakeModel) -> None:
    page = compared()
    assert models(page) == (LITE0, LITE1)
    assert "Both models say *Egyptian cat*" in texts(page)
    assert "EfficientNet-Lite1" in texts(page)


def test_models_are_asked_about_the_same_superpixels_and_masks_whatever_their_input_size(model: FakeModel) -> None:
    one, other = answers(compared())
    assert one.provenance.input_size != other.provenance.input_size
    assert np.array_equal(one.segments, other.segments)
    assert np.array_equal(one.masks, other.masks)


@pytest.mark.parametrize("preset", ["tutorial", "matlab-blog"])
def test_a_cut_at_the_models_size_becomes_one_at_viewing_size(model: FakeModel, preset: str) -> None:
    page = explained(samples="64")
    page.selectbox(key="preset").set_value(preset).run()
    page.number_input(key="spec.samples").set_value(256).run()
    page = pressed(page.switch_page(SCREEN).run())
    one, other = answers(page)
    assert np.array_equal(one.masks, other.masks)
    assert "cut at viewing size here" in texts(page)
    assert state_of(page).settings.spec.resolution == "model"


def test_what_was_explained_before_is_not_asked_again(model: FakeModel) -> None:
    page = explained(samples="64")
    asked = model.pictures
    pressed(page.switch_page(SCREEN).run())
    # Only the second model: 64 samples and the unmodified picture.
    assert model.pictures - asked == 64 + 1


def test_a_second_look_asks_nothing(model: FakeModel) -> None:
    page = compared()
    asked = model.pictures
    page.button(key="compare").click().run()
    answered(page)
    fine(open_page(samples="64").switch_page(SCREEN).run())
    assert model.pictures == asked


def test_the_explain_screen_shows_what_was_compared_without_asking(model: FakeModel) -> None:
    page = compared()
    asked = model.pictures
    page.selectbox(key="model").set_value(LITE1).run()
    page.switch_page("pages/screens/explain/page.py").run()
    page.button(key="explain").click().run()
    assert state_of(page).job.wait(SECONDS)
    fine(page.run())
    assert model.pictures == asked


def test_instant_settings_ask_nothing(model: FakeModel) -> None:
    page = compared()
    asked = model.pictures
    fine(page.selectbox(key="compare.class").set_value(FakeModel.ESPRESSO).run())
    assert "espresso" in texts(page)
    for view in ("heatmap", "hide_rest", "jet", "outline"):
        fine(page.selectbox(key="spec.view").set_value(view).run())
    fine(page.slider(key="spec.top_k").set_value(2).run())
    assert state_of(page).settings.spec.top_k == 2
    assert model.pictures == asked


def test_agreement_of_models_that_answer_alike_is_nearly_full(model: FakeModel) -> None:
    page = compared()
    table = page.table[0].value
    assert list(table["models"]) == ["EfficientNet-Lite0 and EfficientNet-Lite1"]
    assert float(table["Jaccard"][0]) > 0.6
    assert float(table["rank correlation"][0]) > 0.9


def test_three_models_are_three_pairs(model: FakeModel) -> None:
    page = compared()
    page.multiselect(key="compare.models").set_value([LITE1, "efficientnet_lite2"]).run()
    page.button(key="compare").click().run()
    answered(page)
    assert len(page.table[0].value) == 3
    fine(page.selectbox(key="compare.a").set_value(2).run())


def test_stop_keeps_what_both_models_have_answered(model: FakeModel) -> None:
    page = explained(samples="64")
    page.number_input(key="spec.samples").set_value(2048).run()
    page.switch_page(SCREEN).run()
    model.allowed = model.pictures + 300
    page.button(key="compare").click().run()
    assert model.held_up.wait(SECONDS)
    fine(page.run())
    page.button(key="compare.stop").click().run()
    model.gate.set()
    answered(page)
    assert "Stopped" in texts(page)
    cut = on_the_same_masks(answers(page))
    assert 0 < cut[0].samples == cut[1].samples < 2048


def test_another_picture_in_the_middle_is_safe(model: FakeModel) -> None:
    page = explained(samples="64")
    model.allowed = model.pictures + 20
    page.switch_page(SCREEN).run()
    page.button(key="compare").click().run()
    assert model.held_up.wait(SECONDS)
    jobs = list(runs(page).jobs.values())
    page.selectbox(key="picture").set_value("coffee").run()
    model.gate.set()
    assert all(job.wait(SECONDS) for job in jobs)
    assert runs(page).jobs == {}
    fine(page.run())
    page.button(key="compare").click().run()
    answered(page)
    assert state_of(page).settings.picture.title == "Coffee"


def test_a_model_that_cannot_be_had_is_said_and_the_built_in_ones_are_offered(model: FakeModel) -> None:
    page = compared()

    def unavailable(name: str, **_: object) -> lc.Classifier:
        raise lc.WeightsError("There is no connection to the server.")

    model.load = unavailable
    page.multiselect(key="compare.models").set_value(["vgg16"]).run()
    page.button(key="compare").click().run()
    assert all(job.wait(SECONDS) for job in runs(page).jobs.values())
    page.run()
    assert not page.exception
    assert "VGG16" in page.error[0].value
    assert "no connection" in page.error[0].value
    # The others' results stay.
    assert "says *Egyptian cat*" in texts(page)
    model.load = model.ready
    page.button(key="built_in.vgg16").click().run()
    answered(page)
    assert models(page) == (LITE0, LITE1, "efficientnet_lite2")
    assert "All 3 models say" in texts(page)


def test_a_download_shows_its_bytes_and_can_be_cancelled(model: FakeModel) -> None:
    page, begun = compared(), threading.Event()

    def fetching(name: str, on_progress, **_: object) -> lc.Classifier:
        while True:
            on_progress(50_000_000, 553_000_000)
            begun.set()
            threading.Event().wait(0.01)

    model.load = fetching
    page.multiselect(key="compare.models").set_value(["vgg16"]).run()
    page.button(key="compare").click().run()
    assert begun.wait(SECONDS)
    fine(page.run())
    page.button(key="cancel.vgg16").click().run()
    assert server().models.loading("vgg16").wait(SECONDS)
    assert all(job.wait(SECONDS) for job in runs(page).jobs.values())
    page.run()
    assert not page.exception
    assert "cancelled" in page.error[0].value


def test_a_model_chosen_twice_is_compared_once(model: FakeModel) -> None:
    page = compared()
    page.selectbox(key="model").set_value(LITE1).run()
    fine(page)
    assert models(page) == (LITE1,)
    assert page.button(key="compare").disabled
    assert "choose a model to compare with" in texts(page)


def test_a_tree_is_compared_without_differences(model: FakeModel) -> None:
    page = opened(explained(samples="64"), "fit")
    page.selectbox(key="spec.surrogate").set_value("tree").run()
    page = pressed(page.switch_page(SCREEN).run())
    assert "no sign" in page.info[0].value


def test_a_deep_link_to_the_screen_is_followed_once(model: FakeModel) -> None:
    page = open_page()
    page = AppTest.from_file(page._script_path, default_timeout=SECONDS)
    page.run()
    page = AppTest.from_file(page._script_path, default_timeout=SECONDS)
    page.query_params["samples"] = "32"
    page.query_params["picture"] = "coffee"
    page.run()
    page = answered(page.switch_page(SCREEN).run())
    fine(page.number_input(key="spec.samples").set_value(64).run())
    assert state_of(page).settings.spec.samples == 64
    assert state_of(page).settings.picture.example == "coffee"
