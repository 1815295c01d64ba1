"""Drawing parts of the page anew by themselves."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st


def redraw(keys: Sequence[str]) -> None:
    """Draw the fragments with these keys anew and nothing else; to be called last in a callback."""
    st.rerun(list(keys))
