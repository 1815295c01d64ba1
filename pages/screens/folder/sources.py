"""What is audited: pictures in a zip file or a folder that the operator allows; or a finished audit is opened."""

from __future__ import annotations

import streamlit as st

from pages.state import allowed_folders, audit_opening
from pages.state.session import session

_ZIP, _FOLDER, _FINISHED = "Zip of pictures", "Folder of this server", "Finished audit"
MOST_MEGABYTES = 300  # of a zip file


def show() -> None:
    """Draw the choice."""
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
    if kind == _FINISHED:
        _finished()


def _finished() -> None:
    audits = allowed_folders.finished_audits()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if audits:
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
    state = session().folder
    if file is not None and state.read_from != file.file_id:
        with st.spinner("Reading the audit…"):
            audit_opening.open_upload(file.file_id, file.name, file.getvalue())
