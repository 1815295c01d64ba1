"""Methods with scores of pixels on every screen: occlusion and RISE, whose masks hide no superpixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import lime_core as lc
from lime_core.trials import suite
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, finish, opened, state_of, texts

TABS = ["Superpixels", "Why not the other", "Kernel and fit", "Samples", "Take away"]
each_method = pytest.mark.parametrize("method", ["occlusion", "rise"])


def explained_by(method: str, **query: str) -> AppTest:
    return explained(**{"samples": "64", "method": method, **query})


@each_method
def test_the_screen_shows_what_the_library_finds(model: FakeModel, method: str) -> None:
    page = explained_by(method)
    result, attribution = state_of(page).drawn.result, state_of(page).drawn.attribution
    classifier = model.ready(result.question.model)
    expected = lc.attribute(result.question.image, classifier, method=method, spec=state_of(page).settings.spec)
    assert attribution.method == method
    assert attribution.superpixels == lc.prepare(result.question.image, (224, 224), result.question.spec).superpixels
    for item, other in zip(attribution.classes, expected.classes, strict=True):
        np.testing.assert_allclose(item.scores, other.scores, atol=1e-6)
    assert f"{attribution.superpixels} superpixels" in texts(page)
    assert "65 model calls" in texts(page)


def test_the_number_of_samples_is_asked_for_and_the_sampler_is_not(model: FakeModel) -> None:
    for method in ("occlusion", "rise"):
        page = opened(explained_by(method), "sampling")
        assert [widget for widget in page.number_input if widget.key == "spec.samples"]
        assert not [widget for widget in page.selectbox if widget.key == "spec.sampler"]
        assert page.selectbox(key="spec.fill")


def test_rise_goes_on_where_it_ended_and_occlusion_has_nothing_to_go_on_from(model: FakeModel) -> None:
    page = explained_by("rise")
    asked = model.pictures
    page.button(key="more").click().run()
    finish(page)
    assert state_of(page).drawn.result.neighborhood.samples == 128
    assert model.pictures - asked == 64 + 1  # the unmodified picture
    assert not [button for button in explained_by("occlusion").button if button.key == "more"]


@pytest.mark.parametrize(
    ("method", "tab", "view"),
    [
        ("rise", "Superpixels", "overlay"),
        ("occlusion", "Superpixels", "jet"),
        ("rise", "Why not the other", "heatmap"),
        ("occlusion", "Kernel and fit", "hide_rest"),
        ("rise", "Samples", "outline"),
        ("occlusion", "Samples", "overlay"),
        ("rise", "Take away", "jet"),
    ],
)
def test_every_tab_can_be_opened_and_every_view_drawn(model: FakeModel, method: str, tab: str, view: str) -> None:
    page = explained_by(method, tab=tab, view=view)
    if tab == "Take away":
        command = page.code[0].value
        assert f"--method {method}" in command
        assert "sampler" not in command


@each_method
def test_both_can_be_judged(model: FakeModel, method: str) -> None:
    page = explained_by(method)
    fine(page.switch_page("pages/screens/trust/page.py").run())
    assert "no R² and no error bars" in texts(page)


@pytest.mark.parametrize(
    ("method", "name", "tab"),
    [("occlusion", "reality", "Reality check"), ("rise", "curves", "Deletion and insertion")],
)
def test_trials_put_them_to_the_test(model: FakeModel, method: str, name: str, tab: str) -> None:
    page = explained_by(method)
    page.switch_page("pages/screens/trust/page.py").run()
    page.session_state["trust.tab"] = tab
    fine(page.run())
    before = model.pictures
    page.button(key=f"begin.{name}").click().run()
    (job,) = state_of(page).trials.jobs.values()
    assert job.wait(SECONDS)
    fine(page.run())
    assert job.error is None
    assert model.pictures - before <= suite.calls_of(name, job.order.attribution)


@pytest.mark.parametrize("screen", ["compare", "walkthrough"])
def test_the_other_screens_go_on_with_lime(model: FakeModel, screen: str) -> None:
    page: Any = explained_by("rise")
    fine(page.switch_page(f"pages/screens/{screen}/page.py").run())
    for job in state_of(page).comparison.jobs.values():
        assert job.wait(SECONDS)
    fine(page.run())
