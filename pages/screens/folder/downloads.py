"""Take an audit away: its tables, and one page with everything in it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import streamlit as st

from lime_core.audits.report.report import html_report
from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS
from lime_core.audits.storage.tables import SCHEMAS
from pages.state.opened_audit import OpenedAudit


def show(audit: OpenedAudit) -> None:
    """Draw the tab; each file is made when it is asked for."""
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)",
            lambda: html_report(audit.folder),
            "audit-report.html",
            "text/html",
            key="folder.download.report",
            on_click="ignore",
            icon=":material/article:",
            help="One page with everything in it, to mail or to print.",
        )
        st.download_button(
            "Tables (Parquet, zip)",
            lambda: parquet_set(audit),
            "audit.zip",
            "application/zip",
            key="folder.download.tables",
            on_click="ignore",
            icon=":material/table:",
            help="The data sets of the audit, its settings and findings: what this screen opens again.",
        )
    st.caption("The command that audits a folder:")
    st.code("python -m lime_core audit PICTURES --output FOLDER", None, wrap_lines=True)


def parquet_set(audit: OpenedAudit) -> bytes:
    """Return the data sets, the settings and the findings as a zip file."""
    buffer, root = io.BytesIO(), audit.folder.path
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in [root / ABOUT, root / FINDINGS, *(part for kind in SCHEMAS for part in _parts(audit, kind))]:
            archive.write(file, file.relative_to(root).as_posix())
    return buffer.getvalue()


def _parts(audit: OpenedAudit, kind: str) -> list[Path]:
    return sorted((audit.folder.path / kind).glob("*.parquet"))
