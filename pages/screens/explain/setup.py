"""The expensive settings: what is asked of the model. A change here costs nothing until Explain is pressed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.masks.samplers import draw_masks
from lime_core.models import CATALOG
from lime_core.show import render
from pages.state.server import store
from pages.state.session import FIRST_LOOK, Session, session, set_widgets, widget_key
from pages.widgets import controls
from pages.widgets import labels as words


@st.fragment
def show() -> None:
    """Draw the settings and the Explain button."""
    state = session()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        controls.preset(_apply_preset)
        chosen: dict[str, Any] = {"samples": _samples()}
        superpixels = st.popover("Superpixels", icon=":material/grid_view:", key="open.superpixels")
        sampling = st.popover("Sampling", icon=":material/casino:", key="open.sampling")
        buttons = st.container(horizontal=True, width="content", vertical_alignment="bottom")
    try:
        with superpixels:
            chosen |= superpixel_settings(state)
        with sampling:
            chosen |= sampling_settings()
        state.spec = replace(state.spec, **chosen)
        problem = None
    except lc.LimeError as error:
        problem = error
    scene = None if problem else _preview(state, superpixels, sampling)
    with buttons:
        _buttons(state, disabled=problem is not None or scene is None)
    if problem:
        st.error(words.plain(str(problem)))
    else:
        _summary(state, scene)


def _apply_preset() -> None:
    name = st.session_state[controls.PRESET]
    state = session()
    before = state.spec
    set_widgets(lc.preset(name) if name else FIRST_LOOK)
    state.preset_changes = words.changes(before, state.spec)


def _samples() -> int:
    with st.container(width=140):
        return int(controls.setting("samples"))


def superpixel_settings(state: Session) -> dict[str, Any]:
    """Draw how the picture is cut, and return it."""
    values: dict[str, Any] = {"segmentation": controls.segmentation(state.spec.segmentation)}
    left, right = st.columns(2)
    with left:
        values["resolution"] = controls.setting("resolution")
    with right:
        values["framing"] = controls.setting("framing")
    return values


def sampling_settings() -> dict[str, Any]:
    """Draw how masks are drawn and what hides, and return it."""
    left, right = st.columns(2)
    values: dict[str, Any] = {}
    with left:
        values["sampler"] = controls.setting("sampler")
        values["keep_probability"] = controls.setting("keep_probability") if values["sampler"] == "iid" else 0.5
        if values["sampler"] == "mixed_rate":
            values["max_hide_rate"] = controls.setting("max_hide_rate")
        values["seed"] = controls.setting("seed")
    with right:
        values["fill"] = controls.setting("fill")
        if values["fill"] == "color":
            values["fill_color"] = controls.setting("fill_color")
        if values["fill"] == "blur":
            values["fill_blur_sigma"] = controls.setting("fill_blur_sigma")
    values["include_original"] = controls.setting("include_original")
    values["early_stop"] = controls.setting("early_stop")
    if values["early_stop"]:
        values["stop_tolerance"] = controls.setting("stop_tolerance")
    return values


def _preview(state: Session, superpixels: Any, sampling: Any) -> lc.Scene | None:
    """Show the cut and one perturbed picture; no model is asked."""
    if state.picture is None:
        return None
    try:
        with st.spinner("Cutting the picture…"):
            scene = store().scene(state.picture.image, CATALOG[state.model].input_size, state.spec)
    except lc.LimeError as error:
        superpixels.error(words.plain(str(error)))
        return None
    with superpixels:
        st.image(
            render.boundaries(scene.image, scene.segments),
            caption=f"{scene.superpixels} superpixels",
            alt=f"The picture with the boundaries of its {scene.superpixels} superpixels",
            width="stretch",
        )
    with sampling:
        mask = _one_mask(state.spec, scene.superpixels)
        st.image(
            scene.perturbed(mask)[0],
            caption=f"One perturbed picture: {int(mask.sum())} of {scene.superpixels} superpixels shown",
            alt="One perturbed picture as the model sees it",
            width=260,
        )
    return scene


def _one_mask(spec: lc.ExplainSpec, superpixels: int) -> Any:
    return draw_masks(
        spec.sampler,
        2,
        superpixels,
        seed=spec.seed,
        keep_probability=spec.keep_probability,
        max_hide_rate=spec.max_hide_rate,
    )[1:2]


def _buttons(state: Session, *, disabled: bool) -> None:
    if st.button("Explain", type="primary", icon=":material/highlight:", key="explain", disabled=disabled):
        state.preset_changes = ()
        state.ask()
        # The rest of the page shows the run; this is a part of it only.
        st.rerun()
    more = 2 * state.result.neighborhood.samples if state.answered and state.result else 0
    if not more or state.running:
        return
    if st.button("More samples", key="more", help=f"Goes on to {more:,} samples.", on_click=_ask_for, args=(more,)):
        st.rerun()


def _ask_for(samples: int) -> None:
    st.session_state[widget_key("samples")] = samples
    state = session()
    state.spec = replace(state.spec, samples=samples)
    state.ask()


def _summary(state: Session, scene: lc.Scene | None) -> None:
    parts = []
    if scene is not None:
        parts.append(f"{scene.superpixels} superpixels")
    speed = store().speed(state.model, state.precision)
    if speed:
        parts.append(f"about {words.seconds(state.spec.samples / speed)} at {speed:.0f} samples a second")
    if state.result is not None and not state.answered:
        parts.append("**settings have changed: press Explain**")
    st.caption(" · ".join(parts))
    if state.preset_changes:
        st.caption(f"Changed: {words.plain(', '.join(state.preset_changes))}.")
