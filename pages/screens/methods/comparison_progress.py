"""How far a comparison of methods is, Stop, and what went wrong with it."""

from __future__ import annotations

import time

import streamlit as st

from pages.state.methods_job import MethodsJob, MethodsOrder
from pages.state.server import server
from pages.state.session import session
from pages.widgets.run_progress import before_the_first_answer
from pages.widgets.stop_bar import stop_bar
from pages.widgets.text import problem, seconds

_TICK = 0.5  # seconds between two looks at the run


def show(asked: MethodsOrder | None) -> None:
    """Draw the progress, or what went wrong with what is asked for."""
    job = session().methods.latest
    if job is None:
        return
    if job.active:
        # How many methods there are now: more of them change the rest of the page too.
        st.fragment(_watch, run_every=_TICK)(_methods_done(job))
    elif asked is None or asked.question.model != job.question.model or server().results.get(asked.key) is not None:
        return
    elif job.error is not None:
        st.error(problem(job.error))
    elif job.stopping:
        st.caption(f"Stopped after {_methods_done(job)} of {len(job.order.methods)} methods.")


def _methods_done(job: MethodsJob) -> int:
    """Return how many methods are done with, those that failed included."""
    return 0 if job.comparison is None else len(job.comparison.methods) + len(job.comparison.failed)


def _watch(drawn: int) -> None:
    job = session().methods.latest
    if job is None or not job.active or _methods_done(job) > drawn:
        st.rerun()
        return
    share, text = _progress_of(job)
    stop_bar(job, share, text, key="methods.stop", help_text="The methods that are done are kept.")


def _progress_of(job: MethodsJob) -> tuple[float, str]:
    if not job.done:
        return before_the_first_answer(job) or (0.0, "Preparing…")
    remaining = (time.monotonic() - job.began) * (1 - job.share) / job.share
    methods = f"{_methods_done(job)} of {len(job.order.methods)} methods"
    return job.share, f"{methods} · {job.done:,} of {job.total:,} pictures · {seconds(remaining)} left"
