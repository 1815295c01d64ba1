"""Whatever screen is open, the visitor's own work goes on; only a closed page lets it end."""

from __future__ import annotations

import streamlit as st

from pages.state.session import session

# Well below `BackgroundJob.patience`, and far above what a server or a browser would notice.
_BEAT = 15.0  # seconds


def beat() -> None:
    """Note that the page is open, now and every few seconds while anything is under way."""
    # The rhythm belongs to the call, so the fragment is made anew at each one.
    st.fragment(_beat, run_every=_BEAT if session().working else None)()


def _beat() -> None:
    session().watched()
