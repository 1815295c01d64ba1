"""How far an audit is, Stop, and what went wrong with it."""

from __future__ import annotations

import time

import streamlit as st

from pages.state.audit_job import AuditJob
from pages.state.server import server
from pages.state.session import session
from pages.widgets.run_progress import in_words
from pages.widgets.stop_bar import stop_bar
from pages.widgets.text import megabytes, plain, problem, seconds

_TICK = 0.5  # seconds between two looks at the run


def take_result() -> None:
    """Put what a run has found on screen, once it has ended; before anything is drawn."""
    session().folder.take_result()


def show() -> None:
    """Draw the progress, or what went wrong."""
    job = session().folder.latest
    if job is None:
        return
    if not job.active:
        # It may have ended since this run of the page began, and nothing would draw the page again.
        take_result()
    if job.active:
        st.fragment(_watch, run_every=_TICK)()
    elif job.error is not None:
        st.error(problem(job.error))
    elif job.stopping:
        st.caption(_stopped(job))
    if session().folder.has_result_aside:
        st.info(f"The audit of {plain(job.order.title)} has ended. Another audit is on screen.", icon=":material/info:")
        st.button(
            "Show the audit that has ended",
            icon=":material/folder_open:",
            key="folder.show_result",
            on_click=session().folder.show_result,
        )
    if job.unfinished:
        st.button(
            "Go on from there" if job.done else "Try again",
            icon=":material/play_arrow:",
            key="folder.go_on",
            on_click=session().folder.begin,
            args=(job.order,),
        )


def _stopped(job: AuditJob) -> str:
    if job.audit is None:
        return "Stopped before the first picture was explained, so there are no results."
    return (
        f"Stopped after {job.done:,} of {job.total:,} pictures. The results are those of the pictures explained so far."
    )


def _watch() -> None:
    job = session().folder.latest
    if job is None or not job.active:
        # A fragment redraws only itself; the end of the work changes the rest of the page too.
        st.rerun()
        return
    st.markdown(f"#### Audit of {plain(job.order.title)}")
    share, text = progress_of(job)
    stop_bar(
        job,
        share,
        text,
        key="folder.stop",
        help_text="The pictures explained so far are kept: their results are shown, and the audit can be continued.",
    )


def progress_of(job: AuditJob) -> tuple[float, str]:
    """Return the share of an audit that is done, and the same in words."""
    if job.stage:
        return job.share_of_stage, job.stage
    loading = server().models.loading(job.order.model)
    if loading is not None and loading.fetching:
        return loading.share, f"Downloading the weights: {megabytes(loading.done)} of {megabytes(loading.total)}"
    if (place := job.place) is not None and place.runs:
        return job.share, in_words(place)
    if job.done <= job.started_with:
        return job.share, "Explaining the first pictures…"
    pace = (job.done - job.started_with) / max(time.monotonic() - job.asked_since, 1e-6)
    left = seconds((job.total - job.done) / pace)
    speed = f"{pace:.2g} a second" if pace >= 0.1 else f"{60 * pace:.2g} a minute"
    return job.share, f"{job.done:,} of {job.total:,} pictures · {speed} · {left} left"
