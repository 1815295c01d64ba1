"""Trials that ask the model: what each one costs, a button to begin it, its progress, and its result."""

from __future__ import annotations

import json
import re
import time

import streamlit as st

from lime_core.explanation.verdict import TRIAL_TITLES
from lime_core.trials.document import trust_document
from lime_core.trials.suite import SEEDS, TRIALS
from pages.screens.trust import superpixel_interactions
from pages.screens.trust.trial_results import RESULTS
from pages.state.server import server
from pages.state.session import session
from pages.state.trial_job import TrialJob, TrialOrder
from pages.state.trials_made import trials_made
from pages.widgets.result_view import ResultView
from pages.widgets.sample_choice import seeds
from pages.widgets.stop_bar import stop_bar
from pages.widgets.text import problem, seconds

_TICK = 0.5  # seconds between two looks at a trial
_SLOW_TICK = 5.0  # the same for trials whose tab is closed

_QUESTIONS = {
    "reality": "Are the strongest superpixels enough for the model, and does its output fall without them? They are "
    "shown alone, then hidden, and compared with as many superpixels drawn at random.",
    "curves": "Superpixels are deleted one step after the other, strongest first, and then inserted. The faster the "
    "output falls and rises, compared with random orders, the better the ranking.",
    "repeat": "The same settings with several seeds: do other samples name the same superpixels?",
    "what-if": "The same picture with other superpixels, fills, kernel widths and sample counts: what stays the same "
    "in all of them does not depend on the settings.",
    "sanity": "The network's weights are replaced by random ones, layer by layer from the output down, and it is "
    "explained anew each time. An explanation that stays the same says nothing about the model. This takes several "
    "runs, and TensorFlow has to be loaded first.",
}


def show(shown: ResultView) -> None:
    """Draw the trials, one a tab; a closed tab costs nothing."""
    tabs = st.tabs(["Interactions", *TRIAL_TITLES.values()], key="trust.tab", on_change="rerun")
    if tabs[0].open:
        with tabs[0]:
            superpixel_interactions.show(shown)
    for tab, name in zip(tabs[1:], TRIALS, strict=True):
        if tab.open:
            with tab:
                _trial(shown, name)
    _keep_alive()
    _download(shown)


def _trial(shown: ResultView, name: str) -> None:
    order = _order(shown, name, seeds(len(SEEDS)) if name == "repeat" else len(SEEDS))
    job = session().trials.jobs.get(order.key)
    active = job is not None and job.active
    result = server().results.get(order.key)  # only now: a trial that has ended by then has left it
    st.caption(_QUESTIONS[name])
    if result is not None:
        RESULTS[name](shown, result)
    elif active:
        st.fragment(_progress, run_every=_TICK)(order.key)
    else:
        _offer(order, job)


def _order(shown: ResultView, name: str, seed_count: int) -> TrialOrder:
    result = shown.result
    return TrialOrder(
        name=name,
        question=result.question,
        attribution=shown.attribution,
        class_index=shown.focus.index,
        neighborhood=result.neighborhood,
        top_k=shown.top_k,
        seeds=tuple(range(seed_count)),
    )


def _offer(order: TrialOrder, job: TrialJob | None) -> None:
    """Say what went wrong the last time, and offer to begin; or say why there is nothing to begin."""
    if order.obstacle:
        st.info(order.obstacle, icon=":material/info:")
        return
    if job is not None and job.error is not None:
        st.error(problem(job.error))
    elif job is not None and job.stopping:
        st.caption("Stopped; nothing of it was kept.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Begin",
            key=f"begin.{order.name}",
            type="primary",
            icon=":material/play_arrow:",
            on_click=session().trials.begin,
            args=(order,),
        )
        speed = server().speed(order.question.model, order.precision)
        pace = f", about {seconds(order.calls / speed)}" if speed else ""
        st.caption(f"{order.calls:,} model calls{pace}")


def _progress(key: str) -> None:
    job = session().trials.jobs.get(key)
    if job is None or not job.active:
        # A fragment redraws only itself; the end of the work changes the rest of the page too.
        st.rerun()
        return
    stop_bar(job, job.share, _progress_text(job), key="stop_trial")


def _progress_text(job: TrialJob) -> str:
    if not job.done:
        return "Preparing…"
    remaining = (time.monotonic() - job.began) * (1 - job.share) / job.share
    return f"{job.done:,} of {job.total:,} model calls · {seconds(remaining)} left"


def _keep_alive() -> None:
    """Keep trials going whose tab is closed, as long as the screen is open."""
    if session().trials.active:
        st.fragment(_watch, run_every=_SLOW_TICK)(len(session().trials.active))


def _watch(before: int) -> None:
    active = session().trials.active
    if len(active) < before:
        # What a trial has shown changes the verdict at the top of the page.
        st.rerun()
    if active:
        st.caption(f"Under way: {', '.join(TRIAL_TITLES[job.order.name] for job in active)}")


def _download(shown: ResultView) -> None:
    focus = shown.focus
    results = trials_made(shown.attribution, server().results)[focus.index]
    st.download_button(
        "Verdict and trials (JSON)",
        lambda: json.dumps(trust_document(shown.attribution, focus.index, results), indent=1, allow_nan=False),
        f"{re.sub(r'[^a-z0-9]+', '-', focus.name.lower()).strip('-') or 'class'}-trust.json",
        "application/json",
        key="download.trust",
        on_click="ignore",
        icon=":material/data_object:",
        help="The verdict, its numbers and the trials so far, as `limelight trust` writes them.",
    )
