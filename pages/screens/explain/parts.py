"""The parts of the explanation that are drawn anew when a knob is turned, without all the widgets around them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

import lime_core as lc
from pages.state.server import server
from pages.state.session import session
from pages.widgets import fragments
from pages.widgets.result_view import ResultView

# Keys of fragments. Those of the view show what the settings of `lime_core.View` change.
HEADLINE, RESULTS, VIEW = "explain.headline", "explain.results", "explain.view"


def view_part(draw: Callable[[ResultView], None], *, every: float | None = None) -> None:
    """Draw a part that depends on the view; at most one in a container.

    Parameters
    ----------
    draw : callable
        Draws the part.
    every : float, optional
        Seconds after which it is drawn again by itself.
    """
    st.fragment(_part, key=VIEW, run_every=every)(draw)


def change_selection(**changes: Any) -> None:
    """Take over which class or superpixels are selected or hidden, and draw all results anew; last in callbacks."""
    session().change(**changes)
    fragments.redraw([RESULTS])


def _part(draw: Callable[[ResultView], None]) -> None:
    shown = present_view()
    if shown is not None:
        draw(shown)


def present_view() -> ResultView | None:
    """Return what is to be drawn now; None while there is nothing."""
    return attempt()[0]


def attempt() -> tuple[ResultView | None, lc.LimeError | None]:
    """Return what the settings make of the answers on screen; what was drawn last, and why, where they are refused."""
    state = session()
    result, drawn = state.result, state.drawn
    if result is None:
        return None, None
    try:
        attribution = server().attribution(result.neighborhood, state.settings.spec, result.question.method)
    except lc.LimeError as error:
        # What was there before stays, so that one can see what the refused setting would have changed.
        if drawn is None or drawn.result.question.shown_as != result.question.shown_as:
            return None, error
        return ResultView(state, drawn.result, drawn.attribution), error
    state.note_drawn(result, attribution)
    return ResultView(state, result, attribution), None
