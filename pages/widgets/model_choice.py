"""The choice of the model, of its precision, and of models to compare with it."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from lime_core.models import CATALOG, bf16_available, is_available
from lime_core.models.engines.base import PrecisionChoice
from lime_core.settings.flags import DEFAULT_PRECISION
from pages.state import widget_state
from pages.state.known_models import known_model
from pages.state.session import session
from pages.widgets import labels
from pages.widgets.text import megabytes

MOST_OTHERS = 3  # models compared with the first one; more do not fit side by side


def model() -> str:
    """Draw the choice of a model by family and return its id."""
    return st.selectbox(
        "Model",
        _all_models(),
        format_func=_line,
        key=widget_state.MODEL,
        help="Type to search. Weights that are not on this machine are downloaded once, when a button asks for them.",
        persist_state="session",
    )


def precision(model: str) -> PrecisionChoice:
    """Draw the choice of the numbers inside the network, where processor and model leave one."""
    if not bf16_available():
        return DEFAULT_PRECISION
    if not known_model(model).has_precisions:
        return session().settings.precision
    chosen = st.segmented_control(
        "Precision",
        get_args(PrecisionChoice),
        required=True,
        key=widget_state.PRECISION,
        help="bf16 is faster and moves the scores a little. Some samples are asked in f32 as well, and how far the "
        "rest may have moved is part of the error bars. auto uses bf16 while that is small beside them; the result "
        "says what was used.",
        width="stretch",
        persist_state="session",
    )
    return chosen or DEFAULT_PRECISION


def other_models(first: str) -> tuple[str, ...]:
    """Draw the choice of models to compare with the first one and return their ids."""
    others = [name for name in _all_models() if name != first]
    chosen = session().settings.others
    if chosen is None:
        chosen = tuple(name for name in others if not known_model(name).bytes_to_fetch)[:1]
    # The model of the sidebar may have become one of those chosen here.
    session().change(others=tuple(name for name in widget_state.read(widget_state.OTHERS, chosen) if name != first))
    return tuple(
        st.multiselect(
            f"Compare {labels.model_title(first)} with",
            others,
            format_func=_line,
            key=widget_state.OTHERS,
            max_selections=MOST_OTHERS,
            placeholder="choose models",
            help="The first model is the one in the sidebar. Weights that are not on this machine are downloaded once, "
            "when *Compare* is pressed.",
            persist_state="session",
        )
    )


def download_of(*models: str) -> str:
    """Return what asking these models would fetch first, such as ``fetches 553 MB of weights first``; "" for nothing.

    Parameters
    ----------
    *models : str
        Keys of models.
    """
    size = sum(known_model(model).bytes_to_fetch for model in models)
    return f"fetches {megabytes(size)} of weights first" if size else ""


def _all_models() -> list[str]:
    """Return the visitor's own models, the newest first, and those of the catalog."""
    return [*reversed(session().brought.models), *CATALOG]


def _line(model: str) -> str:
    if model not in CATALOG:
        return f"{known_model(model).title} · your own"
    card = CATALOG[model]
    family = "" if card.title.startswith(card.family) else f"{card.family}: "
    state = "ready" if is_available(card) else f"{megabytes(card.weights_bytes)} to download"
    return f"{family}{card.title} · {state}"
