"""The run while it goes on: how far, how fast, how long still, and a button to stop it."""

from __future__ import annotations

import streamlit as st

from pages.state.explain_job import ExplainJob
from pages.state.methods_job import MethodsJob
from pages.state.server import server
from pages.state.session import session
from pages.state.turns import Place
from pages.widgets.stop_bar import stop_bar
from pages.widgets.text import megabytes, problem, seconds

_EXPLAIN = "pages/screens/explain/page.py"
_TICK = 0.5  # seconds between two looks at the run
_WAITING_TICK = 2.0  # the same while it will wait for its turn for longer than that
_BRIEF = 2.0  # seconds; what is done so soon is drawn when it is done


def show(go_on: str = "") -> None:
    """Draw the progress of the present run, or what went wrong with it.

    Parameters
    ----------
    go_on : str
        How this screen goes on after a stop; without it a link to the screen that does.
    """
    job = session().job
    if job is None:
        return
    if job.active:
        # How often a fragment is drawn is fixed when it is made.
        if _waits_for_long(job):
            st.fragment(_wait, run_every=_WAITING_TICK)()
        else:
            st.fragment(_watch, run_every=_TICK)()
    elif job.error is not None:
        st.error(problem(job.error))
    elif job.stopping:
        st.caption(f"Stopped after {job.done:,} of {job.total:,} samples. {go_on}")
        if not go_on:
            st.page_link(_EXPLAIN, label="Go on from there", icon=":material/highlight:")


def _waits_for_long(job: ExplainJob) -> bool:
    place = job.place
    return place is not None and place.runs > 0 and (place.seconds is None or place.seconds > _WAITING_TICK)


def _wait() -> None:
    job = session().job
    if job is not None and job.active and _waits_for_long(job):
        _draw(job)
    else:
        st.fragment(_watch, run_every=_TICK)()


def _watch() -> None:
    job = session().job
    if job is not None and job.active and job.done > job.started_with and _ends_within(job, _TICK):
        # The next look would come later than the end.
        job.wait(_TICK)
    if job is None or not job.active or (session().turning_over and not _ends_within(job, _BRIEF)):
        # A fragment redraws only itself; the first answers and the end of the work change the rest of the page too.
        st.rerun()
    else:
        _draw(job)


def _draw(job: ExplainJob) -> None:
    stop_bar(job, *progress_of(job), key="stop", help_text="The samples so far are kept.")


def _ends_within(job: ExplainJob, limit: float) -> bool:
    remaining = job.remaining()
    return remaining is not None and remaining < limit


def progress_of(job: ExplainJob) -> tuple[float, str]:
    """Return the share of a run that is done, and the same in words."""
    if job.done > job.started_with:
        speed = server().speed(job.question.model, job.precision)
        pace = f" · {speed:.0f} a second · {seconds((job.total - job.done) / speed)} left" if speed else ""
        return job.share, f"{job.done:,} of {job.total:,} samples{pace}"
    if (before := before_the_first_answer(job)) is not None:
        return before
    return job.share, f"{job.done:,} of {job.total:,} samples" if job.done else "Waiting for the first samples…"


def before_the_first_answer(job: ExplainJob | MethodsJob) -> tuple[float, str] | None:
    """Return what a run waits for that has no answers yet, and the share of it that is done; None for the answers."""
    loading = server().models.loading(job.question.model)
    if loading is None:
        return 0.0, "Starting…"
    if loading.fetching:
        return loading.share, f"Downloading the weights: {megabytes(loading.done)} of {megabytes(loading.total)}"
    if (place := job.place) is not None and place.runs:
        return job.share, in_words(place)
    if loading.classifier is None:
        return job.share, "Loading the model…"
    return None


def in_words(place: Place) -> str:
    """Return where a run stands that waits for its first turn, such as ``2 runs before yours, about 9 s``."""
    runs = "1 run" if place.runs == 1 else f"{place.runs} runs"
    return f"{runs} before yours" + (f", about {seconds(place.seconds)}" if place.seconds is not None else "")
