"""Open a finished audit: one that the operator allows, or one in a visitor's zip file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import lime_core as lc
from lime_core.audits.storage.answers import KeptAnswers
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.received import unpack_audit
from lime_core.collections import open_collection
from lime_core.errors import in_words
from lime_core.models import CATALOG
from lime_core.models.engines.base import PrecisionChoice
from pages.state.allowed_folders import finished_audits, within_allowed
from pages.state.audit_reading import key_of, read_audit
from pages.state.audit_source import AuditSource
from pages.state.opened_audit import OpenedAudit
from pages.state.session import session


def open_folder(name: str) -> None:
    """Open an audit that the operator allows, by its name; to be called in a callback."""
    path = finished_audits().get(name)
    if path is not None:
        _show(path, name, KeptAnswers(AuditFolder(path)))


def open_upload(file_id: str, name: str, content: bytes) -> None:
    """Open the audit in a zip file that a visitor has uploaded."""
    folder = session().folder
    folder.note_read(file_id)
    path = folder.new_upload()
    try:
        unpack_audit(content, name, path)
    except lc.LimeError as error:
        folder.refuse(str(error))
        return
    _show(path, name)


def _show(path: Path, name: str, answers: KeptAnswers | None = None) -> None:
    folder = session().folder
    try:
        audit = read_audit(path, name, key_of(path))
        source, obstacle = _source_of(audit, answers)
        folder.show(replace(audit, source=source, obstacle=obstacle))
    except lc.LimeError as error:
        folder.refuse(str(error))


def _source_of(audit: OpenedAudit, answers: KeptAnswers | None) -> tuple[AuditSource | None, str]:
    """Return what the pictures of a finished audit are explained with, or why they are not to be had here."""
    root, model = audit.about.get("collection"), audit.model
    if not isinstance(root, str):
        return None, "the audit does not say where the pictures are."
    if model not in CATALOG:
        return None, f"this page does not have the model {model}."
    try:
        if not within_allowed(Path(root)):
            return None, "the pictures are not in a folder that the operator of this server allows."
        spec = lc.ExplainSpec.from_dict(audit.about["spec"])
        precision: PrecisionChoice = "bf16" if audit.about.get("precision") == "bf16" else "f32"
        return AuditSource(open_collection(Path(root)), model, spec, precision, answers), ""
    except lc.LimeError as error:
        return None, str(error)
    except Exception as error:
        # The settings may come from anybody, and be of any form.
        return None, f"the settings of the audit cannot be read ({in_words(error)})."
