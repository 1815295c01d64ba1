"""A column for tables of scores: what showing a superpixel multiplies the odds by."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

import lime_core as lc

_NAME = "odds ×"
CONFIG = {
    _NAME: st.column_config.NumberColumn(format="%.2f", help="Showing it multiplies the odds p / (1 − p) by this much")
}


def odds_column(attribution: lc.Attribution, scores: Any) -> dict[str, Any]:
    """Return the column for these scores; none unless they are log-odds."""
    return {_NAME: np.exp(scores)} if attribution.signed and attribution.unit == "log-odds" else {}
