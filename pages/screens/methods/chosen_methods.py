"""Which methods are compared, on which class, what that costs, and the Compare button."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

import lime_core as lc
from lime_core.trials.question_groups import RUNS
from pages.screens.methods import order
from pages.state.known_models import known_model
from pages.state.methods_job import MethodsOrder, layers_of, takes_a_layer
from pages.state.server import server
from pages.state.session import Session, session
from pages.widgets import labels, method_choice, tables
from pages.widgets.class_choice import class_in_focus
from pages.widgets.model_choice import download_of
from pages.widgets.pressed_button import pressed_button
from pages.widgets.setting_widgets import setting
from pages.widgets.text import plain, seconds
from pages.widgets.view_settings import view_row


def show() -> MethodsOrder | None:
    """Draw the choices and the button; return what they ask for, None where there is no picture."""
    state = session()
    obstacles = order.obstacles(state.settings.model)
    methods = method_choice.compared_methods([name for name in lc.METHODS if name not in obstacles])
    scene = _scene(state)
    names = order.explained_classes(state)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if names:
            with st.container(width=220):
                class_in_focus(names)
        with st.container(width=130):
            state.change(samples=int(setting("samples")))
        if scene is not None:
            state.change(view=view_row(scene.superpixels, signed=True))
        layer = None
        if any(map(takes_a_layer, methods)):
            with st.container(width=190):
                layer = method_choice.layer(layers_of(state.settings.model, server()))
        asked = order.order_of(state.settings, methods, names, layer)
        ready = asked is not None and bool(methods) and (scene is not None or state.cut_waits)
        pressed = pressed_button(
            "Compare", type="primary", icon=":material/balance:", key="methods", disabled=not ready
        )
    if pressed and asked is not None:
        state.compare_methods(asked)
        st.rerun()
    if asked is not None:
        _summary(state, asked, scene)
    _not_allowed(obstacles)
    with st.expander(
        "What the methods do", icon=":material/menu_book:", key="methods.about", on_change="rerun"
    ) as about:
        if about.open:
            _about(state, obstacles, scene)
    return asked


def _scene(state: Session) -> lc.Scene | None:
    """Return the cut picture, which says how many superpixels there are; None where there is none to be had now."""
    settings, question = state.settings, state.settings.question
    if question is None or state.cut_waits:
        return None
    try:
        with st.spinner("Cutting the picture…"):
            return server().scene(question.image, known_model(settings.model).input_size, settings.spec)
    except lc.LimeError as error:
        st.error(plain(str(error)))
        return None


def _summary(state: Session, asked: MethodsOrder, scene: lc.Scene | None) -> None:
    spec = asked.question.spec
    parts = [
        f"At most {spec.samples:,} pictures a method and run, and {RUNS} runs with other seeds where anything is random"
    ]
    if scene is not None:
        parts[0] += f", the same {scene.superpixels} superpixels"
    if not asked.methods:
        parts.append("**choose a method**")
    elif server().results.get(asked.key) is None and not state.methods.running:
        parts.append(f"**press Compare**{_price(asked, scene)}")
        if download := download_of(asked.question.model):
            parts.append(f"it {download}")
    st.caption(" · ".join(parts))


def _price(asked: MethodsOrder, scene: lc.Scene | None) -> str:
    if scene is None:
        return ""
    pictures, speed = asked.pictures(scene.superpixels), server().speed(asked.question.model)
    return f": about {pictures:,} pictures" + (f", {seconds(pictures / speed)}" if speed else "")


def _not_allowed(obstacles: Mapping[str, str]) -> None:
    """List the methods that this model does not allow, once for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in obstacles.items():
        by_reason.setdefault(reason, []).append(labels.method(name))
    for reason, titles in by_reason.items():
        st.caption(f":material/block: Not for this model: **{', '.join(titles)}**. {plain(reason)}")


def _about(state: Session, obstacles: Mapping[str, str], scene: lc.Scene | None) -> None:
    spec = state.settings.spec
    rows = [
        {
            "method": f"**{method.title}**",
            "what a score means": plain(method.summary),
            "pictures a run": "not for this model" if name in obstacles else _calls(name, spec, scene),
        }
        for name, method in lc.METHODS.items()
    ]
    st.table(tables.from_rows(rows), border="horizontal", hide_index=True, alt="What each method does and costs")
    st.caption("At no cost: the method makes use of LIME's answers, so beside LIME it asks the model nothing.")


def _calls(name: str, spec: lc.ExplainSpec, scene: lc.Scene | None) -> str:
    if order.at_no_cost(name, spec):
        return "at no cost"
    return "" if scene is None else f"{lc.METHODS[name].planned_calls(spec, scene.superpixels):,}"
