"""How an attribution is drawn: kind of picture, K, sign and the rest. None of them asks the model or fits anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import lime_core as lc
from pages.state import widget_state
from pages.state.session import session
from pages.widgets.setting_widgets import view_setting

_WIDTHS = {"name": 145, "sign": 120, "top_k": 150}


def view_row(superpixels: int, *, signed: bool, redraws: Sequence[str] = ()) -> lc.View:
    """Draw kind, sign and K side by side, and return the view with them.

    Parameters
    ----------
    superpixels : int
        The largest K that makes sense.
    signed : bool
        Whether there can be evidence against a class.
    redraws : sequence of str
        As for `view_setting`.
    """
    cells = {name: st.container(width=width) for name, width in _WIDTHS.items()}
    with cells["name"]:
        name = view_setting("name")
    with cells["sign"]:
        sign = view_setting("sign", choices=None if signed else ("positive", "both"), redraws=redraws)
    with cells["top_k"]:
        top_k = view_setting("top_k", high=superpixels, redraws=redraws)
    return replace(session().settings.spec.view, name=name, sign=sign, top_k=top_k)


def view_details(view: lc.View, *, redraws: Sequence[str] = ()) -> lc.View:
    """Draw opacity, smoothing where it counts, and whether uncertain superpixels are left out; return the view."""
    opacity = view_setting("opacity", redraws=redraws)
    smoothing = view_setting("smoothing", redraws=redraws) if view.name == "jet" else view.smoothing
    return replace(view, opacity=opacity, smoothing=smoothing, hide_unsure=view_setting("hide_unsure", redraws=redraws))


def one_scale() -> bool:
    """Draw the choice between one colour scale for all classes and one each."""
    return st.toggle(
        "One colour scale",
        key=widget_state.ONE_SCALE,
        help="Heat maps of all classes share one scale, so that they can be compared; or each has its own.",
        persist_state="session",
    )
