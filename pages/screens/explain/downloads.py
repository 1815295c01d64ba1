"""Take it away: pictures, a report, the numbers, the command line, a link."""

from __future__ import annotations

import io
import re

import streamlit as st

import lime_core as lc
from lime_core.settings.flags import command_line
from lime_core.show import render
from lime_core.show.report import html_report
from pages.shell import links
from pages.widgets.current import Shown


def show(shown: Shown) -> None:
    """Draw the downloads; each file is made when it is asked for."""
    state, result, explanation, focus, image = (shown.state, shown.result, shown.explanation, shown.focus, shown.image)
    stem = _file_name(result.question.title)
    with st.container(horizontal=True):
        st.download_button(
            f"PNG: {focus.name}",
            lambda: render.to_png(shown.map_of(focus.index)),
            f"{stem}-{_file_name(focus.name)}.png",
            "image/png",
            key="download.png",
            on_click="ignore",
            icon=":material/image:",
        )
        st.download_button(
            "PNG: superpixels",
            lambda: render.to_png(render.numbered(image, explanation.segments)),
            f"{stem}-superpixels.png",
            "image/png",
            key="download.superpixels",
            on_click="ignore",
            icon=":material/grid_view:",
        )
        st.download_button(
            "Report (HTML)",
            lambda: html_report(image, explanation, title=result.question.title),
            f"{stem}-report.html",
            "text/html",
            key="download.report",
            on_click="ignore",
            icon=":material/article:",
            help="One page with everything in it, to mail or to print.",
        )
        st.download_button(
            "Explanation (JSON)",
            explanation.to_json,
            f"{stem}-explanation.json",
            "application/json",
            key="download.json",
            on_click="ignore",
            icon=":material/data_object:",
        )
        st.download_button(
            "Explanation (NPZ)",
            lambda: _npz(explanation),
            f"{stem}-explanation.npz",
            "application/octet-stream",
            key="download.npz",
            on_click="ignore",
            icon=":material/table:",
        )
        st.download_button(
            "All samples (NPZ)",
            lambda: _npz(result.neighborhood),
            f"{stem}-neighborhood.npz",
            "application/octet-stream",
            key="download.neighborhood",
            on_click="ignore",
            icon=":material/database:",
            help="Masks and outputs: fit them again without asking the model.",
        )
    st.caption("The command that repeats it:")
    asked, spec = result.question, explanation.spec
    command = command_line(spec, f"{stem}.png", model=asked.model, precision=asked.precision)
    st.code(command, "bash", wrap_lines=True)
    example = state.picture.example if state.picture else None
    st.caption("A link that restores every setting" + ("" if example else " (your own picture is never put in it)"))
    wanted = links.Wanted(example, asked.model, None if asked.precision == "f32" else asked.precision, spec)
    st.code(links.link(st.context.url or "", wanted), None, wrap_lines=True)


def _npz(stored: lc.Explanation | lc.Neighborhood) -> bytes:
    buffer = io.BytesIO()
    stored.save_npz(buffer)
    return buffer.getvalue()


def _file_name(text: str) -> str:
    """Return a name that every file system takes and no shell misreads."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower().rsplit(".", 1)[0]).strip("-")[:60] or "picture"
