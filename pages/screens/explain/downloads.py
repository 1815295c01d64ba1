"""Take it away: pictures, a report, the numbers, the command line, a link."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG
from lime_core.settings.flags import command_line
from lime_core.show.encoding import to_png
from lime_core.show.report import html_report
from lime_core.show.superpixel_pictures import numbered
from pages.shell import links
from pages.state.known_models import known_model
from pages.widgets.result_view import ResultView

_IS = ("", "is", "are")


def show(shown: ResultView) -> None:
    """Draw the downloads; each file is made when it is asked for."""
    attribution, explanation, focus = shown.attribution, shown.explanation, shown.focus
    title = shown.result.question.title
    stem = _file_name(title)
    with st.container(horizontal=True):
        _button(
            "png",
            f"PNG: {focus.name}",
            "image",
            lambda: to_png(shown.map_of(focus.index)),
            f"{stem}-{_file_name(focus.name)}.png",
            "image/png",
        )
        _button(
            "superpixels",
            "PNG: superpixels",
            "grid_view",
            lambda: to_png(numbered(shown.canvas(), ids=shown.ids)),
            f"{stem}-superpixels.png",
            "image/png",
        )
        _button(
            "report",
            "Report (HTML)",
            "article",
            lambda: html_report(shown.image, attribution, title=title, view=shown.view),
            f"{stem}-report.html",
            "text/html",
            "One page with everything in it, to mail or to print.",
        )
        kind = "Attribution" if explanation is None else "Explanation"
        _button(
            "json",
            f"{kind} (JSON)",
            "data_object",
            attribution.to_json,
            f"{stem}-{kind.lower()}.json",
            "application/json",
        )
        if explanation is not None:
            _button(
                "npz",
                "Explanation (NPZ)",
                "table",
                lambda: _npz(explanation),
                f"{stem}-explanation.npz",
                "application/octet-stream",
            )
        _button(
            "neighborhood",
            "All samples (NPZ)",
            "database",
            lambda: _npz(shown.result.neighborhood),
            f"{stem}-neighborhood.npz",
            "application/octet-stream",
            "Masks and outputs: fit them again without asking the model.",
        )
    _command_and_link(shown, stem)


def _button(
    key: str, label: str, icon: str, make: Callable[[], bytes | str], name: str, mime: str, help_text: str | None = None
) -> None:
    st.download_button(
        label,
        make,
        name,
        mime,
        key=f"download.{key}",
        on_click="ignore",
        icon=f":material/{icon}:",
        help=help_text,
    )


def _command_and_link(shown: ResultView, stem: str) -> None:
    question, picture = shown.result.question, shown.settings.picture
    # A result does not know how it is drawn; a link and a command restore that too. They repeat the question as it was
    # posed, not as the method has put it.
    asked = question.spec.with_stages_of(shown.settings.spec, "fit", "view")
    spec = replace(asked, samples=shown.result.neighborhood.samples) if shown.explanation is not None else asked
    st.caption("The command that repeats it:")
    command = command_line(
        spec,
        f"{stem}.png",
        model=known_model(question.model).flags,
        method=question.method,
        precision=question.precision,
        value_range=next(iter(question.image.ranges), None),
    )
    st.code(command, None, wrap_lines=True)
    example = picture.example if picture else None
    left_out = ([] if example else ["picture"]) + ([] if question.model in CATALOG else ["model"])
    caption = f" (your own {' and '.join(left_out)} {_IS[len(left_out)]} never put in it)" if left_out else ""
    st.caption(f"A link that restores every setting{caption}")
    wanted = links.LinkedSettings.of(question, spec, example)
    st.code(links.link(st.context.url or "", wanted), None, wrap_lines=True)


def _npz(stored: lc.Explanation | lc.Neighborhood) -> bytes:
    buffer = io.BytesIO()
    stored.save_npz(buffer)
    return buffer.getvalue()


def _file_name(text: str) -> str:
    """Return a name that every file system takes and no shell misreads."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().rsplit(".", 1)[0]).strip("-")[:60] or "picture"
