"""The run while it goes on: how far, how fast, how long still, and a button to stop it."""

from __future__ import annotations

import streamlit as st

from pages.state.explain_job import ExplainJob
from pages.state.server import server
from pages.state.session import session
from pages.widgets.text import megabytes, plain, seconds

_TICK = 0.5  # seconds between two looks at the run


def show() -> None:
    """Draw the progress of the present run, or what went wrong with it."""
    job = session().job
    if job is None:
        return
    if job.active:
        st.fragment(_watch, run_every=_TICK)()
    elif job.error is not None:
        st.error(plain(str(job.error)))
    elif job.stopping:
        st.caption(f"Stopped after {job.done:,} of {job.total:,} samples. *More samples* goes on from there.")


def _watch() -> None:
    job = session().job
    if job is None or not job.active:
        # The rest of the page has to hear of the end.
        st.rerun()
        return
    job.watched()
    bar, button = st.columns([6, 1], vertical_alignment="center")
    share, text = progress_of(job)
    bar.progress(share, text=text)
    if button.button("Stop", icon=":material/stop:", key="stop", width="stretch", help="The samples so far are kept."):
        job.stop()


def progress_of(job: ExplainJob) -> tuple[float, str]:
    """Return the share of a run that is done, and the same in words."""
    if job.done > job.started_with:
        speed = server().speed(job.question.model, job.precision)
        pace = f" · {speed:.0f} a second · {seconds((job.total - job.done) / speed)} left" if speed else ""
        return job.share, f"{job.done:,} of {job.total:,} samples{pace}"
    loading = server().models.loading(job.question.model)
    if loading is None:
        return 0.0, "Starting…"
    if loading.fetching:
        return loading.share, f"Downloading the weights: {megabytes(loading.done)} of {megabytes(loading.total)}"
    if job.compared:
        return 0.0, f"Comparing {job.question.precision} with f32 on the first samples: {job.compared} pictures"
    if loading.classifier is None:
        return job.share, "Loading the model…"
    return job.share, f"{job.done:,} of {job.total:,} samples" if job.done else "Waiting for the first samples…"
