"""The large picture: click a superpixel, see its scores, and hide or show it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, binary_erosion
from streamlit_image_coordinates import streamlit_image_coordinates

import lime_core as lc
from lime_core.show.captions import order_sentence
from pages.screens.explain.class_cards import in_words
from pages.screens.explain.parts import change_selection
from pages.state import widget_state
from pages.widgets import advice, charts, tables, verdict_text
from pages.widgets.interval_column import interval_column, interval_name
from pages.widgets.odds_column import CONFIG, odds_column
from pages.widgets.result_view import ResultView
from pages.widgets.text import output, plain

_MARK = (255, 214, 0)
_CLICK = "large_picture"
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden"
_TRUST = "pages/screens/trust/page.py"


def show(shown: ResultView) -> None:
    """Draw the class in focus large and clickable, its verdict, and the selected superpixel."""
    settings, segments = shown.settings, shown.segments
    chosen = (shown.focus.index, sorted(settings.hidden), settings.superpixel)
    picture = shown.picture(lambda: _pixels(shown), "large", *shown.drawn_as, *chosen)
    # The component offers no alternative text, so it stands beside the picture, for screen readers only.
    alternative = f"{in_words(shown, shown.focus)}. All of them stand in the table of superpixels."
    st.html(f'<div role="img" aria-label="{html.escape(alternative)}" style="{_UNSEEN}"></div>')
    streamlit_image_coordinates(
        _Encoded(picture),
        width="stretch",
        image_format="JPEG",
        cursor="crosshair",
        key=_CLICK,
        on_click=lambda: _select(segments),
    )
    certain = order_sentence(shown.attribution, shown.focus.index, shown.view)
    if certain:
        st.caption(plain(certain))
    _verdict(shown)
    if anything_selected(shown):
        _selected(shown)


def anything_selected(shown: ResultView) -> bool:
    """Return whether a superpixel is selected, or some are hidden by hand."""
    return shown.settings.superpixel is not None or bool(shown.settings.hidden)


def show_outputs(shown: ResultView) -> None:
    """Draw what stands below the picture while nothing is selected: what the model says of the whole picture."""
    attribution = shown.attribution
    st.caption("Click the picture to select a superpixel, or choose one in the table below.")
    outputs = ", ".join(f"{item.name} {output(item.output, attribution.provenance)}" for item in attribution.classes)
    figure = shown.figure(lambda: charts.class_outputs(attribution), "probabilities")
    st.plotly_chart(figure, key="probabilities", config=charts.QUIET, alt=outputs)


def _pixels(shown: ResultView) -> NDArray[np.uint8]:
    settings, segments = shown.settings, shown.segments
    pixels = shown.map_of(shown.focus.index)
    if settings.hidden:
        pixels = _striped(pixels, np.isin(segments, list(settings.hidden)))
    if settings.superpixel is not None:
        pixels = _marked(pixels, segments == settings.superpixel)
    return pixels


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A JPEG file in the place of a Pillow picture, for a component that encodes what it is given."""

    jpeg: bytes

    def save(self, file: BinaryIO, **_: Any) -> None:
        """Write the file as it is."""
        file.write(self.jpeg)


def _select(segments: NDArray[np.int32]) -> None:
    click = widget_state.read(_CLICK)
    if click:
        change_selection(superpixel=_superpixel_at(click, segments))


def _verdict(shown: ResultView) -> None:
    trust = shown.focus.trust
    st.markdown(
        f"**{verdict_text.word(trust)}** · {trust.meaning}",
        help=verdict_text.in_full(trust, with_advice=not shown.state.running),
    )
    if trust.reasons:
        st.caption(plain(trust.reasons[0]))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        advice.offer(trust)
        st.page_link(_TRUST, label="Test this explanation", icon=":material/science:")


def _selected(shown: ResultView) -> None:
    settings, attribution, chosen = shown.settings, shown.attribution, shown.settings.superpixel
    if chosen is not None:
        _scores(attribution, chosen)
    everything = frozenset(range(attribution.superpixels))
    strongest = frozenset(attribution.top_features(shown.focus.index, shown.top_k, "positive"))
    selected = frozenset() if chosen is None else frozenset({chosen})
    offers: dict[str, frozenset[int] | None] = {
        "Hide it": settings.hidden | selected if selected - settings.hidden else None,
        "Show it": settings.hidden - selected if selected & settings.hidden else None,
        "Hide all others": everything - selected if selected else None,
        f"Hide the {len(strongest)} strongest": strongest or None,
        "Show all": frozenset() if settings.hidden else None,
    }
    with st.container(horizontal=True, gap="small"):
        for label, hidden in offers.items():
            if hidden is not None and hidden != settings.hidden:
                st.button(label, on_click=_hide, args=(hidden,))


def _hide(superpixels: frozenset[int]) -> None:
    change_selection(hidden=superpixels)


def _scores(attribution: lc.Attribution, superpixel: int) -> None:
    number = attribution.id_of(superpixel)
    st.markdown(f"**Superpixel {number}**: what showing it adds ({attribution.unit})")
    rows = []
    for item in attribution.classes:
        score = float(attribution.scores(item.index)[superpixel])
        row: dict[str, Any] = {"class": item.name, "score": score}
        row |= interval_column(attribution, item, superpixel)
        row |= odds_column(attribution, score)
        rows.append(row | {"evidence": _evidence(attribution, item, superpixel, score)})
    column = st.column_config.NumberColumn
    st.dataframe(
        tables.from_rows(rows),
        hide_index=True,
        column_config={"score": column(format="%+.4f"), interval_name(attribution): column(format="%.4f"), **CONFIG},
        alt=f"Score of superpixel {number} for each class",
    )


def _evidence(attribution: lc.Attribution, item: lc.ClassAttribution, superpixel: int, score: float) -> str:
    if item.scores.ndim == 1 and not item.sure[superpixel]:
        return "uncertain"
    if not attribution.signed:
        return "important" if score else "not used"
    return "for the class" if score > 0 else "against it" if score < 0 else "not used"


def _striped(shown: NDArray[np.uint8], hidden: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Paint grey stripes over what is hidden by hand."""
    rows, columns = np.indices(hidden.shape)
    stripes = np.where((rows + columns) // 6 % 2, 110, 135).astype(np.uint8)[..., None]
    return np.where(hidden[..., None], stripes, shown)


def _marked(shown: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Frame the selected superpixel in yellow on black."""
    width = max(1, max(inside.shape) // 250)
    edge = inside & ~binary_erosion(inside, iterations=width)
    casing = binary_dilation(inside, iterations=width) & ~inside
    marked = shown.copy()
    marked[casing], marked[edge] = (0, 0, 0), _MARK
    return marked


def _superpixel_at(click: dict[str, Any], segments: NDArray[np.int32]) -> int:
    """Return the superpixel under a click, whatever size the picture has in the browser."""
    height, width = segments.shape
    row = int(click["y"] / max(click["height"], 1) * height)
    column = int(click["x"] / max(click["width"], 1) * width)
    return int(segments[min(max(row, 0), height - 1), min(max(column, 0), width - 1)])
