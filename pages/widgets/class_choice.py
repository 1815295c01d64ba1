"""Choices among classes: which one is looked at, which are explained, which are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.state import widget_state
from pages.state.session import session
from pages.widgets import labels


def class_in_focus(names: Mapping[int, str], *, row: bool = False) -> None:
    """Draw which of the explained classes is looked at, in a list or all in a row; all screens show the same one.

    Parameters
    ----------
    names : mapping of int to str
        Class indices with what they are called, the most probable first.
    row : bool
        All side by side instead of in a list.
    """
    state = session()
    state.display(focus=state.settings.focus if state.settings.focus in names else next(iter(names)))
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


def existing_classes(count: int) -> tuple[int, ...] | None:
    """Return the explained classes that a model with `count` classes has; None for the most probable ones."""
    return tuple(index for index in session().settings.spec.classes or () if index < count) or None


def class_or_none(names: Mapping[int, str], none: str) -> int | None:
    """Draw the choice of one class to compare, or of none, which is called `none`."""
    state, no_class = session(), widget_state.NO_CLASS
    chosen = state.settings.compared_class
    if chosen not in names:
        chosen = None
    state.display(compared_class=no_class if chosen is None else chosen)
    st.selectbox(
        "Class",
        [no_class, *names],
        format_func=lambda index: none if index == no_class else names[index],
        key=widget_state.COMPARED_CLASS,
        on_change=_change_compared_class,
        help="Compare the models on one class, or each on the class it finds most probable.",
    )
    return chosen


def _change_compared_class() -> None:
    chosen = widget_state.read(widget_state.COMPARED_CLASS)
    session().change(compared_class=None if chosen == widget_state.NO_CLASS else chosen)


def two_of(titles: tuple[str, str], names: Mapping[int, str], keys: tuple[str, str]) -> tuple[int, int]:
    """Draw the choice of two different ones among at least two, by their numbers."""
    first = st.selectbox(titles[0], list(names), format_func=names.__getitem__, key=keys[0])
    others = [other for other in names if other != first]
    second = st.selectbox(titles[1], others, format_func=names.__getitem__, key=keys[1])
    return first, second
