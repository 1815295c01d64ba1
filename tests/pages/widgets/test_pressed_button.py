"""A press of a button is acted on once, also when the run of the script that it began has ended early."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import FakeModel, fine, open_page, state_of


def page() -> None:
    import streamlit as st

    from pages.state.session import session
    from pages.widgets.pressed_button import pressed_button

    st.session_state.setdefault("log", [])
    session().turn_to(st.session_state.get("screen", "one"))
    if st.session_state.pop("interrupted", False):
        st.rerun()
    if st.session_state.get("hidden"):
        return
    if pressed_button("Go", key="go", on_press=lambda: st.session_state["log"].append("callback")):
        st.session_state["log"].append("body")


def test_a_press_is_acted_on_once() -> None:
    app = AppTest.from_function(page).run()
    assert app.session_state["log"] == []
    app.button("go").click().run()
    assert app.session_state["log"] == ["callback", "body"]
    app.run()
    assert app.session_state["log"] == ["callback", "body"]


def test_a_press_outlives_a_run_that_ends_before_the_button_is_drawn() -> None:
    app = AppTest.from_function(page).run()
    app.session_state["interrupted"] = True
    app.button("go").click().run()
    assert app.session_state["log"] == ["callback", "body"]


def test_a_press_is_forgotten_when_a_whole_page_was_drawn_without_its_button(model: FakeModel) -> None:
    app = open_page()
    state_of(app).presses.note("some button")
    fine(app.run())
    assert not state_of(app).presses.take("some button")


def test_a_press_is_forgotten_on_another_screen() -> None:
    app = AppTest.from_function(page).run()
    app.session_state["hidden"] = True
    app.button("go").click().run()
    app.session_state["screen"] = "two"
    app.session_state["hidden"] = False
    app.run()
    assert app.session_state["log"] == ["callback"]
