"""Settings that belong together, as several screens show them. Each function returns fields for `Session.change`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lime_core.surrogates.selection import All
from pages.widgets.setting_widgets import option, setting


def superpixel_settings() -> dict[str, Any]:
    """Draw how the picture is cut."""
    values: dict[str, Any] = {"segmentation": option("segmentation", columns=2)}
    left, right = st.columns(2)
    with left:
        values["resolution"] = setting("resolution")
    with right:
        values["framing"] = setting("framing")
    return values


def sampling_settings() -> dict[str, Any]:
    """Draw how masks are drawn, what stands where something is hidden, and when the query ends."""
    values: dict[str, Any] = {}
    left, right = st.columns(2)
    with left:
        values["sampler"] = option("sampler")
        values["seed"] = setting("seed")
    with right:
        values["fill"] = option("fill")
    values["include_original"] = setting("include_original")
    values["early_stop"] = setting("early_stop")
    if values["early_stop"]:
        left, right = st.columns(2)
        with left:
            values["stop_tolerance"] = setting("stop_tolerance")
        with right:
            values["stop_top_k"] = setting("stop_top_k")
    return values


def kernel_settings(width_in: DeltaGenerator | None = None, *, redraws: Sequence[str] = ()) -> dict[str, Any]:
    """Draw how near and far samples are weighted; the kernel's width stands in `width_in` where that is given."""
    return {"distance": setting("distance"), "kernel": option("kernel", parameters_in=width_in, redraws=redraws)}


def surrogate_settings() -> dict[str, Any]:
    """Draw the choice of the simple model and of the superpixels that enter it."""
    values: dict[str, Any] = {"surrogate": option("surrogate")}
    values["selection"] = All() if values["surrogate"].selects else option("selection")
    return values


def fit_settings(width_in: DeltaGenerator, *, redraws: Sequence[str] = ()) -> dict[str, Any]:
    """Draw everything that decides the fit, in two columns; the kernel's width stands in `width_in`."""
    left, right = st.columns(2)
    with left:
        values = {"target": option("target"), **kernel_settings(width_in, redraws=redraws)}
        values["normalize_weights"] = setting("normalize_weights")
    with right:
        values |= surrogate_settings()
    return values
