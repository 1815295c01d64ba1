"""The sidebar that all screens share: the picture and the model."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG
from lime_core.segmentation import resize_pixels
from pages.parts import controls, words
from pages.parts.session import session


def show() -> None:
    """Draw it, and take the choice over into the session."""
    state = session()
    picture = None
    try:
        picture = controls.picture()
    except lc.LimeError as error:
        st.error(str(error))
    # The widget's place is above the card, but the card shows the picture that counts.
    shown = st.container()
    model = controls.model()
    state.choose(picture, model)
    if state.picture is not None:
        title = words.plain(state.picture.title)
        shown.image(state.picture.image.pixels, caption=title, alt=state.picture.title, width="stretch")
        with shown.popover("What the model sees", width="stretch"):
            _seen_by_the_model()
    _model_card(model)


def _seen_by_the_model() -> None:
    state = session()
    if state.picture is None:
        return
    height, width = CATALOG[state.model].input_size
    image = state.picture.image
    framed = image.center_crop() if state.spec.framing == "center_crop" else image
    seen = resize_pixels(framed.pixels, (height, width))
    st.image(seen, alt=f"The picture at the model's size, {width} by {height} pixels", width=min(width, 299))
    st.caption(f"{width}×{height} pixels: {words.choice(state.spec.framing)}. To change it: *Superpixels*.")


def _model_card(model: str) -> None:
    card = CATALOG[model]
    st.caption(
        f"{card.parameters / 1e6:.1f} million parameters · {words.megabytes(card.weights_bytes)} · input "
        f"{card.input_size[1]}×{card.input_size[0]} · ImageNet top-1 {card.top1:.1f} % · {card.license}"
    )
