"""The choice of the picture: gallery, upload or camera, or one that was opened from an audit."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import lime_core as lc
from pages.state import widget_state
from pages.state.gallery import EXAMPLES, example
from pages.state.session import session
from pages.state.settings import Picture
from pages.state.uploads import MOST_MEGABYTES, decoded
from pages.widgets.text import plain


def picture() -> Picture | None:
    """Draw the choice of a picture; None until there is one.

    Raises
    ------
    ImageError
        When the uploaded file cannot be used.
    """
    audited = session().folder.picture
    sources = (
        widget_state.PICTURE_SOURCES if audited is None else (*widget_state.PICTURE_SOURCES, widget_state.AUDIT_SOURCE)
    )
    source = st.segmented_control(
        "Picture",
        sources,
        required=True,
        key=widget_state.SOURCE,
        width="stretch",
        persist_state="session",
    )
    if source == "Upload":
        # Of any name: what a phone or a program writes often has another ending than its contents, or none.
        file = st.file_uploader("Picture file, up to 20 MB", key="upload", max_upload_size=MOST_MEGABYTES)
        return Picture(_read(file), file.name) if file else None
    if source == "Camera":
        shot = st.camera_input("Take a picture", key="camera")
        return Picture(_read(shot), "camera picture") if shot else None
    if source == widget_state.AUDIT_SOURCE and audited is not None:
        return audited
    name = st.selectbox(
        "Example",
        list(EXAMPLES),
        format_func=lambda name: EXAMPLES[name].title,
        key=widget_state.PICTURE,
        label_visibility="collapsed",
        persist_state="session",
    )
    return Picture(example(name), EXAMPLES[name].title, name)


def _read(file: UploadedFile) -> lc.Image:
    """Return the picture in a file, say what is in doubt about it, and offer the other readings."""
    image = decoded(file)
    if len(image.ranges) > 1:
        chosen = st.selectbox(
            "Black and white",
            image.ranges,
            format_func=lambda ends: f"{ends[0]:g} to {ends[1]:g}",
            key=f"value_range.{file.file_id}",
            help="Which numbers in the file are black and white. The file does not say it; the first is the likeliest.",
        )
        if chosen != image.ranges[0]:
            image = decoded(file, chosen)
    for note in image.notes:
        st.caption(plain(note))
    return image
