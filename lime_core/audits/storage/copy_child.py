"""Copies the tables of an audit that somebody else made, in a process of its own: only what fits the columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from lime_core.audits.storage.tables import SCHEMAS
from lime_core.models.own.limits import Limits, apply

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN, COPIED, OUTCOME = "given", "copied", "outcome.json"
MOST_ROWS = 20_000_000
_BATCH = 1024  # rows


def main(request: Mapping[str, Any]) -> None:
    """Copy the tables below ``given`` to ``copied``; what is wrong with them, or nothing, goes to ``outcome.json``."""
    apply(Limits(**request["limits"]))
    # Threads would cost address space.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    wrong = ""
    for kind in SCHEMAS:
        for number, file in enumerate(sorted((Path(GIVEN) / kind).glob("*.parquet"))):
            try:
                _copy(file, kind, Path(COPIED) / kind / f"part-{number}.parquet")
            except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
                wrong = wrong or f"{kind}: {str(error)[:200]}"
    Path(OUTCOME).write_text(json.dumps(wrong), encoding="utf-8")


def _copy(source: Path, kind: str, target: Path) -> None:
    schema = SCHEMAS[kind]
    target.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetFile(source) as file:
        missing = [name for name in schema.names if name not in file.schema_arrow.names]
        if missing:
            raise ValueError(f"there is no column {', '.join(missing)}")
        if file.metadata.num_rows > MOST_ROWS:
            raise ValueError(f"there are more than {MOST_ROWS:,} rows")
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in file.iter_batches(_BATCH, columns=schema.names, use_threads=False):
                rows = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
                rows.validate(full=True)
                writer.write_table(rows)
