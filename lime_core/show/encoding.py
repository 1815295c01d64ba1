"""Pictures as files: PNG where pixels must be exact, JPEG inside a page."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

_JPEG_QUALITY = 90


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a uint8 array (H, W, 3) as a PNG file."""
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def to_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a uint8 array (H, W, 3) as a JPEG file."""
    buffer = io.BytesIO()
    # Colours at full resolution: lines of one pixel would lose theirs.
    PillowImage.fromarray(pixels).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return buffer.getvalue()


def to_data_url(pixels: NDArray[np.uint8]) -> str:
    """Encode a uint8 array (H, W, 3) as a JPEG in a data URL, for a page without other files."""
    return f"data:image/jpeg;base64,{base64.b64encode(to_jpeg(pixels)).decode()}"
