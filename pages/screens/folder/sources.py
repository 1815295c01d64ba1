"""What is audited: pictures in a zip file or a folder that the operator allows; or a finished audit is opened."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

import lime_core as lc
from lime_core.collections import Collection
from lime_core.superpixels import LabelMap
from pages.state import allowed_folders, audit_opening, given_pictures
from pages.state.audit_job import AuditOrder
from pages.state.known_models import known_model
from pages.state.server import server
from pages.state.session import Session, session
from pages.widgets import labels
from pages.widgets.model_choice import download_of
from pages.widgets.pressed_button import pressed_button
from pages.widgets.text import problem, seconds

_ZIP, _FOLDER, _FINISHED = "Zip of pictures", "Folder of this server", "Finished audit"
MOST_MEGABYTES = 300  # of a zip file
_SAMPLES, _FEWEST, _MOST = 256, 32, 1024  # of each picture


def show() -> None:
    """Draw the choice; out of the way while there is something to look at."""
    folder = session().folder
    busy = folder.audit is not None or folder.running
    with st.expander("Pictures to audit", icon=":material/folder_open:", expanded=not busy):
        _choice()


def _choice() -> None:
    folders = allowed_folders.picture_folders()
    kinds = [_ZIP, *([_FOLDER] if folders else []), _FINISHED]
    kind = st.segmented_control(
        "Pictures from",
        kinds,
        default=kinds[0],
        required=True,
        key="folder.source",
        label_visibility="collapsed",
        persist_state="session",
    )
    try:
        if kind == _FINISHED:
            _finished()
        elif kind == _FOLDER:
            name = st.selectbox("Folder", list(folders), key="folder.pictures", persist_state="session")
            _start(str(name), given_pictures.from_folder(str(name)))
        else:
            _zip()
    except lc.LimeError as error:
        st.error(problem(error))


def _zip() -> None:
    st.caption(
        "Every picture is explained; what the model looks at is grouped across pictures, and each group is put to the "
        "test. Names of folders in the zip file are the true classes, if there are any."
    )
    file = st.file_uploader(
        f"Zip file of pictures, up to {MOST_MEGABYTES} MB",
        type="zip",
        key="folder.zip",
        max_upload_size=MOST_MEGABYTES,
    )
    if file is not None:
        _start(file.name, given_pictures.from_zip(file.file_id, file.name, file.getvalue))


def _start(title: str, collection: Collection) -> None:
    state = session()
    spec = state.settings.spec
    if isinstance(spec.segmentation, LabelMap):
        raise lc.SpecError(
            "The superpixels are a label map of your own, which fits one picture only. Choose another way to cut on "
            "the Explain screen, under Superpixels."
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        samples = st.container(width=160).number_input(
            "Samples a picture",
            _FEWEST,
            _MOST,
            _SAMPLES,
            step=_FEWEST,
            key="folder.samples",
            help="How often the model is asked about each picture. Fewer than for a single picture are enough here, "
            "since much is averaged over pictures. All other settings are those of the Explain screen.",
            persist_state="session",
        )
        spec = replace(spec, samples=int(samples or _SAMPLES), classes=None, seed=_seed(state))
        model = state.settings.model
        precision = state.settings.precision if known_model(model).has_precisions else "f32"
        order = AuditOrder(title, collection, model, spec, precision)
        pressed = pressed_button(
            "Audit",
            type="primary",
            icon=":material/play_arrow:",
            key="folder.begin",
            disabled=state.folder.running,
        )
    if pressed:
        state.folder.begin(order)
        st.rerun()
    _summary(order)


def _seed(state: Session) -> int:
    """Return the seed of the settings; a picture that was opened from an audit has put its own in the place of it."""
    picture, audit = state.settings.picture, state.folder.audit
    if picture is not None and picture.from_audit and audit is not None and audit.source is not None:
        return audit.source.spec.seed
    return state.settings.spec.seed


def _summary(order: AuditOrder) -> None:
    pictures = order.collection.pictures
    count, classes = len(pictures), {picture.label for picture in pictures if picture.label is not None}
    parts = [
        f"{count:,} picture{'' if count == 1 else 's'}",
        f"{len(classes):,} true class{'' if len(classes) == 1 else 'es'}" if classes else "true classes not known",
        labels.model_title(order.model),
        f"{order.spec.samples:,} samples a picture",
    ]
    if speed := server().speed(order.model):
        parts.append(f"about {seconds(count * order.spec.samples / speed)} or more")
    if download := download_of(order.model):
        parts.append(f"it {download}")
    st.caption(" · ".join(parts))


def _finished() -> None:
    audits = allowed_folders.finished_audits()
    if audits:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            with st.container(width=320):
                name = st.selectbox("Audits of this server", list(audits), key="folder.audit", persist_state="session")
            st.button(
                "Open",
                key="folder.open",
                type="primary",
                icon=":material/folder_open:",
                on_click=audit_opening.open_folder,
                args=(name,),
            )
    file = st.file_uploader(
        f"Audit as a zip file, up to {MOST_MEGABYTES} MB",
        type="zip",
        key="folder.audit.file",
        max_upload_size=MOST_MEGABYTES,
        help="What *Take away* of an audit has saved, or the output folder of the command line as a zip file.",
    )
    if file is not None and session().folder.read_from != file.file_id:
        with st.spinner("Reading the audit…"):
            audit_opening.open_upload(file.file_id, file.name, file.getvalue())
        st.rerun()
