"""Another method than LIME on every screen: leave-one-out, which has no surrogate and no error bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.trials import suite
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, finish, opened, state_of, texts

TABS = ["Superpixels", "Why not the other", "Kernel and fit", "Samples", "Take away"]
TRIALS = {"reality": "Reality check", "curves": "Deletion and insertion"}


def left_out(**query: str) -> AppTest:
    """Explain a picture by leave-one-out, chosen on the screen."""
    page = explained(**{"samples": "64", **query})
    page.selectbox(key="method").set_value("leave_one_out").run()
    page.button(key="explain").click().run()
    return finish(page)


def test_it_hides_each_superpixel_once_and_shows_the_fall_of_the_output(model: FakeModel) -> None:
    page = explained(samples="64")
    asked = model.pictures
    page.selectbox(key="method").set_value("leave_one_out").run()
    assert "settings have changed" in texts(page)
    assert model.pictures == asked
    page.button(key="explain").click().run()
    finish(page)
    result, attribution = state_of(page).drawn.result, state_of(page).drawn.attribution
    superpixels = attribution.superpixels
    assert result.neighborhood.samples == superpixels
    # The unmodified picture comes on top.
    assert model.pictures - asked == superpixels + 1
    classifier = model.ready(result.question.model)
    expected = lc.attribute(
        result.question.image, classifier, method="leave_one_out", spec=state_of(page).settings.spec
    )
    for item, other in zip(attribution.classes, expected.classes, strict=True):
        np.testing.assert_allclose(item.scores, other.scores, atol=1e-6)
    assert f"{superpixels + 1} model calls" in texts(page)


def test_there_is_nothing_to_continue_and_what_only_lime_has_is_missing(model: FakeModel) -> None:
    page = opened(left_out(), "sampling", "fit")
    assert not [button for button in page.button if button.key == "more"]
    assert not [widget for widget in page.number_input if widget.key == "spec.samples"]
    assert not [widget for widget in page.selectbox if widget.key == "spec.sampler"]
    assert page.selectbox(key="spec.fill")
    assert not [slider for slider in page.slider if slider.key == "spec.kernel_width"]
    assert not [caption.value for caption in page.caption if "R²" in caption.value]
    assert "effective sample size" not in texts(page)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_can_be_opened(model: FakeModel, tab: str) -> None:
    page = left_out(tab=tab)
    said = {info.value for info in page.info}
    assert said == {
        "Why not the other": {"This method gives no error bars, so it cannot contrast two classes."},
        "Kernel and fit": {"This method fits no surrogate, so it has no kernel and no R²."},
    }.get(tab, set())


def test_both_methods_answers_are_kept(model: FakeModel) -> None:
    page = left_out()
    asked = model.pictures
    page.selectbox(key="method").set_value("lime").run()
    page.button(key="explain").click().run()
    finish(page)
    assert isinstance(state_of(page).drawn.attribution, lc.Explanation)
    assert model.pictures == asked


def test_a_link_and_the_command_carry_the_method(model: FakeModel) -> None:
    page = left_out(tab="Take away")
    command, link = (element.value for element in page.code)
    assert "--method leave_one_out" in command
    query = parse_qs(urlsplit(link).query, keep_blank_values=True)
    assert query["method"] == ["leave_one_out"]
    again = explained(**{name.replace("-", "_"): values[0] for name, values in query.items()})
    assert state_of(again).drawn.attribution.method == "leave_one_out"
    assert again.selectbox(key="method").value == "leave_one_out"


def test_superpixels_hidden_by_hand_are_answered_by_the_model_alone(model: FakeModel) -> None:
    page = left_out()
    state_of(page).settings = replace(state_of(page).settings, superpixel=3)
    fine(page.run())
    assert "Superpixel 3" in texts(page)
    fine(next(button for button in page.button if button.label == "Hide it").click().run())
    assert "superpixels hidden the model answers" in texts(page)


def test_the_trust_screen_judges_it_and_skips_what_it_cannot_know(model: FakeModel) -> None:
    page = left_out()
    fine(page.switch_page("pages/screens/trust/page.py").run())
    assert "no R² and no error bars" in texts(page)
    assert "R², held out" not in {metric.label for metric in page.metric}
    assert "nan" not in " ".join(metric.value for metric in page.metric)


@pytest.mark.parametrize("name", TRIALS)
def test_trials_put_it_to_the_test(model: FakeModel, name: str) -> None:
    page = left_out()
    page.switch_page("pages/screens/trust/page.py").run()
    page.session_state["trust.tab"] = TRIALS[name]
    fine(page.run())
    stated = next(caption.value for caption in page.caption if "model calls" in caption.value)
    before = model.pictures
    page.button(key=f"begin.{name}").click().run()
    (job,) = state_of(page).trials.jobs.values()
    assert job.wait(SECONDS)
    fine(page.run())
    assert f"{model.pictures - before:,} model calls" in stated
    assert job.order.calls == suite.calls_of(name, job.order.attribution)


def test_a_trial_that_can_find_nothing_says_so_calmly_and_is_not_offered(model: FakeModel) -> None:
    page = left_out()
    page.switch_page("pages/screens/trust/page.py").run()
    page.session_state["trust.tab"] = "Repeat"
    fine(page.run())
    assert "draws nothing at random" in page.info[0].value
    assert not [button for button in page.button if button.key == "begin.repeat"]


@pytest.mark.parametrize("screen", ["compare", "walkthrough"])
def test_the_other_screens_go_on_with_lime(model: FakeModel, screen: str) -> None:
    page: Any = left_out()
    fine(page.switch_page(f"pages/screens/{screen}/page.py").run())
    for job in state_of(page).comparison.jobs.values():
        assert job.wait(SECONDS)
    fine(page.run())
