"""The choice of a preset and of the method that explains."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.methods import mask_methods
from pages.state import widget_state
from pages.state.session import session
from pages.state.settings import FIRST_LOOK
from pages.widgets import labels

_PRESET = "preset"


def preset() -> None:
    """Draw the choice of named settings, which sets everything at once."""
    st.selectbox(
        "Preset",
        list(lc.PRESETS),
        index=None,
        placeholder="choose settings",
        format_func=lambda name: labels.PRESETS.get(name, name),
        key=_PRESET,
        help="Sets everything at once, as the named package, paper or blog has it.",
        on_change=_apply_preset,
        width=200,
    )


def method() -> str:
    """Draw the choice of the method and return its name."""
    return st.selectbox(
        "Method",
        list(mask_methods()),
        format_func=labels.method,
        key=widget_state.METHOD,
        help="LIME fits a simple model to many perturbed pictures. Leave one out hides each superpixel alone.",
        width=150,
        persist_state="session",
    )


def _apply_preset() -> None:
    name = widget_state.read(_PRESET)
    session().change(spec=lc.preset(name) if name else FIRST_LOOK, report=True)
    # Widgets that still showed what was set before would set it again at the next click, wherever that is.
    st.rerun()
