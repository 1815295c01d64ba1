"""The one writer of settings: it checks first, and keeps widgets and settings alike."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st

import lime_core as lc
from pages.state import widget_state
from pages.state.session import Session
from pages.state.settings import FIRST_LOOK


@pytest.fixture
def widgets(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for Streamlit's state outside of a page."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


@pytest.mark.parametrize(
    "changes",
    [
        {"samples": 1},
        {"top_k": 3, "kernel": "none", "kernel_width": 0.5},
        {"method": "magic"},
        {"nonsense": 1},
        {"precision": "f64"},
    ],
)
def test_a_refused_change_loses_nothing(widgets: dict[str, Any], changes: dict[str, Any]) -> None:
    session = Session()
    session.change(model="resnet50", top_k=4)
    before, shown = session.settings, dict(widgets)
    with pytest.raises(lc.SpecError):
        session.change(model="vgg16", **changes)
    with pytest.raises(lc.LimeError, match="There is no model"):
        session.change(samples=64, model="nobody")
    assert session.settings is before
    assert widgets == shown


def test_a_change_reaches_the_widgets_of_what_is_changed_and_no_others(widgets: dict[str, Any]) -> None:
    session = Session()
    session.change(fill=lc.fills.Color(color=(1, 2, 3)), focus=7)
    assert widgets == {"spec.fill": "color", "spec.fill_color": "#010203", "focus.class": 7}
    assert session.settings.spec.fill == lc.fills.Color(color=(1, 2, 3))


def test_a_flat_name_reaches_the_widget_of_its_owner(widgets: dict[str, Any]) -> None:
    session = Session()
    session.change(kernel_width=0.5, top_k=2)
    assert widgets["spec.kernel_width"] == 0.5
    assert widgets["spec.top_k"] == 2
    assert (session.settings.spec.kernel_width, session.settings.spec.top_k) == (0.5, 2)


@pytest.mark.parametrize("name", lc.PRESETS)
def test_a_preset_sets_every_widget(widgets: dict[str, Any], name: str) -> None:
    session = Session()
    session.change(spec=lc.ExplainSpec(segmentation=lc.Grid(rows=3), fill=lc.fills.Blur(sigma=3.0)))
    session.change(spec=lc.preset(name), report=True)
    assert widgets == widgets | widget_state.widget_values(lc.preset(name))
    assert widgets["spec.segmentation.grid.rows"] == lc.Grid().rows
    assert session.reported is not None
    assert session.reported[1] == lc.preset(name)


def test_every_setting_of_the_spec_has_a_widget(widgets: dict[str, Any]) -> None:
    values = widget_state.widget_values(FIRST_LOOK)
    for name, rule in widget_state.SPEC_RULES.items():
        assert rule.kind == "group" or f"spec.{name}" in values
    assert {"spec.view", "spec.top_k", "spec.kernel_width", "spec.segmentation.quickshift.max_dist"} <= set(values)
