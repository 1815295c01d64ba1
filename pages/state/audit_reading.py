"""Read an audit, which may be damaged or come from anybody."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Container
from pathlib import Path
from typing import Any

import pyarrow as pa

import lime_core as lc
from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS, AuditFolder
from lime_core.audits.storage.findings import Findings
from lime_core.audits.storage.tables import EXPLANATIONS, MEMBERS, SKIPPED
from lime_core.explanation.verdict import LEVELS
from lime_core.surrogates.targets import TARGETS
from pages.state.cache import digest
from pages.state.opened_audit import AuditedPicture, OpenedAudit

_COLUMNS = (
    "picture",
    "label",
    "class_index",
    "class_name",
    "role",
    "correct",
    "probability",
    "r2_holdout",
    "level",
    "seed",
    "height",
    "width",
    "sha256",
)
_SHARED = ("label", "class_name", "level")
_BATCH = 1024  # rows
_MOST_REPRESENTATIVE = 100  # the report holds all of them
_UNITS = frozenset(target.unit for target in TARGETS.values())


def key_of(path: Path) -> str:
    """Return what tells an audit from all others, and from itself before it was made anew."""
    parts = [str(path)]
    for name in (ABOUT, FINDINGS):
        # One that cannot be read is refused when the audit is.
        with contextlib.suppress(OSError):
            parts.append(hashlib.sha256((path / name).read_bytes()).hexdigest())
    return digest("audit", *parts)


def read_audit(path: Path, title: str, key: str) -> OpenedAudit:
    """Read an audit.

    Parameters
    ----------
    path : Path
        Its folder.
    title : str
        What people call it.
    key : str
        Tells it from all others.

    Raises
    ------
    LimeError
        When it is no audit, of another version, damaged, or empty.
    """
    folder = AuditFolder(path)
    if not (path / FINDINGS).is_file():
        raise lc.LimeError(
            f"{title} was stopped before anything was found, or is no audit. Finish it by giving its command again."
        )
    try:
        about = _about_of(path / ABOUT)
        findings = folder.findings()
        _check(findings)
        pictures = _pictures_of(folder)
        skipped = _checked(folder.table(SKIPPED)).to_pylist()
    except lc.LimeError as error:
        raise lc.LimeError(f"{title} is no audit that can be shown here: {error}") from error
    except Exception as error:
        # Reading a damaged file can raise any exception.
        raise lc.LimeError(
            f"{title} is no audit that can be shown here: it is damaged, unfinished, or was made by another version. "
            "Make it again with: python -m lime_core audit PICTURES --output FOLDER."
        ) from error
    if not pictures:
        raise lc.LimeError(f"{title} holds no explained picture.")
    return OpenedAudit(
        key, title, folder, about, findings, pictures, tuple((row["picture"], row["reason"]) for row in skipped)
    )


def _about_of(file: Path) -> dict[str, Any]:
    about = dict(json.loads(file.read_text(encoding="utf-8")))
    # JSON can hold half of a character, which cannot be sent to a browser.
    json.dumps(about, ensure_ascii=False).encode()
    return about


def _check(findings: Findings) -> None:
    """Raise `LimeError` for what this app never writes, and cannot show."""
    for concept in findings.concepts:
        for experiment in (concept.take_away, concept.add):
            if experiment is not None and experiment.unit not in _UNITS:
                raise lc.LimeError(f"{experiment.unit[:60]!r} is no unit of an effect.")
    if len(findings.representative.pictures) > _MOST_REPRESENTATIVE:
        raise lc.LimeError(f"it has more than {_MOST_REPRESENTATIVE} representative pictures.")
    mistakes = findings.mistakes
    for paths in (
        findings.representative.pictures,
        mistakes.meaningless,
        *(confusion.pictures for confusion in mistakes.confusions),
    ):
        if len(set(paths)) < len(paths):
            raise lc.LimeError("a list of pictures names one of them twice.")


def _checked(table: pa.Table) -> pa.Table:
    """Return a table; raise `LimeError` where a value is missing in it that must be there."""
    for field in table.schema:
        if not field.nullable and table[field.name].null_count:
            raise lc.LimeError(f"a value of the column {field.name} is missing.")
    return table


def _pictures_of(folder: AuditFolder) -> dict[str, AuditedPicture]:
    """Return the predicted class of each picture; rows become objects a few at a time, since those are much larger."""
    rows: dict[str, dict[str, Any]] = {}
    names: dict[Any, Any] = {}
    for batch in _checked(folder.table(EXPLANATIONS, list(_COLUMNS))).to_batches(max_chunksize=_BATCH):
        for row in batch.to_pylist():
            if row["level"] not in LEVELS:
                raise lc.LimeError(f"{row['level'][:60]!r} is no verdict.")
            if row.pop("role") == "predicted":
                # Equal names are kept once.
                row.update({name: names.setdefault(row[name], row[name]) for name in _SHARED})
                rows[row["picture"]] = row
    concepts = _concepts_of(folder, rows)
    pictures = {}
    for path in sorted(rows):
        row = rows.pop(path)
        row["r2_holdout"] = math.nan if row["r2_holdout"] is None else row["r2_holdout"]
        pictures[path] = AuditedPicture(path=row.pop("picture"), concepts=frozenset(concepts.get(path, ())), **row)
    return pictures


def _concepts_of(folder: AuditFolder, pictures: Container[str]) -> dict[str, set[int]]:
    concepts: dict[str, set[int]] = defaultdict(set)
    for batch in _checked(folder.table(MEMBERS, ["picture", "concept"])).to_batches(max_chunksize=_BATCH):
        for path, concept in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if path in pictures:
                concepts[path].add(concept)
    return concepts
