"""Rows of an audit as arrays, for looking up what it says of a picture, a class and a superpixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lime_core.audits.storage.tables import SUPERPIXELS
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lime_core.audits.storage.audit_folder import AuditFolder

_CUT = ("superpixel", "top", "left", "bottom", "right", "area")
_NUMBERS = ("coefficient", "std_error", "degrees")


def read_rows(
    folder: AuditFolder, kind: str, columns: Sequence[str], pictures: Sequence[str] | None = None
) -> pa.Table:
    """Return rows of an audit as `AuditFolder.table` does.

    Raises
    ------
    LimeError
        When they are damaged.
    """
    try:
        return folder.table(kind, list(columns), pictures=pictures)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise LimeError(f"The {kind} in {folder.path} cannot be read: {reason}. Make the audit anew.") from error


class Superpixels:
    """The superpixels of an audit, sorted by picture, class and superpixel."""

    def __init__(self, folder: AuditFolder, pictures: Sequence[str] | None = None) -> None:
        table = read_rows(folder, SUPERPIXELS, ("picture", "class_index", *_CUT, *_NUMBERS), pictures)
        paths = table["picture"].combine_chunks().dictionary_encode()
        codes = paths.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        classes = table["class_index"].to_numpy().astype(np.int64)
        order = np.lexsort((table["superpixel"].to_numpy(), classes, codes))
        self.cut = np.column_stack([table[name].to_numpy().astype(np.int64)[order] for name in _CUT])
        # Arrow's nulls become NaN.
        self.numbers = {name: table[name].to_numpy().astype(np.float64)[order] for name in _NUMBERS}
        codes, classes = codes[order], classes[order]
        starts = np.flatnonzero(np.diff(codes, prepend=-1) | np.diff(classes, prepend=-1))
        names, ends = paths.dictionary.to_pylist(), [*starts[1:].tolist(), len(codes)]
        self._ranges = {
            (names[codes[start]], int(classes[start])): (int(start), end)
            for start, end in zip(starts, ends, strict=True)
        }

    def rows(self, picture: str, class_index: int) -> NDArray[np.int64]:
        """Return the rows of an explanation; none where it has none."""
        return np.arange(*self._ranges.get((picture, class_index), (0, 0)))

    def cut_alike(self, rows: NDArray[np.int64], other: Superpixels, others: NDArray[np.int64]) -> bool:
        """Whether two explanations are about the same superpixels; not where one has none."""
        return len(rows) > 0 and np.array_equal(self.cut[rows], other.cut[others])
