"""The choice of the picture: gallery, upload or camera."""

from __future__ import annotations

import streamlit as st

from pages.state import widget_state
from pages.state.gallery import EXAMPLES, example
from pages.state.settings import Picture
from pages.state.uploads import decoded

PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif"]


def picture() -> Picture | None:
    """Draw the choice of a picture; None until there is one.

    Raises
    ------
    ImageError
        When the uploaded file cannot be used.
    """
    source = st.segmented_control(
        "Picture",
        widget_state.PICTURE_SOURCES,
        required=True,
        key=widget_state.SOURCE,
        width="stretch",
        persist_state="session",
    )
    if source == "Upload":
        file = st.file_uploader("Picture file, up to 20 MB", type=PICTURE_TYPES, key="upload")
        return Picture(decoded(file), file.name) if file else None
    if source == "Camera":
        shot = st.camera_input("Take a picture", key="camera")
        return Picture(decoded(shot), "camera picture") if shot else None
    name = st.selectbox(
        "Example",
        list(EXAMPLES),
        format_func=lambda name: EXAMPLES[name].title,
        key=widget_state.PICTURE,
        label_visibility="collapsed",
        persist_state="session",
    )
    return Picture(example(name), EXAMPLES[name].title, name)
