"""How far each model of a comparison is, Stop, and what went wrong with one."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lime_core as lc
from lime_core.models import CATALOG, DEFAULT_MODEL, is_available
from pages.screens.compare.same_question import questions
from pages.state.explain_job import ExplainJob
from pages.state.server import server
from pages.state.session import session
from pages.widgets import labels
from pages.widgets.model_choice import MOST_OTHERS
from pages.widgets.run_progress import progress_of
from pages.widgets.text import problem

_TICK = 0.5  # seconds between two looks at the runs


def show() -> None:
    """Draw the progress of all runs, or what went wrong."""
    comparison, asked = session().comparison, questions(session().settings)
    if comparison.running:
        st.fragment(_watch, run_every=_TICK)()
        return
    for question in asked:
        job = comparison.jobs.get(question.model)
        if job is not None and job.error is not None:
            _failed(job, job.error)
    stopped = [job for job in map(comparison.job_of, asked) if job is not None and job.stopping]
    if stopped:
        counts = ", ".join(f"{labels.model_title(job.question.model)} {job.done:,}" for job in stopped)
        st.caption(f"Stopped; samples so far: {counts}. *Compare* goes on from there.")


def _watch() -> None:
    comparison = session().comparison
    if not comparison.running:
        # A fragment redraws only itself; the end of the work changes the rest of the page too.
        st.rerun()
        return
    bars, button = st.columns([6, 1], vertical_alignment="center")
    for model, job in comparison.jobs.items():
        if job.active:
            share, text = progress_of(job)
            bars.progress(share, text=f"{labels.model_title(model)}: {text}")
            _cancel(bars, model)
    button.button(
        "Stop",
        icon=":material/stop:",
        key="compare.stop",
        width="stretch",
        help="The samples so far are kept.",
        on_click=comparison.stop,
    )


def _cancel(bars: DeltaGenerator, model: str) -> None:
    loading = server().models.loading(model)
    if loading is not None and loading.fetching:
        bars.button(f"Cancel the download of {labels.model_title(model)}", key=f"cancel.{model}", on_click=loading.stop)


def _failed(job: ExplainJob, error: lc.LimeError) -> None:
    model = job.question.model
    st.error(f"{labels.model_title(model)}: {problem(error)}")
    with st.container(horizontal=True):
        st.button("Try again", key=f"again.{model}", on_click=session().comparison.ask_again)
        st.button("Compare built-in models instead", key=f"built_in.{model}", on_click=_use_built_in)


def _use_built_in() -> None:
    family = CATALOG[DEFAULT_MODEL].family
    first, *others = (name for name, card in CATALOG.items() if card.family == family and is_available(card))
    session().change(model=first, others=tuple(others[:MOST_OTHERS]))
    session().comparison.ask(questions(session().settings))
