"""Choices among samples and superpixels, and of the number of repeated runs."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.state import widget_state
from pages.state.session import session
from pages.state.trials_made import FEWEST_SEEDS, MOST_SEEDS

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
    state = session()
    chosen = min(state.settings.sample, count - 1)
    state.display(sample=chosen)
    st.slider(
        "Sample",
        0,
        count - 1,
        key=widget_state.SAMPLE,
        on_change=_change_sample,
        help="One perturbed picture of many",
    )
    return chosen


def _change_sample() -> None:
    session().change(sample=widget_state.read(widget_state.SAMPLE))


def superpixel(ids: Sequence[int], shown: int) -> None:
    """Draw the choice of one superpixel; the Explain screen selects the same one.

    Parameters
    ----------
    ids : sequence of int
        What people call the superpixels.
    shown : int
        The number 0..S-1 of the one that is looked at.
    """
    session().display(superpixel=shown)
    st.selectbox(
        "Superpixel",
        range(len(ids)),
        format_func=lambda number: str(ids[number]),
        key=widget_state.SUPERPIXEL,
        on_change=_change_superpixel,
        help="Numbered as in step 2; the strongest one to begin with",
    )


def _change_superpixel() -> None:
    session().change(superpixel=widget_state.read(widget_state.SUPERPIXEL))


def seeds(usual: int) -> int:
    """Draw the number of runs that are compared with one another."""
    return int(
        st.number_input("Seeds", FEWEST_SEEDS, MOST_SEEDS, usual, key=SEEDS_KEY, width=140, persist_state="session")
    )
