"""Take the comparison away: the table, the numbers, the pictures, a link."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from lime_core.models import CATALOG
from lime_core.show.encoding import to_png
from lime_core.trials.method_comparison import COLUMNS
from lime_core.trials.method_measures import MethodMeasures
from pages.screens.methods.methods_view import MethodsView
from pages.shell import links
from pages.widgets import labels

_PANEL_WIDTH, _PANEL_COLUMNS, _GAP, _TITLE = 480, 3, 12, 28  # pixels but for the columns


def show(shown: MethodsView) -> None:
    """Draw the downloads, each made when it is asked for, and the link."""
    stem = re.sub(r"[^a-z0-9]+", "-", shown.order.question.title.lower().rsplit(".", 1)[0]).strip("-")[:60] or "picture"
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            lambda: table(shown),
            f"{stem}-methods.csv",
            "text/csv",
            key="download.methods.csv",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "All numbers (JSON)",
            shown.comparison.to_json,
            f"{stem}-methods.json",
            "application/json",
            key="download.methods.json",
            on_click="ignore",
            icon=":material/data_object:",
            help="Scores and measures of every method, as `limelight methods` writes them.",
        )
        st.download_button(
            "Pictures (PNG)",
            lambda: to_png(panel(shown)),
            f"{stem}-methods.png",
            "image/png",
            key="download.methods.png",
            on_click="ignore",
            icon=":material/image:",
        )
    _link(shown)


def _link(shown: MethodsView) -> None:
    question, picture = shown.order.question, shown.settings.picture
    # The classes of the settings, of which the link's first one is compared, unless another one was chosen.
    settings = shown.settings.spec
    classes = settings.classes if shown.settings.focus is None else (shown.index,)
    spec = replace(question.spec.with_stages_of(settings, "view"), classes=classes, top_classes=settings.top_classes)
    example = picture.example if picture else None
    left_out = [] if example else ["picture"]
    left_out += [] if question.model in CATALOG else ["model"]
    own = f" (your own {' and '.join(left_out)} {'is' if len(left_out) == 1 else 'are'} never put in it)"
    st.caption(f"A link to this comparison{own if left_out else ''}")
    model = question.model if question.model in CATALOG else None
    wanted = links.LinkedSettings(example, model, spec=spec, methods=shown.order.methods, layer=shown.order.layer)
    st.code(links.link(st.context.url or "", wanted), None, wrap_lines=True)


def table(shown: MethodsView) -> str:
    """Return the measures as CSV: each number, its standard error, and whether it is the best or tied with it."""
    rows = [_row(shown, method) for method in shown.methods]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _row(shown: MethodsView, method: MethodMeasures) -> dict[str, Any]:
    measures = method[shown.index]
    row: dict[str, Any] = {"method": method.method, "class_index": measures.index, "class_name": measures.name}
    for column in COLUMNS:
        best = shown.comparison.best(shown.index, column)
        value = getattr(method, column, None)
        if value is None:
            measured = getattr(measures, column)
            row |= {column: measured.value, f"{column}_std_error": measured.std_error}
        else:
            row[column] = value
        row[f"{column}_best"] = "" if method.method not in best else "best" if method.method == best[0] else "tied"
    return row


def panel(shown: MethodsView) -> NDArray[np.uint8]:
    """Draw the maps of all methods with their titles, three a row, uint8 ``(h, w, 3)``."""
    drawn = [shown.map_of(method, width=_PANEL_WIDTH) for method in shown.methods]
    height, width = drawn[0].shape[:2]
    columns = min(len(drawn), _PANEL_COLUMNS)
    rows = -(-len(drawn) // columns)
    size = (columns * (width + _GAP) + _GAP, rows * (height + _TITLE + _GAP) + _GAP)
    page = PillowImage.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=16)
    for place, (method, pixels) in enumerate(zip(shown.methods, drawn, strict=True)):
        left = _GAP + place % columns * (width + _GAP)
        top = _GAP + place // columns * (height + _TITLE + _GAP)
        draw.text((left, top), labels.method(method.method), fill="black", font=font)
        page.paste(PillowImage.fromarray(pixels), (left, top + _TITLE))
    return np.asarray(page)
