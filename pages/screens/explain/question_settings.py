"""The expensive settings: what is asked of the model. A change here costs nothing until Explain is pressed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.masks.samplers import draw_masks
from lime_core.settings.spec import MOST_SAMPLES
from lime_core.show.superpixel_pictures import boundaries
from pages.state.known_models import known_model
from pages.state.question import Question, draws_samples, draws_with_sampler
from pages.state.server import scene_key, server
from pages.state.session import Session, session
from pages.widgets import labels
from pages.widgets.method_choice import method, preset
from pages.widgets.model_choice import download_of
from pages.widgets.popovers import SettingsPopover
from pages.widgets.pressed_button import pressed_button
from pages.widgets.setting_groups import sampling_settings, superpixel_settings
from pages.widgets.setting_widgets import option, setting
from pages.widgets.text import plain, seconds


@st.fragment
def show() -> None:
    """Draw the settings and the Explain button."""
    state = session()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        preset()
        chosen: dict[str, Any] = {"method": method()}
        if draws_samples(chosen["method"], state.settings.spec):
            chosen["samples"] = _samples()
        superpixels = SettingsPopover("Superpixels", "open.superpixels", icon="grid_view")
        sampling = SettingsPopover("Sampling", "open.sampling", icon="casino")
        buttons = st.container(horizontal=True, width="content", vertical_alignment="bottom")
    problem = scene = None
    try:
        state.change(**chosen)
        superpixels.change_settings(superpixel_settings)
        own_masks = not draws_with_sampler(chosen["method"], state.settings.spec)
        sampling.change_settings(_fill_and_seed if own_masks else sampling_settings)
        scene = _scene(state)
    except lc.LimeError as error:
        problem = error
    question = state.settings.question
    if scene is not None and question is not None:
        superpixels.show(partial(_show_cut, question, scene))
        sampling.show(partial(_show_sample, question, scene))
    with buttons:
        _buttons(state, disabled=scene is None and not state.cut_waits)
    if problem is None:
        _summary(state, scene)
    elif superpixels.open:
        # It would hide what stands below it.
        superpixels.show(lambda: st.error(plain(str(problem))))
    else:
        st.error(plain(str(problem)))


def _samples() -> int:
    with st.container(width=130):
        return int(setting("samples"))


def _fill_and_seed() -> dict[str, Any]:
    return {"fill": option("fill"), "seed": setting("seed")}


def _scene(state: Session) -> lc.Scene | None:
    """Cut the picture; no model is asked. None while there is none, or the cut waits."""
    settings, question = state.settings, state.settings.question
    if question is None or state.cut_waits:
        return None
    with st.spinner("Cutting the picture…"):
        return server().scene(question.image, known_model(settings.model).input_size, settings.spec)


def _show_cut(question: Question, scene: lc.Scene) -> None:
    st.image(
        server().picture(
            lambda: boundaries(server().canvas(question, scene.image, scene.segments)), question.cut_key, "boundaries"
        ),
        caption=f"{scene.superpixels} superpixels",
        alt=f"The picture with the boundaries of its {scene.superpixels} superpixels",
        width="stretch",
    )


def _show_sample(question: Question, scene: lc.Scene) -> None:
    asked = question.asked
    scene = scene.masked_by(asked)
    mask = draw_masks(asked.sampler, 2, scene.columns, seed=asked.seed)[:2][-1:]
    key = scene_key(question.image, known_model(question.model).input_size, asked)
    shown = f": {int(mask.sum())} of {scene.superpixels} superpixels shown" if scene.cover is None else ""
    st.image(
        server().picture(lambda: scene.perturbed(mask)[0], key, "perturbed", asked.sampler.name, mask.tobytes().hex()),
        caption=f"One perturbed picture{shown}",
        alt="One perturbed picture as the model sees it",
        width=260,
    )


def _buttons(state: Session, *, disabled: bool) -> None:
    if pressed_button("Explain", type="primary", icon=":material/highlight:", key="explain", disabled=disabled):
        state.ask()
        # The rest of the page shows the run; this is a part of it only.
        st.rerun()
    more = _more_samples(state)
    if not more or state.running:
        return
    st.button("More samples", key="more", help=f"Goes on to {more:,} samples.", on_click=_ask_for, args=(more,))


def _more_samples(state: Session) -> int:
    """Return twice the samples on screen; 0 where there are none of the present question or it cannot go on."""
    if not state.answered or state.result is None:
        return 0
    question, samples = state.result.question, state.result.neighborhood.samples
    more = min(2 * samples, MOST_SAMPLES)
    longer = replace(question, spec=replace(question.spec, samples=more)).asked
    return more if longer.samples == more > samples and question.asked.begins_like(longer) else 0


def _ask_for(samples: int) -> None:
    session().change(samples=samples)
    session().ask()
    # The rest of the page shows the run; the button is in a part of it only, and is not drawn meanwhile.
    st.rerun()


def _summary(state: Session, scene: lc.Scene | None) -> None:
    settings, question = state.settings, state.settings.question
    parts = []
    speed = server().speed(settings.model, settings.precision)
    if scene is not None and question is not None:
        parts.append(f"{scene.superpixels} superpixels")
        if not state.answered and _has_all_answers(question, scene):
            parts.append("at no cost: the model has answered these questions already")
        elif speed:
            duration = seconds(question.size(scene.superpixels) / speed)
            parts.append(f"about {duration} at {speed:.0f} samples a second")
    if state.cut_waits:
        parts.append("this cut takes minutes, so it waits for *Explain*")
    if download := download_of(settings.model):
        parts.append(f"*Explain* {download}")
    if state.result is not None and not state.answered:
        parts.append("**settings have changed: press Explain**")
    st.caption(" · ".join(parts))
    if state.reported is not None:
        st.caption(f"Changed: {plain(', '.join(labels.changes(*state.reported)))}.")


def _has_all_answers(question: Question, scene: lc.Scene) -> bool:
    answers = server().answers_to(question)
    return answers is not None and answers.samples >= question.size(scene.superpixels)
