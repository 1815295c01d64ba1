"""The folder that an audit is kept in: Parquet data sets, the settings, and what was found."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from lime_core.audits.storage.findings import Findings
from lime_core.audits.storage.tables import ROWS_A_GROUP, SCHEMAS
from lime_core.errors import LimeError, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ABOUT: Final = "about.json"  # the collection, the model and the settings: what an audit that goes on must share
FINDINGS: Final = "audit.json"
REPORT: Final = "report.html"
REPLACES: Final = ".replaces.json"  # ends the name of a note about a file: which files have become part of it
_DRAFT: Final = re.compile(r"\..+-[0-9a-f]{32}")


class AuditFolder:
    """An audit on disk.

    Parameters
    ----------
    path : path
        The folder; its data sets are folders of Parquet files inside, named as in `lime_core.audits.storage.tables`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def table(
        self, kind: str, columns: Sequence[str] | None = None, *, pictures: Sequence[str] | None = None
    ) -> pa.Table:
        """Return rows of a data set, in the order in which they were written.

        Parameters
        ----------
        kind : str
            A key of `SCHEMAS`.
        columns : sequence of str, optional
            Only these.
        pictures : sequence of str, optional
            Only rows about these pictures.

        Returns
        -------
        table : pyarrow.Table
            Empty when nothing was written yet.

        Raises
        ------
        LimeError
            When a file is damaged, or cannot be read.
        """
        while True:
            # A file that is gone has become part of a larger one since the folder was listed.
            with contextlib.suppress(FileNotFoundError):
                return self._table(kind, columns, pictures)

    def _table(self, kind: str, columns: Sequence[str] | None, pictures: Sequence[str] | None) -> pa.Table:
        schema, folder = SCHEMAS[kind], self.path / kind
        names = {file.name for file in folder.glob("*.parquet")}
        files = [folder / name for name in sorted(names - replaced_files(folder, names))]
        if not files:
            empty = schema.empty_table()
            return empty if columns is None else empty.select(list(columns))
        chosen = None if pictures is None else pc.field("picture").isin(pa.array(pictures, pa.string()))
        try:
            return ds.dataset(files, schema=schema, format="parquet").to_table(columns=columns, filter=chosen)
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException) as error:
            for file in files:
                read_rows(file, kind)
            raise _unreadable(folder, error) from error

    def write_part(self, kind: str, name: str, rows: pa.Table) -> None:
        """Write one Parquet file of a data set, whole or not at all, in the place of one of the same name."""
        whole = rows.cast(SCHEMAS[kind])
        write = partial(pq.write_table, whole, compression="zstd", row_group_size=ROWS_A_GROUP.get(kind))
        _replace(self.path / kind / f"{name}.parquet", write)

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file of the folder, whole or not at all, in the place of one of the same name."""
        _replace(self.path / name, lambda draft: draft.write_bytes(content))

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file of the folder, whole or not at all, in the place of one of the same name."""
        self.write_bytes(name, text.encode())
        return self.path / name

    def findings(self) -> Findings:
        """Return what was found.

        Raises
        ------
        LimeError
            When the audit has no findings yet, or they are damaged.
        """
        file = self.path / FINDINGS
        try:
            return Findings.from_json(file.read_bytes())
        except OSError as error:
            raise LimeError(
                f"{self.path} holds no findings: {FINDINGS} cannot be read ({error.strerror}). "
                "Finish the audit by giving its command again."
            ) from error

    def write_findings(self, findings: Findings) -> None:
        """Write what was found to ``audit.json``, whole or not at all."""
        self.write_text(FINDINGS, findings.to_json())


def part_name(picture: str) -> str:
    """Return the name of a picture's own file among those of its kind, without the ending."""
    return f"picture-{hashlib.sha256(picture.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def read_rows(file: Path, kind: str) -> pa.Table:
    """Return the rows of one Parquet file of a data set.

    Raises
    ------
    LimeError
        When it is damaged, or cannot be read.
    """
    try:
        return pq.read_table(file, schema=SCHEMAS[kind])
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from error


def _unreadable(place: Path, error: Exception) -> LimeError:
    return LimeError(
        f"{place} cannot be read, or is damaged: {in_words(error).splitlines()[0].rstrip('.')}. If it cannot be "
        "repaired, delete it: the command of the audit then explains its pictures again."
    )


def replaced_files(folder: Path, names: set[str]) -> set[str]:
    """Return which of a data set's files must not be read: all their rows are in another one of `names`."""
    replaced: set[str] = set()
    for note in folder.glob(f"*{REPLACES}"):
        with contextlib.suppress(FileNotFoundError):
            if note.name.removesuffix(REPLACES) + ".parquet" in names:
                try:
                    replaced |= {f"{name}.parquet" for name in json.loads(note.read_bytes())}
                except (ValueError, TypeError) as error:
                    raise LimeError(
                        f"{note} is damaged. Begin the audit anew with --restart (`restart=True`)."
                    ) from error
    return replaced


def drafts(folder: Path) -> list[Path]:
    """Return the files that a process that was killed has left behind half written."""
    return sorted(file for file in folder.glob(".*") if _DRAFT.fullmatch(file.name) and file.is_file())


def delete(file: Path) -> None:
    """Delete a file of an audit, if it is there.

    Raises
    ------
    LimeError
        When it cannot be deleted.
    """
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise LimeError(
            f"{file} cannot be deleted: {error.strerror or error}. Delete it yourself, or choose another output folder."
        ) from error


def _replace(target: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there, so that no reader ever sees half of it."""
    draft = target.parent / f".{target.stem}-{uuid.uuid4().hex}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(draft)
            os.replace(draft, target)  # noqa: PTH105
        finally:
            with contextlib.suppress(NotADirectoryError):
                draft.unlink(missing_ok=True)
    except OSError as error:
        # Arrow's own text repeats itself.
        reason = os.strerror(error.errno) if error.errno else in_words(error)
        raise LimeError(
            f"{target} cannot be written: {reason}. What was written before is kept: the same command, without "
            "--restart, goes on once it can be written."
        ) from error
