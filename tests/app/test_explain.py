"""The Explain screen."""

from __future__ import annotations

from tests.app.conftest import FakeModel, finish, open_page


def test_the_first_press_explains_the_first_picture(model: FakeModel) -> None:
    page = open_page()
    assert not page.exception
    page.button(key="explain").click().run()
    finish(page)
    assert not page.exception
    assert not page.error
    assert any("Egyptian cat" in text.value for text in page.markdown)


def test_instant_knobs_ask_the_model_nothing(model: FakeModel) -> None:
    page = open_page()
    page.button(key="explain").click().run()
    finish(page)
    asked = model.pictures
    page.slider(key="spec.top_k").set_value(2).run()
    page.slider(key="spec.kernel_width").set_value(0.5).run()
    assert not page.exception
    assert model.pictures == asked
