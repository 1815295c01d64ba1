"""The run while it goes on: how far, how fast, how long still, and a button to stop it."""

from __future__ import annotations

import streamlit as st

from pages.state.explain_job import Run
from pages.state.server import store
from pages.state.session import session
from pages.widgets import labels as words

_TICK = 0.5  # seconds between two looks at the run


def show() -> None:
    """Draw the progress of the present run, or what went wrong with it."""
    state = session()
    if state.running:
        st.fragment(_watch, run_every=_TICK)()
    elif state.run is not None and state.run.error is not None:
        st.error(words.plain(str(state.run.error)))
    elif state.run is not None and state.run.stopping:
        wanted = state.run.question.spec.samples
        st.caption(f"Stopped after {state.run.samples:,} of {wanted:,} samples. *More samples* goes on from there.")


def _watch() -> None:
    state = session()
    run = state.run
    if run is None or not run.active:
        # The rest of the page has to hear of the end.
        st.rerun()
        return
    run.watched()
    bar, button = st.columns([6, 1], vertical_alignment="center")
    share, text = how_far(run)
    bar.progress(share, text=text)
    if button.button("Stop", icon=":material/stop:", key="stop", width="stretch", help="Keeps what there is."):
        run.stop()


def how_far(run: Run) -> tuple[float, str]:
    """Return the share of a run that is done, and the same in words."""
    if run.samples > run.started_with:
        wanted = run.question.spec.samples
        speed = store().speed(run.question.model, run.precision)
        pace = f" · {speed:.0f} a second · {words.seconds((wanted - run.samples) / speed)} left" if speed else ""
        return run.samples / wanted, f"{run.samples:,} of {wanted:,} samples{pace}"
    loading = store().known_loading(run.question.model)
    if loading is None:
        return 0.0, "Starting…"
    if loading.bytes_total and loading.bytes_done < loading.bytes_total:
        done, total = words.megabytes(loading.bytes_done), words.megabytes(loading.bytes_total)
        return loading.bytes_done / loading.bytes_total, f"Fetching the weights: {done} of {total}"
    if run.compared:
        return 0.0, f"Comparing {run.question.precision} with f32 on the first samples: {run.compared} pictures"
    return 0.0, "Loading the model…" if loading.classifier is None else "Waiting for the first samples…"
