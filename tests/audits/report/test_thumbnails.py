"""Stored thumbnails and label maps, which may come from elsewhere."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow as pa
import pytest
from audits.known_audit import known_audit, path_of

from lime_core.audits.report.thumbnails import Thumbnail, Thumbnails
from lime_core.audits.storage.tables import SCHEMAS, THUMBNAILS
from lime_core.errors import LimeError


def with_label_map(path: Path, mode: str, size: tuple[int, int] = (8, 8)) -> Thumbnail:
    """Return a thumbnail of an audit whose label maps are PNGs of a mode and size, all one superpixel."""
    folder = known_audit(path, 2)
    labels = io.BytesIO()
    PIL.Image.new(mode, size, 1).save(labels, "PNG")
    rows = [{**row, "segments": labels.getvalue()} for row in folder.table(THUMBNAILS).to_pylist()]
    folder.write_part(THUMBNAILS, "part-0", pa.Table.from_pylist(rows, schema=SCHEMAS[THUMBNAILS]))
    found = Thumbnails(folder, [path_of(0)]).get(path_of(0))
    assert found is not None
    return found


@pytest.mark.parametrize("mode", ["L", "I;16"])
def test_label_maps_of_any_whole_numbers_are_read(tmp_path: Path, mode: str) -> None:
    found = with_label_map(tmp_path, mode)
    assert found.segments.shape == found.pixels.shape[:2]
    assert np.unique(found.segments).tolist() == [1]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1"])
def test_other_pictures_in_place_of_a_label_map_are_refused(tmp_path: Path, mode: str) -> None:
    with pytest.raises(LimeError, match=rf"label map of .* is a PNG of mode {mode}; expected one whole number a pixel"):
        _ = with_label_map(tmp_path, mode).segments


def test_a_label_map_is_as_large_as_the_picture_that_was_explained(tmp_path: Path) -> None:
    found = with_label_map(tmp_path, "L", (4096, 2000))
    assert found.segments.shape == found.pixels.shape[:2]
    with pytest.raises(LimeError, match="4097×8; at most 4096×4096"):
        _ = with_label_map(tmp_path, "L", (4097, 8)).segments
