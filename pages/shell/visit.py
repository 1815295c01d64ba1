"""What happens when a page is opened: a link is followed, and the first picture is explained."""

from __future__ import annotations

from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.models import DEFAULT_MODEL, bf16_available
from pages.shell import links
from pages.state.gallery import EXAMPLES, example
from pages.state.question import Question, cuts_slowly
from pages.state.server import server
from pages.state.session import session
from pages.state.settings import Picture
from pages.widgets.text import plain

# An opened link may ask for more than a visitor wants to wait for; beyond this somebody has to press the button.
_MOST_SAMPLES = 1024


def follow_link() -> None:
    """Set settings and widgets as the link asks for, once a session and before the widgets are drawn."""
    state = session()
    if state.opened:
        return
    query = links.settings_in({name: st.query_params.get_all(name) for name in st.query_params})
    try:
        wanted = links.follow(query)
    except lc.LimeError as error:
        state.complain(f"The link cannot be followed: {error}")
        return
    if query:
        state.follow(**_changes(wanted))
    if wanted.precision == "bf16" and not bf16_available():
        state.complain("The link asks for bf16, which this processor does not compute in; f32 is used.")


def _changes(wanted: links.LinkedSettings) -> dict[str, Any]:
    changes: dict[str, Any] = {"spec": wanted.spec or lc.ExplainSpec()}
    named: dict[str, Any] = {"model": wanted.model, "precision": wanted.precision, "method": wanted.method}
    named |= {"compared_methods": wanted.methods, "layer": wanted.layer}
    changes |= {name: value for name, value in named.items() if value is not None}
    if wanted.picture is not None:
        changes["picture"] = Picture(example(wanted.picture), EXAMPLES[wanted.picture].title, wanted.picture)
    return changes


def arrive() -> bool:
    """Show why a link could not be followed; return whether this is the first screen of the session."""
    state = session()
    if state.complaint:
        st.warning(plain(state.complaint))
    return state.open()


def is_cheap(question: Question) -> bool:
    """Return whether a question may be asked without anybody pressing a button: briefly, and of the built-in model.

    Any other model has to be loaded first, which may mean a download and files in the cache.
    """
    built_in = question.model == DEFAULT_MODEL and question.precision != "bf16"
    return built_in and question.spec.samples <= _MOST_SAMPLES and not cuts_slowly(question.spec.segmentation)


def first_look() -> None:
    """Explain at once when a page is opened, so that there is something to look at; ask nothing for a costly link."""
    state = session()
    first = arrive()
    state.catch_up()
    question = state.settings.question
    if first and question is not None and is_cheap(question):
        cached = server().answers_to(question)
        if cached is None or cached.samples < question.size(cached.superpixels):
            state.ask()
