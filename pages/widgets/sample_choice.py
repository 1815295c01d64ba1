"""Choices among samples and superpixels, and of the number of repeated runs."""

from __future__ import annotations

import streamlit as st

from pages.state import widget_state

SEEDS_KEY = "trust.seeds"
_ORDERS = {"highest": "most probable first", "lowest": "least probable first", "drawn": "as drawn"}


def order_of_samples(title: str) -> str:
    """Draw the order in which samples are leafed through: ``highest``, ``lowest`` or ``drawn``."""
    return st.segmented_control(
        title, list(_ORDERS), default="highest", required=True, format_func=_ORDERS.__getitem__, key="samples.order"
    )


def page_of_samples(pages: int) -> int:
    """Draw the choice of a page, from 1."""
    return int(st.pagination(pages, key="samples.page", max_visible_pages=5))


def sample(count: int) -> int:
    """Draw the choice of one of `count` samples."""
    key = "walk.sample"
    widget_state.write({key: min(widget_state.read(key, 0), count - 1)})
    return int(
        st.slider("Sample", 0, count - 1, key=key, persist_state="session", help="One perturbed picture of many")
    )


def superpixel(count: int, first: int) -> int:
    """Draw the choice of one of `count` superpixels, `first` to begin with."""
    key = widget_state.SUPERPIXEL
    if not 0 <= widget_state.read(key, first) < count:
        widget_state.write({key: first})
    widget_state.prime(key, first)
    help_text = "Numbered as in step 2; the strongest one to begin with"
    return int(st.number_input("Superpixel", 0, count - 1, key=key, help=help_text))


def seeds(usual: int) -> int:
    """Draw the number of runs that are compared with one another."""
    return int(st.number_input("Seeds", 2, 10, usual, key=SEEDS_KEY, width=140, persist_state="session"))
