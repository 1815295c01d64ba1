"""What the model says of each method's strongest superpixels: one table, its best numbers marked."""

from __future__ import annotations

import math

import streamlit as st

from lime_core.trials.measured import Measured
from lime_core.trials.method_comparison import COLUMNS, Column
from lime_core.trials.method_measures import Band, MethodMeasures
from pages.screens.methods.methods_view import MethodsView
from pages.widgets import labels, tables

_RANDOM = "random order"
_NOTHING = "–"
_HELP = (
    "The model is asked the same about every method. The strongest superpixels are those with most evidence for the "
    "class; of scores without a sign, the largest. *Alone*: its output when only the K strongest superpixels are "
    "shown. *Without*: its output when all but those are shown. *Deletion* and *insertion*: superpixels are hidden, "
    "or shown, one after the other, strongest first; the number is the area under the curve of the outputs, 0 to 1 "
    "for probabilities. *Between seeds*: how much the K strongest have in common (Jaccard, 0 to 1) when the method "
    "runs again with another seed.\n\n↑ higher is better, ↓ lower is better. ± is the standard error over the runs. "
    "*tied*: the difference from the best is within its error. A column without a mark tells no methods apart."
)


def headings(top_k: int) -> dict[Column, str]:
    """Return what each column is called; the arrow says whether high or low is good."""
    return {
        "top_alone": f"top {top_k} alone ↑",
        "without_top": "without them ↓",
        "deletion_area": "deletion area ↓",
        "insertion_area": "insertion area ↑",
        "agreement_between_seeds": "between seeds ↑",
        "seconds": "time ↓",
        "calls": "calls ↓",
    }


def show(shown: MethodsView) -> None:
    """Draw the table."""
    st.markdown("##### What the model says of them", help=_HELP)
    titles = headings(shown.top_k)
    marks = {column: _marks(shown, column) for column in COLUMNS}
    rows = [
        {"method": f"**{labels.method(method.method)}**"}
        | {titles[column]: _cell(shown, method, column, marks[column].get(method.method, "")) for column in COLUMNS}
        for method in shown.methods
    ]
    rows.append({"method": _RANDOM} | {titles[column]: _chance(shown, column) for column in COLUMNS})
    st.table(
        tables.from_rows(rows),
        border="horizontal",
        hide_index=True,
        alt="Measures of each method, the best ones marked",
    )
    st.caption(
        f"{_RANDOM.capitalize()}: mean of random orders, and 5 % to 95 % of them. Time and calls are those of one run, "
        "had the method been alone."
    )


def _marks(shown: MethodsView, column: Column) -> dict[str, str]:
    """Return "best" or "tied" for the methods at the top of a column; nothing where it tells no two methods apart."""
    best = shown.comparison.best(shown.index, column)
    compared = sum(_cell(shown, method, column, "") != _NOTHING for method in shown.methods)
    if len(best) == compared:
        return {}
    return {best[0]: "best"} | dict.fromkeys(best[1:], "tied")


def _cell(shown: MethodsView, method: MethodMeasures, column: Column, mark: str) -> str:
    if column == "seconds":
        text = _NOTHING if math.isnan(method.seconds) else f"{method.seconds:.2g} s"
    elif column == "calls":
        text = f"{method.calls:,}" + (", at no cost" if method.shares_answers else "")
    else:
        text = _measured(getattr(method[shown.index], column))
    return f"**{text}** {mark}" if mark else text


def _measured(measured: Measured) -> str:
    if math.isnan(measured.value):
        return _NOTHING
    value, error = _number(measured.value), measured.std_error
    return value if math.isnan(error) or not error else f"{value}\u00a0±\u00a0{_number(error)}"


def _chance(shown: MethodsView, column: Column) -> str:
    orders = shown.comparison.random_orders(shown.index)
    bands: dict[Column, Band] = {
        "top_alone": orders.top_alone,
        "without_top": orders.without_top,
        "deletion_area": orders.area,
        "insertion_area": orders.area,
    }
    if column not in bands:
        return _NOTHING
    band = bands[column]
    return f"{_number(band.mean)} ({_number(band.low)}\u00a0to\u00a0{_number(band.high)})"


def _number(value: float) -> str:
    """Return a number with three decimals, or with four digits where it is large, as values of a regression may be."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"
