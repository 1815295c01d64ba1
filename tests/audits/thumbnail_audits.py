"""Audits of which nothing but the thumbnails is there, and pictures for them."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from PIL import Image

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
