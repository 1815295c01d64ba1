"""How far background work is, and the button that stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from pages.state.background_job import BackgroundJob


def stop_bar(job: BackgroundJob, share: float, text: str, *, key: str, help_text: str | None = None) -> None:
    """Draw the share of a job that is done (0..1), the same in words, and its Stop button.

    Parameters
    ----------
    job : BackgroundJob
        What is stopped.
    share : float
    text : str
    key : str
        Of the button.
    help_text : str, optional
        What becomes of the work so far.
    """
    bar, button = st.columns([6, 1], vertical_alignment="center")
    bar.progress(share, text=text)
    button.button(
        "Stop",
        icon=":material/stop:",
        key=key,
        width="stretch",
        help=help_text,
        disabled=job.stopping,
        on_click=job.stop,
    )
