"""Buttons whose press is not lost when the run of the script that it began is interrupted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.state.session import session


def pressed_button(label: str, *, key: str, on_press: Callable[[], object] | None = None, **options: Any) -> bool:
    """Draw a button; return whether it was pressed since it was last drawn.

    `st.button` answers this for one run of the script, and another event ends that run early: a click beside an open
    popover presses a button and closes the popover at once. The press is kept here until the button is drawn.

    Parameters
    ----------
    label : str
    key : str
        Of the button.
    on_press : callable, optional
        What has to happen before the page is drawn.
    **options
        As `st.button` takes them.

    Returns
    -------
    bool
        True once for each press, or for several that came before the button was drawn again.
    """
    st.button(label, key=key, on_click=_note, args=(key, on_press), **options)
    return session().presses.take(key)


def _note(key: str, on_press: Callable[[], object] | None) -> None:
    session().presses.note(key)
    if on_press is not None:
        on_press()
