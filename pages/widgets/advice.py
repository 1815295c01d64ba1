"""The one change that would help an explanation most, and the button that makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.settings.spec import QUERY_STAGES, stage_of
from pages.state.server import server
from pages.state.session import Session, session
from pages.widgets import labels
from pages.widgets.text import plain, seconds

_NAMED: Mapping[str, Callable[[Any], str]] = {
    "target": lambda value: f"Explain the {labels.choice(_name(value))}",
    "log_odds_cut": lambda value: f"Cut log-odds off at {value:g}",
    "max_hide_rate": lambda value: f"Hide at most {value:.0%}",
    "early_stop": lambda _: "do not stop early",
    "kernel_width": lambda value: f"Widen the kernel to {value:g}",
    "samples": lambda value: f"Ask for {value:,} samples",
    "sampler": lambda value: f"Sampler: {labels.choice(_name(value))}",
}


def offer(verdict: lc.Verdict) -> None:
    """Draw the advice, and the button that follows it where it is a change of settings.

    Nothing is drawn while a run goes on: it may be the one that follows the advice.
    """
    state = session()
    if state.running:
        return
    if verdict.advice:
        st.markdown(plain(verdict.advice), width="content")
    if verdict.changes:
        _button(state, dict(verdict.changes))


def _button(state: Session, changes: dict[str, Any]) -> None:
    asks = any(stage_of(name) in QUERY_STAGES for name in changes)
    st.button(
        ", ".join(_NAMED[name](value) if name in _NAMED else f"Set {name}" for name, value in changes.items()),
        key="advice",
        icon=":material/auto_fix_high:",
        help=_price(state, changes) if asks else "At once: the model is not asked again.",
        on_click=_follow,
        args=(changes, asks),
    )


def _follow(changes: dict[str, Any], asks: bool) -> None:
    session().change(**changes, report=True)
    if asks:
        session().ask(keep_report=True)
    # The settings and the run are drawn by other parts of the page than the one with the button.
    st.rerun()


def _name(value: Any) -> str:
    return str(getattr(value, "name", value))


def _price(state: Session, changes: Mapping[str, Any]) -> str:
    settings = state.settings
    calls = changes.get("samples", settings.spec.samples)
    if set(changes) == {"samples"} and state.answered and state.result is not None:
        calls -= state.result.neighborhood.samples
    speed = server().speed(settings.model, settings.precision)
    pace = f", about {seconds(calls / speed)}" if speed else ""
    return f"Asks the model about {calls:,} pictures{pace}."
