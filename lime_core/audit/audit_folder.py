"""The folder that an audit is kept in: Parquet data sets, the settings, and what was found."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from lime_core.audit.tables import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT: Final = "about.json"  # the collection, the model and the settings: what an audit that goes on must share
FINDINGS: Final = "audit.json"


class AuditFolder:
    """An audit on disk.

    Parameters
    ----------
    path : path
        The folder; its data sets are folders of Parquet files inside, named as in `lime_core.audit.tables`.
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
        """
        schema = SCHEMAS[kind]
        files = sorted((self.path / kind).glob("*.parquet"))
        if not files:
            empty = schema.empty_table()
            return empty if columns is None else empty.select(list(columns))
        chosen = None if pictures is None else pc.field("picture").isin(list(pictures))
        return ds.dataset(files, schema=schema, format="parquet").to_table(columns=columns, filter=chosen)

    def write_part(self, kind: str, name: str, rows: pa.Table) -> None:
        """Write one Parquet file of a data set, whole or not at all, in the place of one of the same name."""
        folder = self.path / kind
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{name}-{uuid.uuid4().hex}"
        try:
            pq.write_table(rows.cast(SCHEMAS[kind]), draft, compression="zstd")
            os.replace(draft, folder / f"{name}.parquet")  # noqa: PTH105
        finally:
            draft.unlink(missing_ok=True)
