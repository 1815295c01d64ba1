"""What of an output folder belongs to an audit: everything else is refused, and never deleted."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from lime_core.audits.storage.about import is_audit
from lime_core.audits.storage.answers import ANSWERS, KeptAnswers
from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS, REPLACES, REPORT, AuditFolder, delete, drafts
from lime_core.audits.storage.tables import SCHEMAS
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from lime_core.collections import Collection


def check_output(folder: AuditFolder) -> None:
    """Raise `LimeError` where a folder holds what an audit would overwrite, and is no audit."""
    held = [name for name in (ABOUT, FINDINGS, REPORT, ANSWERS, *SCHEMAS) if os.path.lexists(folder.path / name)]
    if held and not is_audit(folder):
        raise LimeError(
            f"{folder.path} holds something that is no audit: {', '.join(held)}, without an {ABOUT} that an audit has "
            "written. Choose another output folder, or move them elsewhere."
        )


def check_apart(output: str | Path, collection: Collection) -> None:
    """Raise `LimeError` where the output folder is the folder of the pictures, or one that holds it."""
    pictures = Path(collection.root)
    with contextlib.suppress(OSError, ValueError):  # a root need not be a path
        if pictures.is_dir() and pictures.resolve().is_relative_to(Path(output).resolve()):
            raise LimeError(
                f"The output folder {output} is or contains {pictures}, the folder of the pictures. Choose another "
                "output folder; it may lie inside of the folder of the pictures."
            )


def clear(folder: AuditFolder) -> None:
    """Delete an audit but for its ``about.json``; what others have put into its folders stays.

    Explanations go first, since a picture without one counts as not done: an audit that was cleared in part can go on.

    Raises
    ------
    LimeError
        When a file cannot be deleted.
    """
    for name in (FINDINGS, REPORT):
        delete(folder.path / name)
    for kind in SCHEMAS:
        data_set = folder.path / kind
        # Notes after the files: without its note, the rows of a replaced file would count twice.
        for file in (*sorted(data_set.glob("*.parquet")), *sorted(data_set.glob(f"*{REPLACES}")), *drafts(data_set)):
            delete(file)
        with contextlib.suppress(OSError):  # a link, or not empty
            data_set.rmdir()
    KeptAnswers(folder).keep_only(())
    with contextlib.suppress(OSError):
        (folder.path / ANSWERS).rmdir()
    for draft in drafts(folder.path):
        delete(draft)
