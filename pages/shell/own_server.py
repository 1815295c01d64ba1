"""A visitor's own model on a server that the operator allows: connect to it, choose its preprocessing, use it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

import lime_core as lc
from lime_core.models.networks.preprocessing_choice import PreprocessingComparison
from lime_core.models.servers import ServerClassifier, connect
from lime_core.models.servers.addresses import allowed_endpoint, endpoint_prefixes
from pages.shell import own_choices
from pages.shell.own_choices import Choices
from pages.state.known_models import ServedModel
from pages.state.session import session
from pages.widgets.text import plain


def address() -> str:
    """Draw the field for an address, where the operator allows any; return what is typed."""
    allowed = endpoint_prefixes()
    if not allowed:
        return ""
    return st.text_input(
        "Or its address on a server",
        key="own.address",
        placeholder=f"{allowed[0].rstrip('/')}/v2/models/NAME",
        help=f"Allowed on this server: {', '.join(map(plain, allowed))}.",
    ).strip()


def show(typed: str, choices: Choices) -> None:
    """Draw the button that connects; once it has, what the model says, and the button that takes it."""
    # Names do not matter before the model is used, and a wrong number of them is said then.
    asked = replace(choices, names=None, names_file="")
    st.button("Connect", key="own.connect", on_click=partial(_connect, typed, asked), width="stretch")
    connected = session().brought.connected
    if connected is None or connected[:2] != (typed, asked):
        own_choices.outcome(chosen=False)
        return
    classifier = connected[2]
    height, width = classifier.input_size
    st.caption(f"input {width}×{height} · {len(classifier.class_names)} outputs")

    def ask(pixels: NDArray[np.uint8], also: tuple[str, ...]) -> PreprocessingComparison:
        return classifier.preprocessings_for(pixels, also=also)

    preprocessing = own_choices.preprocessing(ask, classifier.input_size, choices.names or (), classifier.identity)
    if preprocessing is None:
        return

    def served() -> ServedModel:
        classifier = _connected(typed, choices, preprocessing)
        return ServedModel(classifier, typed, choices.names_file, choices.outputs)

    st.button(
        "Use this model", key="own.use", type="primary", on_click=own_choices.use, args=(served,), width="stretch"
    )
    own_choices.outcome(chosen=isinstance(session().brought.models.get(session().settings.model), ServedModel))


def _connect(typed: str, choices: Choices) -> None:
    session().brought.refusal = session().brought.connected = None
    try:
        session().brought.connected = (typed, choices, _connected(typed, choices, "none"))
    except lc.LimeError as error:
        session().brought.refusal = error


def _connected(typed: str, choices: Choices, preprocessing: str) -> ServerClassifier:
    if not allowed_endpoint(typed):
        raise lc.ModelError(
            f"This address is not allowed here: {typed}. Allowed are those that begin with "
            f"{', '.join(endpoint_prefixes())}."
        )
    return connect(
        typed,
        labels=choices.names,
        preprocessing=preprocessing,
        outputs=choices.outputs,
        input_size=choices.input_size,
        output=choices.output,
    )
