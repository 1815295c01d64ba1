"""Settings that take effect at once: none of them asks the model."""

from __future__ import annotations

from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.methods.lime.method import Lime
from pages.screens.explain.parts import HEADLINE, RESULTS, VIEW
from pages.state.question import Result
from pages.state.session import session
from pages.widgets.class_choice import explained_classes
from pages.widgets.setting_groups import fit_settings
from pages.widgets.setting_widgets import option, setting
from pages.widgets.view_settings import one_scale, view_details, view_row

_FIT_REDRAWS, _VIEW_REDRAWS = (HEADLINE, RESULTS), (VIEW,)


def show(result: Result) -> dict[str, Any]:
    """Draw them, and return what `Session.change` takes."""
    values: dict[str, Any] = {}
    method, spec = result.question.method, session().settings.spec
    lime = isinstance(lc.METHODS[method], Lime)
    signed = spec.surrogate.signed if lime else True
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = view_row(result.neighborhood.superpixels, signed=signed, redraws=_VIEW_REDRAWS)
        kernel_width = st.container(width=160)
        look = st.popover("Appearance", icon=":material/palette:", help="How the maps are drawn")
        fit = st.popover("Fit", icon=":material/show_chart:", help="Target, distance, kernel and surrogate")
        classes = st.popover("Classes", icon=":material/list:", help="Which classes are explained")
    with look:
        values["view"] = view_details(view, redraws=_VIEW_REDRAWS)
        values["one_scale"] = one_scale()
    with fit:
        values |= fit_settings(kernel_width, redraws=_FIT_REDRAWS) if lime else {"target": option("target")}
    with classes:
        values["classes"] = explained_classes(result.neighborhood.class_names)
        if values["classes"] is None:
            values["top_classes"] = setting("top_classes")
    return values
