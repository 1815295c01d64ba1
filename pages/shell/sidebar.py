"""The sidebar that all screens share: the picture and the model."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG, DEFAULT_MODEL
from lime_core.superpixels.segmentation import resize_pixels
from pages.state.load_job import Loading
from pages.state.server import store
from pages.state.session import Session, session
from pages.widgets import controls
from pages.widgets import labels as words

_TICK = 0.5  # seconds between two looks at a model that is being loaded


def show() -> None:
    """Draw it, and take the choice over into the session."""
    state = session()
    try:
        picture = controls.picture()
    except lc.LimeError as error:
        st.error(words.plain(str(error)))
        picture = None
    # The picture's place is above the model, but which one counts is known only below.
    place = st.container()
    model = controls.model()
    begin = model != state.model or store().known_loading(model) is None
    state.choose(picture, model, controls.precision())
    if state.picture is not None:
        with place:
            _picture(state)
    _model_card(model, store().loaded(model, state.precision) or store().loaded(model))
    _loading(store().loading(model) if begin else store().known_loading(model))


def _picture(state: Session) -> None:
    title, image = state.picture.title, state.picture.image
    st.image(image.pixels, caption=words.plain(title), alt=title, width="stretch", output_format="JPEG")
    with st.popover("What the model sees", width="stretch", icon=":material/visibility:"):
        height, width = CATALOG[state.model].input_size
        seen = resize_pixels(lc.frame(image, state.spec).pixels, (height, width))
        st.image(seen, alt=f"The picture at the model's size, {width} by {height} pixels", width=width)
        st.caption(f"{width}×{height} pixels: {words.choice(state.spec.framing)}. Change it under *Superpixels*.")


def _model_card(model: str, classifier: lc.Classifier | None) -> None:
    card = CATALOG[model]
    parts = [
        f"{card.parameters / 1e6:.1f} million parameters",
        words.megabytes(card.weights_bytes),
        f"input {card.input_size[1]}×{card.input_size[0]}",
        f"ImageNet top-1 {card.top1:.1f} %",
        card.license,
    ]
    if classifier is not None:
        parts.append(f"runs on {words.engine(classifier.engine)}")
    st.caption(" · ".join(parts))
    note = getattr(classifier, "engine_note", None)
    if note:
        st.caption(words.plain(note))


def _loading(loading: Loading | None) -> None:
    if loading is None or loading.classifier is not None:
        return
    if loading.failed:
        _failed(loading)
    else:
        st.fragment(_watch, run_every=_TICK)(loading)


def _watch(loading: Loading) -> None:
    if loading.finished:
        st.rerun()
    if not loading.bytes_total or loading.bytes_done >= loading.bytes_total:
        st.progress(0.0, text="Loading the model…")
        return
    done, total = loading.bytes_done, loading.bytes_total
    st.progress(done / total, text=f"Fetching weights: {words.megabytes(done)} of {words.megabytes(total)}")
    st.button("Cancel", key="cancel_download", on_click=loading.cancel, width="stretch")


def _failed(loading: Loading) -> None:
    st.error(words.plain(str(loading.error)))
    st.button("Try again", key="load_again", on_click=lambda: store().loading(loading.model), width="stretch")
    if loading.model != DEFAULT_MODEL:
        st.button("Use the built-in model", key="use_built_in", on_click=_use_built_in, width="stretch")


def _use_built_in() -> None:
    st.session_state["model"] = DEFAULT_MODEL
