"""Closer looks at an explanation, one a tab."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

import lime_core as lc
from lime_core.explanation.explanation import CONFIDENT
from lime_core.masks.kernels import as_outputs
from lime_core.show import render
from pages.state.server import store
from pages.state.session import Session
from pages.widgets import charts, controls, odds
from pages.widgets import labels as words
from pages.widgets.current import Shown

_QUIET = {"displayModeBar": False}
_PICTURES_A_PAGE = 12


def superpixels(shown: Shown) -> None:
    """Show every superpixel of the class in focus: chart, numbered picture, and a table to choose from by keyboard."""
    explanation, focus = shown.explanation, shown.focus
    left, right = st.columns([5, 7], gap="medium")
    with left:
        st.image(
            render.numbered(shown.image, explanation.segments),
            alt="The picture with its superpixels numbered",
            width="stretch",
            output_format="JPEG",
        )
    with right:
        st.caption(
            f"**{words.plain(focus.name)}**: weights ({explanation.unit}), 95 % intervals; pale where zero is inside."
        )
        figure = charts.coefficients(explanation, focus)
        st.plotly_chart(figure, key="coefficients", config=_QUIET, alt=f"Strongest superpixels for {focus.name}")
    _table(shown.state, explanation, focus)


def _table(state: Session, explanation: lc.Explanation, focus: lc.ClassExplanation) -> None:
    sizes = np.bincount(explanation.segments.ravel()) / explanation.segments.size
    order = np.argsort(-np.abs(focus.coefficients), kind="stable")
    weight = focus.coefficients[order]
    rows = {
        "superpixel": order,
        "weight": weight,
        "± 95 %": CONFIDENT * focus.std_errors[order],
        **odds.column(explanation, weight),
        "sure": np.where(focus.sure[order], "sure", "not sure"),
        "in the top K": 100 * focus.trust.top_k_frequency[order],
        "share of the picture": 100 * sizes[order],
    }
    column = st.column_config
    key, k = f"superpixels.{focus.index}", explanation.spec.top_k
    st.dataframe(
        rows,
        hide_index=True,
        height=280,
        on_select=lambda: _choose(state, key, order),
        selection_mode="single-row",
        key=key,
        column_config={
            "weight": column.NumberColumn(format="%+.4f"),
            "± 95 %": column.NumberColumn(format="%.4f"),
            **odds.CONFIG,
            "sure": column.TextColumn(help="Not sure: the 95 % interval contains zero"),
            "in the top K": column.NumberColumn(
                format="%.0f %%", help=f"How often it is among the {k} strongest when the samples are resampled"
            ),
            "share of the picture": column.NumberColumn(format="%.1f %%"),
        },
        alt=f"All superpixels by weight for {focus.name}; choose a row to touch that superpixel",
    )


def _choose(state: Session, key: str, order: np.ndarray) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        state.superpixel = int(order[rows[0]])


def contrast(shown: Shown) -> None:
    """Show why the one class and not the other."""
    explanation, focus = shown.explanation, shown.focus
    indices = [explained.index for explained in explanation.classes]
    if len(indices) < 2 or not explanation.signed:
        st.info("A contrast needs two classes, and a surrogate that tells for from against.")
        return
    # The class that is looked at is the first to be asked about.
    indices.sort(key=lambda index: index != focus.index)
    names = {index: explanation[index].name for index in indices}
    left, right = st.columns([5, 7], gap="medium")
    with left:
        why, not_that = controls.two_of(("Why", "and not"), names, ("why", "not"))
        difference = explanation.contrast(why, not_that)
        name = f"{names[why]} rather than {names[not_that]}"
        st.image(
            shown.map_of(why, _as_explanation(explanation, difference, name)),
            alt=f"What speaks for {name}",
            width="stretch",
            output_format="JPEG",
        )
    with right:
        st.caption(f"What speaks for **{words.plain(name)}**: the difference of the weights, with 95 % intervals.")
        st.plotly_chart(
            charts.contrast(difference, explanation.spec.unit),
            key="contrast",
            config=_QUIET,
            alt=f"What speaks for {name}",
        )


def _as_explanation(explanation: lc.Explanation, difference: lc.Contrast, name: str) -> lc.Explanation:
    """Return an explanation whose one class is the difference, so that every view can draw it."""
    one = replace(
        explanation[difference.a], name=name, coefficients=difference.coefficients, std_errors=difference.std_errors
    )
    return replace(explanation, classes=(one,))


def fit(shown: Shown) -> None:
    """Show the kernel over the samples' own distances, and how the surrogate does for each class."""
    explanation = shown.explanation
    st.caption(
        "How much each sample counts: near ones more than far ones. "
        f"Effective sample size {explanation.effective_sample_size:,.0f} of {explanation.samples:,}."
    )
    figure = charts.kernel(shown.result.neighborhood, explanation.spec)
    st.plotly_chart(figure, key="kernel", config=_QUIET, alt="Kernel weight over the distances of the samples")
    column = st.column_config.NumberColumn
    st.dataframe(
        [
            {
                "class": one.name,
                "R², held out": one.r2_holdout,
                "R², in sample": one.r2,
                "model, whole picture": one.probability,
                "surrogate, whole picture": float(as_outputs(one.surrogate_output, explanation.spec)),
                "surrogate, all hidden": float(as_outputs(one.intercept, explanation.spec)),
            }
            for one in explanation.classes
        ],
        hide_index=True,
        column_config={
            "R², held out": column(format="%.3f", help="Share of the ups and downs predicted for unseen samples"),
            "R², in sample": column(format="%.3f", help="The same for the samples of the fit: always flattering"),
            "model, whole picture": column(format="%.3f"),
            "surrogate, whole picture": column(format="%.3f"),
            "surrogate, all hidden": column(format="%.3f", help="The intercept"),
        },
        alt="How the surrogate does for each class",
    )


def samples(shown: Shown) -> None:
    """Leaf through the perturbed pictures with the model's answers."""
    neighborhood, focus = shown.result.neighborhood, shown.focus
    values = neighborhood.outputs[:, focus.index]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = controls.order_of_samples(f"Perturbed pictures, {words.plain(focus.name)}")
        page = controls.page_of_samples(-(-len(values) // _PICTURES_A_PAGE))
    ranked = {"highest": np.argsort(-values, kind="stable"), "lowest": np.argsort(values, kind="stable")}
    chosen = ranked.get(order, np.arange(len(values)))[(page - 1) * _PICTURES_A_PAGE : page * _PICTURES_A_PAGE]
    scene = store().scene(shown.result.question.image, neighborhood.provenance.input_size, neighborhood.spec)
    pictures = scene.perturbed(neighborhood.masks[chosen])
    captions = [f"{words.percent(values[row])} · {int(neighborhood.masks[row].sum())} shown" for row in chosen]
    alternatives = [f"Sample {row}: {text}" for row, text in zip(chosen, captions, strict=True)]
    with st.container(horizontal=True, gap="small"):
        for pixels, caption, alternative in zip(pictures, captions, alternatives, strict=True):
            st.image(pixels, caption=caption, alt=alternative, width=150, output_format="JPEG")
