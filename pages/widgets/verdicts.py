"""How far to believe a class's explanation: a word, the reasons, and the one change that would help most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

import lime_core as lc
from lime_core.judge.rules import Level
from lime_core.judge.verdict import ClassTrust
from lime_core.parameters import parameters_of
from lime_core.settings.spec import QUERY_STAGES
from pages.state.server import store
from pages.state.session import Session, set_widgets
from pages.widgets import labels as words

# Each level has a shape and a word of its own; colour only repeats them.
ICONS: Mapping[Level, str] = {
    "solid": ":material/verified:",
    "usable": ":material/check_circle:",
    "doubtful": ":material/help:",
    "meaningless": ":material/block:",
}
MEANINGS: Mapping[Level, str] = {
    "solid": "Nothing that these samples can tell speaks against it.",
    "usable": "Believe the strongest superpixels; the others may change.",
    "doubtful": "Take it as a hint: it misses something important.",
    "meaningless": "Read nothing into this map.",
}
_TRIALS = "pages/screens/trust/page.py"
_RULES = parameters_of(lc.ExplainSpec)


def word(trust: ClassTrust) -> str:
    """Return the verdict as an icon and a word, for a line of Markdown."""
    return f"{ICONS[trust.level]} {trust.level}"


def reasons(trust: ClassTrust) -> str:
    """Return what the verdict means and all its reasons, as Markdown."""
    return "\n".join([f"{MEANINGS[trust.level]}\n", *(f"* {words.plain(reason)}" for reason in trust.reasons)])


def in_full(trust: ClassTrust) -> str:
    """Return what the verdict means, its reasons and the advice, as Markdown."""
    return reasons(trust) + (f"\n\nWhat would help most: {words.plain(trust.advice)}" if trust.advice else "")


def on_demand(state: Session, focus: lc.ClassExplanation) -> None:
    """Draw the verdict on the class in focus, and offer the change that would help most."""
    trust = focus.trust
    first = trust.reasons[0] if trust.reasons else MEANINGS[trust.level]
    st.markdown(f"**{word(trust)}** · {words.plain(first)}", help=in_full(trust))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _advice(state, trust)
        st.page_link(_TRIALS, label="Put it to the test", icon=":material/science:")


def offer(state: Session, trust: ClassTrust) -> None:
    """Draw the advice, and the button that follows it where it is a change of settings."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _advice(state, trust)


def _advice(state: Session, trust: ClassTrust) -> None:
    if trust.advice:
        st.markdown(words.plain(trust.advice), width="content")
    if trust.changes and not state.running:
        _button(state, dict(trust.changes))


def _button(state: Session, changes: dict[str, Any]) -> None:
    asks = any(_RULES[name].stage in QUERY_STAGES for name in changes)
    pressed = st.button(
        _what(changes),
        key="advice",
        icon=":material/auto_fix_high:",
        help=_price(state, changes) if asks else "At once: the model is not asked again.",
        on_click=_follow,
        args=(state, changes, asks),
    )
    if pressed:
        # The settings and the run are drawn by other parts of the page than the one with the button.
        st.rerun()


def _follow(state: Session, changes: dict[str, Any], asks: bool) -> None:
    before = state.spec
    set_widgets(replace(before, **changes))
    state.preset_changes = words.changes(before, state.spec)
    if asks:
        state.ask()


def _what(changes: Mapping[str, Any]) -> str:
    named = {
        "target": lambda value: f"Explain the {words.choice(value)}",
        "log_odds_cut": lambda value: f"Cut log-odds off at {value:g}",
        "max_hide_rate": lambda value: f"Hide at most {value:.0%}",
        "early_stop": lambda _: "do not stop early",
        "kernel_width": lambda value: f"Widen the kernel to {value:g}",
        "samples": lambda value: f"Ask for {value:,} samples",
        "sampler": lambda value: f"Sampler: {words.choice(value)}",
    }
    return ", ".join(named[name](value) if name in named else f"Set {name}" for name, value in changes.items())


def _price(state: Session, changes: Mapping[str, Any]) -> str:
    calls = changes.get("samples", state.spec.samples)
    if set(changes) == {"samples"} and state.answered and state.result is not None:
        calls -= state.result.neighborhood.samples
    speed = store().speed(state.model, state.precision)
    pace = f", about {words.seconds(calls / speed)}" if speed else ""
    return f"Asks the model about {calls:,} pictures{pace}."
