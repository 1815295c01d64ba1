"""The large picture: click a superpixel, see its weights, hide it, and put the surrogate beside the model."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
import streamlit as st
from scipy.ndimage import binary_dilation, binary_erosion
from streamlit_image_coordinates import streamlit_image_coordinates

import lime_core as lc
from lime_core.explanation.explanation import CONFIDENT
from lime_core.masks.kernels import as_outputs
from lime_core.methods.lime.precision import precision_of
from pages.screens.explain import cards
from pages.state.server import store
from pages.state.session import Session
from pages.widgets import charts, odds
from pages.widgets import labels as words
from pages.widgets import verdicts as verdict
from pages.widgets.current import Shown

_MARK = (255, 214, 0)
_CLICK = "large_picture"
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden"


def picture(shown: Shown) -> None:
    """Draw the class in focus large and clickable, and what was touched."""
    state, segments = shown.state, shown.explanation.segments
    pixels = shown.map_of(shown.focus.index)
    if state.hidden:
        pixels = _striped(pixels, np.isin(segments, list(state.hidden)))
    if state.superpixel is not None:
        pixels = _marked(pixels, segments == state.superpixel)
    # The component offers no alternative text, so it stands beside the picture, for screen readers only.
    told = f"{cards.in_words(shown.explanation, shown.focus)}. All of them stand in the table of superpixels."
    st.html(f'<div role="img" aria-label="{html.escape(told)}" style="{_UNSEEN}"></div>')
    streamlit_image_coordinates(
        pixels,
        width="stretch",
        image_format="JPEG",
        jpeg_quality=90,
        cursor="crosshair",
        key=_CLICK,
        on_click=lambda: _touch(state, segments),
    )
    verdict.on_demand(state, shown.focus)
    _touched(shown)


def _touched(shown: Shown) -> None:
    state, chosen = shown.state, shown.state.superpixel
    if chosen is None and not state.hidden:
        st.caption("Click the picture to ask about a superpixel, or choose one in the table below.")
        told = ", ".join(f"{one.name} {one.probability:.1%}" for one in shown.explanation.classes)
        figure = charts.probabilities(shown.explanation)
        st.plotly_chart(figure, key="probabilities", config={"displayModeBar": False}, alt=told)
        return
    if chosen is not None:
        _weights(shown.explanation, chosen)
    everything = frozenset(range(shown.result.neighborhood.superpixels))
    strongest = frozenset(shown.explanation.top_features(shown.focus.index, shown.explanation.spec.top_k, "positive"))
    one = frozenset() if chosen is None else frozenset({chosen})
    offers = {
        "Hide it": state.hidden | one if one - state.hidden else None,
        "Show it": state.hidden - one if one & state.hidden else None,
        "Keep only it": everything - one if one else None,
        f"Hide the {len(strongest)} strongest": strongest or None,
        "Show all": frozenset[int]() if state.hidden else None,
    }
    with st.container(horizontal=True, gap="small"):
        for label, hidden in offers.items():
            if hidden is not None and hidden != state.hidden:
                st.button(label, on_click=setattr, args=(state, "hidden", hidden))


def _touch(state: Session, segments: np.ndarray) -> None:
    click = st.session_state[_CLICK]
    if click:
        state.superpixel = _at(click, segments)


def _weights(explanation: lc.Explanation, superpixel: int) -> None:
    st.markdown(f"**Superpixel {superpixel}**: what showing it adds ({explanation.unit})")
    rows = [
        {
            "class": explained.name,
            "weight": explained.coefficients[superpixel],
            "± 95 %": CONFIDENT * explained.std_errors[superpixel],
            **odds.column(explanation, explained.coefficients[superpixel]),
            "it": _verdict(explanation, explained, superpixel),
        }
        for explained in explanation.classes
    ]
    column = st.column_config
    number = column.NumberColumn(format="%+.4f")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"weight": number, "± 95 %": column.NumberColumn(format="%.4f"), **odds.CONFIG},
        alt=f"Weight of superpixel {superpixel} for each class",
    )


def _verdict(explanation: lc.Explanation, explained: lc.ClassExplanation, superpixel: int) -> str:
    if not explained.sure[superpixel]:
        return "not sure"
    if not explanation.signed:
        return "matters"
    value = explained.coefficients[superpixel]
    return "speaks for it" if value > 0 else "speaks against it" if value < 0 else "was left out"


def answers(shown: Shown) -> None:
    """Ask the model about what is hidden by hand, at once, and put its answer beside the surrogate's."""
    state, explanation, question = shown.state, shown.explanation, shown.result.question
    if not state.hidden:
        return
    mask = np.ones((1, shown.result.neighborhood.superpixels), np.uint8)
    mask[0, list(state.hidden)] = 0
    try:
        precision = precision_of(explanation.provenance.engine)
        outputs = store().outputs(question.image, question.model, question.spec, mask, precision)
    except lc.LimeError as error:
        st.error(words.plain(str(error)))
        return
    indices = [explained.index for explained in explanation.classes]
    model = outputs[0, indices].tolist()
    surrogate = None
    if explanation.signed:
        targets = [one.intercept + mask[0] @ one.coefficients for one in explanation.classes]
        surrogate = as_outputs(np.array(targets), explanation.spec).tolist()
    st.markdown(f"With {len(state.hidden)} of {mask.shape[1]} superpixels hidden the model answers")
    figure = charts.answers(
        [explained.name for explained in explanation.classes],
        [explained.probability for explained in explanation.classes],
        model,
        surrogate,
    )
    told = [
        f"{one.name} {one.probability:.2f} before, {now:.2f} now"
        for one, now in zip(explanation.classes, model, strict=True)
    ]
    st.plotly_chart(figure, key="answers", config={"displayModeBar": False}, alt="; ".join(told))


def _striped(shown: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Paint grey stripes over what is hidden by hand."""
    rows, columns = np.indices(hidden.shape)
    stripes = np.where((rows + columns) // 6 % 2, 110, 135).astype(np.uint8)[..., None]
    return np.where(hidden[..., None], stripes, shown)


def _marked(shown: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Frame the touched superpixel in yellow on black."""
    width = max(1, max(inside.shape) // 250)
    edge = inside & ~binary_erosion(inside, iterations=width)
    casing = binary_dilation(inside, iterations=width) & ~inside
    marked = shown.copy()
    marked[casing], marked[edge] = (0, 0, 0), _MARK
    return marked


def _at(click: dict[str, Any], segments: np.ndarray) -> int:
    """Return the superpixel under a click, whatever size the picture has in the browser."""
    height, width = segments.shape
    row = int(click["y"] / max(click["height"], 1) * height)
    column = int(click["x"] / max(click["width"], 1) * width)
    return int(segments[min(max(row, 0), height - 1), min(max(column, 0), width - 1)])
