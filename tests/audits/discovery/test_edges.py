"""Pictures whose edges look the same."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image

from lime_core.audits.discovery.edges import alike_at_the_edges, edge_of
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import SCHEMAS, THUMBNAILS


def folder_of(path, pictures):
    rows = []
    for name, pixels in pictures.items():
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=85)
        rows.append({"picture": name, "thumbnail": file.getvalue(), "segments": b""})
    folder = AuditFolder(path)
    folder.write_part(THUMBNAILS, "all", pa.Table.from_pylist(rows, schema=SCHEMAS[THUMBNAILS]))
    return folder


def photograph(rng):
    """Blots of colour, other ones in each picture."""
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.array(Image.fromarray(small).resize((160, 120), Image.Resampling.BICUBIC))


def test_framed_pictures_are_a_group_and_others_are_none(tmp_path):
    rng = np.random.default_rng(0)
    pictures = {f"{index:02d}.jpg": photograph(rng) for index in range(40)}
    framed = [f"{index:02d}.jpg" for index in range(0, 40, 3)]
    for name in framed:
        frame = edge_of((120, 160))
        pictures[name][frame] = (25, 45, 120) + rng.integers(-12, 13, 3)
    assert alike_at_the_edges(folder_of(tmp_path / "framed", pictures), sorted(pictures), 0) == [framed]


def test_pictures_without_a_frame_have_no_group(tmp_path):
    rng = np.random.default_rng(1)
    pictures = {f"{index:02d}.jpg": photograph(rng) for index in range(40)}
    assert alike_at_the_edges(folder_of(tmp_path / "plain", pictures), sorted(pictures), 0) == []
    assert alike_at_the_edges(folder_of(tmp_path / "few", dict(list(pictures.items())[:3])), ["00.jpg"], 0) == []


def test_the_edge_is_a_tenth_of_each_side():
    edge = edge_of((50, 100))
    assert edge[:5].all()
    assert edge[:, -10:].all()
    assert not edge[5:-5, 10:-10].any()
