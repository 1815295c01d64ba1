"""Settings that take effect at once: none of them asks the model."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lime_core as lc
from lime_core.methods.lime.method import Lime
from pages.screens.explain.parts import HEADLINE, RESULTS, VIEW
from pages.state.question import Result
from pages.state.session import session
from pages.widgets.class_choice import existing_classes, explained_classes
from pages.widgets.popovers import SettingsPopover
from pages.widgets.setting_groups import fit_settings
from pages.widgets.setting_widgets import option, option_parameters, setting
from pages.widgets.view_settings import one_scale, view_details, view_row

_FIT_REDRAWS, _VIEW_REDRAWS = (HEADLINE, RESULTS), (VIEW,)


def show(result: Result) -> None:
    """Draw them, and take them over.

    Raises
    ------
    LimeError
        When a setting is refused.
    """
    state, names = session(), result.neighborhood.class_names
    spec, lime = state.settings.spec, isinstance(lc.METHODS[result.question.method], Lime)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = view_row(
            result.neighborhood.superpixels,
            signed=spec.surrogate.signed if lime else True,
            redraws=_VIEW_REDRAWS,
        )
        kernel_width = st.container(width=160)
        look = SettingsPopover("Appearance", "open.appearance", icon="palette", help_text="How the maps are drawn")
        fit = SettingsPopover("Fit", "open.fit", icon="show_chart", help_text="Target, distance, kernel and surrogate")
        classes = SettingsPopover("Classes", "open.classes", icon="list", help_text="Which classes are explained")
    beside: dict[str, Any] = {}
    if not look.change_settings(lambda: _appearance(view)):
        beside["view"] = view
    if not fit.change_settings(lambda: _fit(kernel_width) if lime else {"target": option("target")}) and lime:
        with kernel_width:
            beside["kernel"] = option_parameters("kernel", redraws=_FIT_REDRAWS)
    if not classes.change_settings(lambda: _classes(names)):
        beside["classes"] = existing_classes(len(names))
    state.change(**beside)


def _appearance(view: lc.View) -> dict[str, Any]:
    return {"view": view_details(view, redraws=_VIEW_REDRAWS), "one_scale": one_scale()}


def _fit(kernel_width: DeltaGenerator) -> dict[str, Any]:
    return fit_settings(kernel_width, redraws=_FIT_REDRAWS)


def _classes(names: tuple[str, ...]) -> dict[str, Any]:
    classes = explained_classes(names)
    return {"classes": classes} | ({"top_classes": setting("top_classes")} if classes is None else {})
