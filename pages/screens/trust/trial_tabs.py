"""Trials that ask the model: what each one costs, a button to begin it, its progress, and its result."""

from __future__ import annotations

import json
import re
import time

import streamlit as st

from lime_core.trials.suite import SEEDS, TRIALS, trust_document
from pages.screens.trust import trial_results as tried
from pages.screens.trust import verdict_panel as judged
from pages.state.server import store
from pages.state.trial_job import Order, Trial
from pages.widgets import controls
from pages.widgets import labels as words
from pages.widgets.current import Shown

_KEY = "trials"
_TICK = 0.5  # seconds between two looks at a trial

_TITLES = {
    "reality": "Reality check",
    "curves": "Deletion and insertion",
    "repeat": "Repeat",
    "what-if": "Other knobs",
    "sanity": "Sanity check",
}
_QUESTIONS = {
    "reality": "Are the strongest superpixels enough for the model, and does it miss them? They are shown alone, then "
    "hidden, and compared with as many superpixels drawn at random.",
    "curves": "Superpixels are deleted one step after the other, strongest first, and then inserted. The steeper the "
    "answer falls and rises, compared with random orders, the better the ranking.",
    "repeat": "The same settings under several seeds: would another run of dice name the same superpixels?",
    "what-if": "The same picture under other superpixels, fills, kernel widths and sample counts: what survives all of "
    "them is the picture's, the rest is the settings'.",
    "sanity": "The network forgets what it has learned, layer by layer from the output down, and is explained anew "
    "each time. An explanation that stays the same does not tell about the model. This takes several runs, and "
    "TensorFlow has to be loaded first.",
}


def running() -> dict[str, Trial]:
    """Return the present user's trials by the key of their result; those that have come to an end too."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = {}
    known: dict[str, Trial] = st.session_state[_KEY]
    return known


def show(shown: Shown) -> None:
    """Draw the trials, one a tab; a closed tab costs nothing."""
    known = running()
    for trial in known.values():
        if trial.order.question.image != shown.result.question.image:
            trial.stop()
    names = ["Why is R² low?", *_TITLES.values()]
    tabs = st.tabs(names, key="trust.tab", on_change="rerun")
    if tabs[0].open:
        with tabs[0]:
            judged.why_low(shown)
    for tab, name in zip(tabs[1:], TRIALS, strict=True):
        if tab.open:
            with tab:
                _trial(shown, name)
    _watching()
    _download(shown)


def _trial(shown: Shown, name: str) -> None:
    order = _order(shown, name, controls.seeds(len(SEEDS)) if name == "repeat" else len(SEEDS))
    result, trial = store().results.get(order.key), running().get(order.key)
    active = trial is not None and trial.active
    st.caption(_QUESTIONS[name])
    if result is not None:
        tried.VIEWS[name](shown, result)
    elif active:
        st.fragment(_progress, run_every=_TICK)(order.key)
    else:
        _offer(order, trial)


def _order(shown: Shown, name: str, seeds: int) -> Order:
    result = shown.result
    return Order(name, result.question, shown.explanation, shown.focus.index, result.neighborhood, tuple(range(seeds)))


def _offer(order: Order, trial: Trial | None) -> None:
    """Say what went wrong the last time, and offer to begin."""
    if trial is not None and trial.error is not None:
        st.error(words.plain(str(trial.error)))
    elif trial is not None and trial.stopping:
        st.caption("Stopped; nothing of it was kept.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Begin",
            key=f"begin.{order.name}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=lambda: running().update({order.key: Trial(order, store())}),
        )
        speed = store().speed(order.question.model, order.precision)
        pace = f", about {words.seconds(order.calls / speed)}" if speed else ""
        st.caption(f"{order.calls:,} model calls{pace}")


def _progress(key: str) -> None:
    trial = running().get(key)
    if trial is None or not trial.active:
        # The rest of the page has to hear of the end.
        st.rerun()
        return
    trial.watched()
    bar, button = st.columns([6, 1], vertical_alignment="center")
    share, text = _how_far(trial)
    bar.progress(share, text=text)
    stop = button.button("Stop", icon=":material/stop:", key="stop_trial", width="stretch", disabled=trial.stopping)
    if stop:
        trial.stop()


def _how_far(trial: Trial) -> tuple[float, str]:
    calls = trial.order.calls
    if not trial.done:
        return 0.0, "Making ready…"
    share = min(trial.done / calls, 1.0)
    left = (time.monotonic() - trial.began) * (1 - share) / share
    return share, f"{trial.done:,} of {calls:,} model calls · {words.seconds(left)} left"


def _watching() -> None:
    """Keep trials alive whose tab is closed, as long as the screen is open."""
    if any(trial.active for trial in running().values()):
        st.fragment(_watch, run_every=5.0)()


def _watch() -> None:
    active = [trial for trial in running().values() if trial.active]
    for trial in active:
        trial.watched()
    if active:
        st.caption(f"Under way: {', '.join(_TITLES[trial.order.name] for trial in active)}")


def _download(shown: Shown) -> None:
    focus = shown.focus
    seeds = st.session_state.get("trust.seeds", len(SEEDS))
    orders = [_order(shown, name, seeds) for name in TRIALS]
    found = {order.name: result for order in orders if (result := store().results.get(order.key)) is not None}
    st.download_button(
        "All of it (JSON)",
        lambda: json.dumps(trust_document(shown.explanation, focus.index, found), indent=1, allow_nan=False),
        f"{re.sub(r'[^a-z0-9]+', '-', focus.name.lower()).strip('-') or 'class'}-trust.json",
        "application/json",
        key="download.trust",
        on_click="ignore",
        icon=":material/data_object:",
        help="The verdict, its numbers and the trials so far, as `python -m lime_core trust` writes them.",
    )
