"""Copies an audit that somebody else made, in a process of its own: only what fits the columns and the bounds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lime_core.audits.storage.audit_folder import ABOUT, FINDINGS
from lime_core.audits.storage.findings import Findings
from lime_core.audits.storage.tables import (
    EXPLANATIONS,
    MEMBERS,
    ROWS_A_GROUP,
    SCHEMAS,
    SKIPPED,
    SUPERPIXELS,
    THUMBNAILS,
)
from lime_core.errors import LimeError
from lime_core.models.own.limits import Limits, apply
from lime_core.superpixels.base import MAX_SUPERPIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN, COPIED, OUTCOME = "given", "copied", "outcome.json"
# Of all files of a kind.
MOST_ROWS = {
    EXPLANATIONS: 100_000,
    SUPERPIXELS: 20_000_000,
    THUMBNAILS: 100_000,
    SKIPPED: 100_000,
    MEMBERS: 1_000_000,
}
# Rows about one picture, all of which are read to show it: two classes, each twice where a block was half merged.
MOST_OF_A_PICTURE = {EXPLANATIONS: 4, SUPERPIXELS: 4 * MAX_SUPERPIXELS, THUMBNAILS: 2}
MOST_TEXT = 4096  # bytes of one text; the longest path that most systems know
MOST_THUMBNAIL = 1 << 19  # bytes of one stored picture
MOST_ABOUT, MOST_FINDINGS = 1 << 20, 1 << 24  # bytes of ``about.json`` and of ``audit.json``
# Bytes of all rows as they are in memory: of the tables that are read as a whole, and of all.
MOST_READ_WHOLE, MOST_DECODED = 1 << 26, 1 << 31
_READ_WHOLE = (EXPLANATIONS, SKIPPED, MEMBERS)
_BATCH = 1024  # rows


def main(request: Mapping[str, Any]) -> None:
    """Copy the audit below ``given`` to ``copied``; what is wrong with it, or nothing, goes to ``outcome.json``."""
    apply(Limits(**request["limits"]))
    # Threads would cost address space.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    Path(OUTCOME).write_text(json.dumps(copy_audit(Path(GIVEN), Path(COPIED))), encoding="utf-8")


def copy_audit(given: Path, copied: Path) -> str:
    """Copy an audit, and return what is wrong with it; an empty text where nothing is."""
    what = ABOUT
    try:
        _copy_about(given / ABOUT, copied / ABOUT)
        what = FINDINGS
        _copy_findings(given / FINDINGS, copied / FINDINGS)
        decoded = Counter[str]()
        for what in SCHEMAS:
            tables = _Tables(what, decoded)
            for number, file in enumerate(sorted((given / what).glob("*.parquet"))):
                tables.copy(file, copied / what / f"part-{number}.parquet")
    except (pa.ArrowException, LimeError, OSError, ValueError, KeyError, MemoryError, RecursionError) as error:
        return f"{what}: {str(error)[:200]}"
    return ""


def _copy_about(source: Path, target: Path) -> None:
    _check_size(source.stat().st_size, MOST_ABOUT)
    content = source.read_bytes()
    if not isinstance(json.loads(content), dict):
        raise LimeError("it is not an object")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _copy_findings(source: Path, target: Path) -> None:
    """Write the findings anew, without anything that they do not know: nested lists need much memory to read."""
    _check_size(source.stat().st_size, MOST_FINDINGS)
    text = Findings.from_json(source.read_bytes()).to_json().encode()
    # What was written without spaces is longer now.
    _check_size(len(text), MOST_FINDINGS)
    target.write_bytes(text)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise ValueError(f"it has more than {most:,} bytes")


class _Tables:
    """Copies the files of a kind of tables, and counts what they hold.

    Parameters
    ----------
    kind : str
        A key of `SCHEMAS`.
    decoded : Counter
        Bytes in memory of what was copied, by kind; counts on.
    """

    def __init__(self, kind: str, decoded: Counter[str]) -> None:
        self._kind, self._decoded = kind, decoded
        self._rows = 0
        self._of_pictures = Counter[str]()

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file.

        Raises
        ------
        ValueError
            When it does not fit the columns, or holds more than the bounds allow.
        """
        schema = SCHEMAS[self._kind]
        target.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetFile(source) as file:
            missing = [name for name in schema.names if name not in file.schema_arrow.names]
            if missing:
                raise ValueError(f"there is no column {', '.join(missing)}")
            with pq.ParquetWriter(target, schema, compression="zstd") as writer:
                for batch in file.iter_batches(_BATCH, columns=schema.names, use_threads=False):
                    rows = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
                    rows.validate(full=True)
                    self._check(rows)
                    writer.write_table(rows, ROWS_A_GROUP.get(self._kind))

    def _check(self, rows: pa.Table) -> None:
        kind = self._kind
        self._rows += len(rows)
        if self._rows > MOST_ROWS[kind]:
            raise ValueError(f"there are more than {MOST_ROWS[kind]:,} rows")
        self._decoded[kind] += rows.nbytes
        if sum(self._decoded[each] for each in _READ_WHOLE) > MOST_READ_WHOLE:
            raise ValueError(f"the tables {', '.join(_READ_WHOLE)} hold more than {MOST_READ_WHOLE:,} bytes")
        if self._decoded.total() > MOST_DECODED:
            raise ValueError(f"the tables hold more than {MOST_DECODED:,} bytes")
        for field in rows.schema:
            _check_lengths(rows[field.name], field)
        most = MOST_OF_A_PICTURE.get(kind)
        if most is not None:
            for counted in pc.value_counts(rows["picture"].combine_chunks()).to_pylist():
                self._of_pictures[counted["values"]] += counted["counts"]
                if self._of_pictures[counted["values"]] > most:
                    raise ValueError(f"there are more than {most:,} rows about one picture")


def _check_lengths(column: pa.ChunkedArray, field: pa.Field) -> None:
    texts = pc.list_flatten(column) if pa.types.is_list(field.type) else column
    most = MOST_THUMBNAIL if pa.types.is_binary(field.type) else MOST_TEXT
    if pa.types.is_string(texts.type) or pa.types.is_binary(texts.type):
        longest = pc.max(pc.binary_length(texts)).as_py()
        if longest is not None and longest > most:
            raise ValueError(f"{field.name} has {longest:,} bytes; at most {most:,} are allowed")
