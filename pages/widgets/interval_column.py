"""A column for tables of scores: half the interval around each of them, where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np

import lime_core as lc


def has_intervals(item: lc.ClassAttribution) -> bool:
    """Return whether the scores of a class have error bars, be they infinitely long."""
    return item.std_errors is not None and not bool(np.isnan(item.std_errors).all())


def interval_name(attribution: lc.Attribution) -> str:
    """Return the heading of the column."""
    return f"± {attribution.interval_label}"


def interval_column(attribution: lc.Attribution, item: lc.ClassAttribution, superpixels: Any) -> dict[str, Any]:
    """Return the column for these superpixels: nothing without error bars; empty cells where nothing is known.

    Parameters
    ----------
    attribution : Attribution
        The result.
    item : ClassAttribution
        One of its classes.
    superpixels : int or ndarray of int
        One of its superpixels, or several.
    """
    if not has_intervals(item):
        return {}
    widths = item.half_widths[superpixels]
    # [()] makes a number of an array without dimensions, as for one superpixel.
    return {interval_name(attribution): np.where(np.isfinite(widths), widths, np.nan)[()]}
