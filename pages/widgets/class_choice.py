"""Choices among classes: which one is looked at, which are explained, which are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.state import widget_state
from pages.state.session import session
from pages.widgets import labels

_NONE = -1  # no class has this index


def class_in_focus(names: Mapping[int, str], *, row: bool = False) -> None:
    """Draw which of the explained classes is looked at, in a list or all in a row; all screens show the same one.

    Parameters
    ----------
    names : mapping of int to str
        Class indices with what they are called, the most probable first.
    row : bool
        All side by side instead of in a list.
    """
    focus = session().settings.focus
    widget_state.write({widget_state.FOCUS: focus if focus in names else next(iter(names))})
    shared: dict[str, Any] = {"format_func": names.__getitem__, "key": widget_state.FOCUS, "on_change": _change_focus}
    if row:
        st.segmented_control("Class", list(names), required=True, label_visibility="collapsed", **shared)
    else:
        st.selectbox("Class", list(names), help="Which class is explained", **shared)


def _change_focus() -> None:
    session().change(focus=widget_state.read(widget_state.FOCUS))


def explained_classes(names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Draw the search among all class names; None for the most probable classes."""
    key = widget_state.spec_key("classes")
    widget_state.prime(key, [])
    chosen = st.multiselect(
        labels.label("classes"),
        range(len(names)),
        format_func=lambda index: names[index],
        key=key,
        placeholder="the most probable ones",
        help="Explain any classes; type to search. Without a choice the most probable ones are explained.",
        persist_state="session",
    )
    return tuple(chosen) or None


def class_or_none(names: Mapping[int, str], none: str) -> int | None:
    """Draw the choice of one class to compare, or of none, which is called `none`."""
    key = "compare.class"
    if widget_state.read(key) not in names:
        widget_state.write({key: _NONE})
    chosen = st.selectbox(
        "Class",
        [_NONE, *names],
        format_func=lambda index: none if index == _NONE else names[index],
        key=key,
        help="Compare the models on one class, or each on the class it finds most probable.",
        persist_state="session",
    )
    return None if chosen == _NONE else int(chosen)


def two_of(titles: tuple[str, str], names: Mapping[int, str], keys: tuple[str, str]) -> tuple[int, int]:
    """Draw the choice of two different ones among at least two, by their numbers."""
    first = st.selectbox(titles[0], list(names), format_func=names.__getitem__, key=keys[0])
    others = [other for other in names if other != first]
    second = st.selectbox(titles[1], others, format_func=names.__getitem__, key=keys[1])
    return first, second
