"""The sidebar that all screens share: the picture and the model."""

from __future__ import annotations

import streamlit as st

import lime_core as lc
from lime_core.models import CATALOG, DEFAULT_MODEL
from lime_core.superpixels import resize_pixels
from pages.shell import missing_weights, own_model
from pages.state import widget_state
from pages.state.known_models import known_model
from pages.state.load_job import LoadJob
from pages.state.server import server
from pages.state.session import session
from pages.state.settings import Picture
from pages.widgets import labels, model_choice
from pages.widgets.picture_choice import picture
from pages.widgets.text import megabytes, plain

_TICK = 0.5  # seconds between two looks at a model that is being loaded


def show() -> None:
    """Draw it, and take the choice over into the session."""
    state = session()
    try:
        chosen = picture()
    except lc.LimeError as error:
        st.error(plain(str(error)))
        chosen = None
    # The picture stands above the model, but how the model sees it is known only below.
    above = st.container()
    if (meant := state.brought.meant(widget_state.read(widget_state.MODEL))) is not None:
        state.change(model=meant)
    model = model_choice.model()
    own_model.show()
    state.change(model=model, precision=model_choice.precision(model))
    if chosen is not None:
        state.change(picture=chosen)
    if state.settings.picture is not None:
        with above:
            _picture(state.settings.picture)
            _as_seen()
    models = server().models
    loading = models.loading(model)
    # Looked up once: if it comes while the rest is drawn, the card says nothing of it yet.
    classifier = loading.classifier if loading is not None else None
    reduced = models.classifier(model, "bf16") if state.settings.precision == "bf16" else None
    _model_card(model, reduced or classifier)
    # A visit may cost no more than the built-in model; any other is loaded when a button asks for it.
    if model == DEFAULT_MODEL and loading is None:
        loading = models.load(model)
    if classifier is None:
        _loading(model, loading)


def _picture(picture: Picture) -> None:
    st.image(
        server().picture(lambda: picture.image.pixels, "as given", picture.image.sha256),
        caption=plain(picture.title),
        alt=picture.title,
        width="stretch",
    )


@st.fragment
def _as_seen() -> None:
    """Draw the popover with what the model sees; opening it draws nothing else anew."""
    settings = session().settings
    popover = st.popover(
        "What the model sees", width="stretch", icon=":material/visibility:", key="open.seen", on_change="rerun"
    )
    if not popover.open or settings.picture is None:
        return
    image, spec = settings.picture.image, settings.spec
    height, width = known_model(settings.model).input_size
    seen = server().picture(
        lambda: resize_pixels(lc.frame(image, spec).pixels, (height, width)),
        "as seen",
        image.sha256,
        spec.digest("segmentation"),
        str((height, width)),
    )
    with popover:
        st.image(seen, alt=f"The picture at the model's size, {width} by {height} pixels", width=width)
        st.caption(f"{width}×{height} pixels: {labels.choice(spec.framing)}. Change it under *Superpixels*.")


def _model_card(model: str, classifier: lc.Classifier | None) -> None:
    known = known_model(model)
    parts = [f"input {known.input_size[1]}×{known.input_size[0]}"]
    if (card := CATALOG.get(model)) is not None:
        parts[:0] = [f"{card.parameters / 1e6:.1f} million parameters", megabytes(card.weights_bytes)]
        parts += [f"ImageNet top-1 {card.top1:.1f} %", card.license]
    elif classifier is not None:
        parts.append(f"{len(classifier.class_names)} classes")
    if classifier is not None:
        parts.append(f"runs on {labels.engine(classifier.engine)}")
    st.caption(" · ".join(parts))
    for note in (
        getattr(classifier, "engine_note", None),
        *(getattr(classifier, "result_notes", ()) if card is None else ()),
    ):
        if note:
            st.caption(plain(note))


def _loading(model: str, job: LoadJob | None) -> None:
    if job is None or job.failed:
        if job is not None or known_model(model).bytes_to_fetch:
            missing_weights.show(model, job.error if job is not None else None)
    else:
        st.fragment(_watch, run_every=_TICK)(job)


def _watch(job: LoadJob) -> None:
    if not job.active:
        st.rerun()
    if not job.fetching:
        st.progress(0.0, text="Loading the model…")
        return
    st.progress(job.share, text=f"Downloading the weights: {megabytes(job.done)} of {megabytes(job.total)}")
    st.button("Cancel", key="cancel_download", on_click=job.stop, width="stretch")
