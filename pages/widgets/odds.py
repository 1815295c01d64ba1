"""A column for tables of weights: what showing a superpixel multiplies the odds by."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

import lime_core as lc

_NAME = "odds ×"
CONFIG = {
    _NAME: st.column_config.NumberColumn(format="%.2f", help="Showing it multiplies the odds p / (1 − p) by this much")
}


def column(explanation: lc.Explanation, weights: Any) -> dict[str, Any]:
    """Return the column for these weights; none unless they are log-odds."""
    in_log_odds = explanation.spec.target == "log_odds" and explanation.signed
    return {_NAME: np.exp(weights)} if in_log_odds else {}
