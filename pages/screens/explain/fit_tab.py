"""LIME's fit: the kernel over the samples' distances, and how well the surrogate does for each class."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from pages.widgets import charts, tables
from pages.widgets.result_view import ResultView


def show(shown: ResultView) -> None:
    """Draw the tab."""
    explanation = shown.explanation
    if explanation is None:
        st.info("This method fits no surrogate, so it has no kernel and no R².")
        return
    st.caption(
        "How much each sample counts: near ones more than far ones. "
        f"Effective sample size {explanation.effective_sample_size:,.0f} of {explanation.samples:,}."
    )
    figure = shown.figure(lambda: charts.kernel(shown.result.neighborhood, explanation.spec), "kernel")
    st.plotly_chart(figure, key="kernel", config=charts.QUIET, alt="Kernel weight over the distances of the samples")
    _fidelity(explanation)


def _fidelity(explanation: lc.Explanation) -> None:
    outputs = explanation.spec.target.outputs
    column = st.column_config.NumberColumn
    st.dataframe(
        tables.from_rows(
            [
                {
                    "class": item.name,
                    "R², held out": item.r2_holdout,
                    "R², in sample": item.r2,
                    "model, whole picture": item.output,
                    "surrogate, whole picture": float(outputs(item.surrogate_output)),
                    "surrogate, all hidden": float(outputs(item.intercept)),
                }
                for item in explanation.classes
            ]
        ),
        hide_index=True,
        column_config={
            "R², held out": column(format="%.3f", help="Share of the variation predicted for unseen samples"),
            "R², in sample": column(format="%.3f", help="The same for the samples of the fit; always larger"),
            "model, whole picture": column(format="%.3f"),
            "surrogate, whole picture": column(format="%.3f"),
            "surrogate, all hidden": column(format="%.3f", help="The intercept"),
        },
        alt="How well the surrogate fits for each class",
    )
