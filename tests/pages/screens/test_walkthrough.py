"""The Walkthrough screen: seven steps with the real numbers of the present question."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import SECONDS, FakeModel, explained, fine, open_page, state_of, texts
from tests.pages.conftest import opened as with_open_popovers

SCREEN = "pages/screens/walkthrough/page.py"
NAMES = ["Picture", "Superpixels", "Hiding", "Answers", "Weights", "Fit", "Explanation"]


def walked(place: int = 0, **query: str) -> AppTest:
    """Explain a picture, and go on to a step of the walkthrough."""
    page = explained(**{"samples": "64", **query})
    page.switch_page(SCREEN).run()
    return fine(page.segmented_control(key="walk.step").set_value(place).run()) if place else fine(page)


def opened(**query: str) -> AppTest:
    """Ask the model with settings that may leave nothing to fit, and go to the walkthrough."""
    page = open_page(samples="64", **query)
    assert state_of(page).job.wait(SECONDS)
    return page.switch_page(SCREEN).run()


def formulas(page: AppTest) -> str:
    return "\n".join(element.value for element in page.get("latex"))


def test_next_goes_through_all_steps_and_asks_nothing(model: FakeModel) -> None:
    page = walked()
    asked = model.pictures
    for place, name in enumerate(NAMES):
        assert f"{place + 1}. {name}" in texts(page)
        assert "The choice here" in texts(page)
        if place < len(NAMES) - 1:
            fine(page.button(key="walk.next").click().run())
    assert page.button(key="walk.next").disabled
    fine(page.button(key="walk.back").click().run())
    assert "6. Fit" in texts(page)
    assert model.pictures == asked


def test_a_visitor_who_comes_here_first_gets_answers(model: FakeModel) -> None:
    page = open_page(samples="64")
    assert state_of(page).job.wait(SECONDS)
    page.switch_page(SCREEN).run()
    fine(page.segmented_control(key="walk.step").set_value(6).run())
    assert "Egyptian cat" in texts(page)


def test_the_formula_of_the_distance_holds_the_numbers_of_the_chosen_sample(model: FakeModel) -> None:
    page = walked(4)
    fine(page.slider(key="walk.sample").set_value(5).run())
    neighborhood = state_of(page).result.neighborhood
    shown, count = int(neighborhood.masks[5].sum()), neighborhood.superpixels
    distance = 1 - (shown / count) ** 0.5
    assert rf"\sqrt{{{shown}/{count}}} = {distance:.3f}" in formulas(page)
    fine(page.selectbox(key="spec.distance").set_value("hidden_fraction").run())
    assert f"1 - {shown}/{count} = {1 - shown / count:.3f}" in formulas(page)


def test_the_fit_tells_the_coefficient_of_the_chosen_superpixel(model: FakeModel) -> None:
    page = walked(5)
    fine(page.selectbox(key="walk.superpixel").set_value(3).run())
    explained_class = state_of(page).drawn.attribution.classes[0]
    assert "Superpixel 3." in texts(page)
    assert rf"\beta_{{3}} = {explained_class.coefficients[3]:+.3f}" in formulas(page)


def test_settings_are_shared_with_the_explain_screen(model: FakeModel) -> None:
    page = walked(4)
    fine(page.slider(key="spec.kernel_width").set_value(0.4).run())
    fine(page.switch_page("pages/screens/explain/page.py").run())
    assert state_of(page).settings.spec.kernel_width == 0.4
    assert page.slider(key="spec.kernel_width").value == 0.4
    fine(page.slider(key="spec.top_k").set_value(2).run())
    fine(page.switch_page(SCREEN).run())
    fine(page.segmented_control(key="walk.step").set_value(6).run())
    assert page.slider(key="spec.top_k").value == 2


def test_a_choice_that_needs_new_answers_says_so_and_asks_when_told_to(model: FakeModel) -> None:
    page = walked(2)
    asked = model.pictures
    fine(page.number_input(key="spec.seed").set_value(9).run())
    fine(page.segmented_control(key="walk.step").set_value(3).run())
    assert "has not been asked yet" in page.info[0].value
    assert model.pictures == asked
    page.button(key="walk.ask").click().run()
    assert state_of(page).job.wait(SECONDS)
    fine(page.run())
    assert "64 times" in texts(page)
    assert model.pictures == asked + 64 + 1


def test_the_run_can_be_stopped_and_what_there_is_is_used(model: FakeModel) -> None:
    page = walked(3)
    page.number_input(key="spec.samples").set_value(1024).run()
    model.allowed = model.pictures + 100
    page.segmented_control(key="walk.step").set_value(2).run()
    page.number_input(key="spec.seed").set_value(5).run()
    page.segmented_control(key="walk.step").set_value(3).run()
    page.button(key="walk.ask").click().run()
    assert model.held_up.wait(SECONDS)
    fine(page.run())
    page.button(key="stop").click().run()
    model.gate.set()
    assert state_of(page).job.wait(SECONDS)
    fine(page.run())
    assert 0 < state_of(page).result.neighborhood.samples < 1024
    assert "Stopped after" in texts(page)


def test_the_class_is_that_of_the_explain_screen(model: FakeModel) -> None:
    page = walked(6)
    fine(page.selectbox(key="focus.class").set_value(FakeModel.ESPRESSO).run())
    assert state_of(page).settings.focus == FakeModel.ESPRESSO
    assert "espresso" in texts(page)


@pytest.mark.parametrize("preset", ["lime", "paper", "imagelime", "matlab-script"])
def test_every_step_can_be_taken_with_other_peoples_settings(model: FakeModel, preset: str) -> None:
    page = explained(samples="64")
    page.selectbox(key="preset").set_value(preset).run()
    page.number_input(key="spec.samples").set_value(256).run()
    page.button(key="explain").click().run()
    assert state_of(page).job.wait(SECONDS)
    fine(page.switch_page(SCREEN).run())
    for place in range(1, 7):
        fine(page.segmented_control(key="walk.step").set_value(place).run())


def test_a_refused_setting_is_said_in_place(model: FakeModel) -> None:
    page = walked(5)
    page.selectbox(key="spec.surrogate").set_value("tree").run()
    with_open_popovers(page.switch_page("pages/screens/explain/page.py").run(), "fit")
    page.selectbox(key="spec.surrogate").set_value("ridge").run()
    page.number_input(key="spec.samples").set_value(16).run()
    page.button(key="explain").click().run()
    assert state_of(page).job.wait(SECONDS)
    page.switch_page(SCREEN).run()
    page.segmented_control(key="walk.step").set_value(5).run()
    page.selectbox(key="spec.surrogate").set_value("least_squares").run()
    assert not page.exception
    assert "cannot tell" in page.error[0].value


@pytest.mark.parametrize("kernel", ["lime", "gaussian"])
@pytest.mark.parametrize("width", ["0.001", "0.005", "100"])
@pytest.mark.parametrize("switch", ["include-original", "no-include-original", "no-normalize-weights"])
def test_no_step_shows_a_number_that_is_none(model: FakeModel, kernel: str, width: str, switch: str) -> None:
    page = opened(kernel=kernel, kernel_width=width, **{switch: ""})
    for place in (4, 5, 6):
        page.segmented_control(key="walk.step").set_value(place).run()
        assert not page.exception
        assert not re.search(r"\b(nan|inf)\b", texts(page) + formulas(page), re.IGNORECASE)


def test_weights_too_small_for_a_number_still_say_what_they_count(model: FakeModel) -> None:
    page = walked(4, kernel_width="0.001")
    count = state_of(page).drawn.attribution.effective_sample_size
    assert f"together count as much as {count:,.0f} of equal weight" in texts(page)
    assert "only their ratios count" in texts(page)


def test_without_any_weight_the_step_says_that_there_is_nothing_to_average(model: FakeModel) -> None:
    page = opened(**{"kernel_width": "0.001", "no-normalize-weights": ""})
    page.segmented_control(key="walk.step").set_value(4).run()
    assert not page.exception
    assert "None of the 64 samples has any weight, so there is nothing to average" in texts(page)


def test_a_superpixel_that_no_weighty_sample_hides_has_no_mean_where_it_is_hidden(model: FakeModel) -> None:
    page = walked(5, kernel_width="0.001", include_original="")
    assert "No sample that counts has it hidden, so there is nothing to average there." in texts(page)
    assert "Where it is shown, the weighted mean of the answers is" in texts(page)
    assert "a difference of" not in texts(page)
