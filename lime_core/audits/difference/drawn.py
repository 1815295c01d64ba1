"""What is drawn of pictures that two audits have: thumbnails, superpixels and the evidence of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lime_core.audits.difference.pairs import read_both
from lime_core.audits.difference.superpixel_rows import Superpixels, read_rows
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import THUMBNAILS

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What is drawn of a picture.

    Attributes
    ----------
    thumbnail, segments : bytes or None
        JPEG, and 16-bit PNG, of the first audit; None where it keeps none.
    coefficients : dict of str to two ndarrays of float64, shape (S,)
        Before and after, for each class that both explain.
    """

    thumbnail: bytes | None
    segments: bytes | None
    coefficients: dict[str, tuple[Floats, Floats]]


def drawn_pictures(a: str, b: str, pictures: Sequence[tuple[str, str]]) -> list[Drawn]:
    """Return what is drawn of pictures, given by their paths in both audits.

    Raises
    ------
    LimeError
        When a folder cannot be read.
    """
    first, second = AuditFolder(a), AuditFolder(b)
    about_first, about_second = read_both(first, second)
    rows_first = Superpixels(first, [before for before, _ in pictures])
    rows_second = Superpixels(second, [after for _, after in pictures])
    kept = read_rows(first, THUMBNAILS, ("picture", "thumbnail", "segments"), [before for before, _ in pictures])
    by_path = {row["picture"]: row for row in kept.to_pylist()}
    result = []
    for before, after in pictures:
        row, here, there = by_path.get(before, {}), about_first[before].classes, about_second[after].classes
        coefficients = {
            name: (
                rows_first.numbers["coefficient"][rows_first.rows(before, here[name])],
                rows_second.numbers["coefficient"][rows_second.rows(after, there[name])],
            )
            for name in here.keys() & there.keys()
        }
        result.append(Drawn(row.get("thumbnail"), row.get("segments"), coefficients))
    return result
