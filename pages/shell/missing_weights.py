"""A model whose weights are not on this machine: fetch them, take the file from the visitor, or use another model."""

from __future__ import annotations

import math

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG, DEFAULT_MODEL, ModelCard, keep_weights
from pages.state.server import server
from pages.state.session import session
from pages.widgets.text import megabytes, plain, problem


def show(model: str, failure: lc.LimeError | None) -> None:
    """Draw the ways to a model that is not there.

    Parameters
    ----------
    model : str
        Key of the model.
    failure : LimeError or None
        Why it could not be loaded; None before anybody has tried.
    """
    card = CATALOG.get(model)
    if failure is not None:
        st.error(problem(failure))
        st.button("Try again", key="load_again", on_click=_load, args=(model,), width="stretch")
    elif card is not None:
        st.button(
            f"Fetch the weights, {megabytes(card.weights_bytes)}",
            key="fetch",
            icon=":material/download:",
            help="They are not on this machine yet. Nothing is fetched until this button, Explain or Compare is "
            "pressed.",
            on_click=_load,
            args=(card.id,),
            width="stretch",
        )
    if card is not None and card.weights_hash is not None and card.weights_url is not None:
        if _megabytes(card) <= st.get_option("server.maxUploadSize"):
            _drop(card, card.weights_url)
        elif failure is not None:
            st.caption(
                "Whoever runs this server can name a folder or a mirror that has the file in LIMELIGHT\\_WEIGHTS."
            )
    if failure is not None and model != DEFAULT_MODEL:
        st.button("Use the built-in model", key="use_built_in", on_click=_use_built_in, width="stretch")


def _drop(card: ModelCard, address: str) -> None:
    key = f"weights.{card.id}"
    st.file_uploader(
        f"Or drop [the file with the weights]({address})",
        max_upload_size=_megabytes(card),
        key=key,
        help=f"{plain(card.weights_file)}, checked against the sum that Keras publishes. The link fetches it with your "
        "browser.",
        on_change=_take,
        args=(card, key),
    )
    refusal = session().brought.refused_weights.get(card.id)
    if refusal is not None:
        st.error(problem(refusal))


def _megabytes(card: ModelCard) -> int:
    # The file is a little larger than its numbers.
    return math.ceil(card.weights_bytes / 1e6) + 1


def _take(card: ModelCard, key: str) -> None:
    file = st.session_state[key]
    session().brought.refused_weights.pop(card.id, None)
    if file is None:
        return
    try:
        keep_weights(card, file)
    except lc.WeightsError as error:
        session().brought.refused_weights[card.id] = error
    else:
        _load(card.id)


def _load(model: str) -> None:
    server().models.load(model)


def _use_built_in() -> None:
    session().change(model=DEFAULT_MODEL)
