"""Tables for the browser, as Arrow tables: they go there as they are, without Pandas, whose import takes a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa


def from_columns(columns: Mapping[str, Any]) -> pa.Table:
    """Return a table of columns: arrays or lists of equal length by heading; NaN is an empty cell."""
    return pa.table({heading: pa.array(values, from_pandas=True) for heading, values in columns.items()})


def from_rows(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return a table of rows with equal headings; NaN is an empty cell."""
    return from_columns({heading: [row[heading] for row in rows] for heading in rows[0]})
