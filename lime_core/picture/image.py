"""The picture that everything else works on, and how it is loaded from a file."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image

from lime_core.errors import ImageError
from lime_core.picture.decoding import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BYTES = 20 * 1024 * 1024
WORKING_SIDE = 640


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An RGB picture that never changes; two are equal when their pixels are.

    Parameters
    ----------
    pixels : uint8 array (H, W, 3)
        RGB, 0..255, of at least two pixels. It is copied.

    Attributes
    ----------
    pixels : uint8 array (H, W, 3)
        RGB, 0..255, read-only.
    sha256 : str
        Hex digest of shape and pixels: the picture's name in caches and in saved explanations.

    Raises
    ------
    ImageError
        If `pixels` is anything else.
    """

    pixels: NDArray[np.uint8]
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        pixels = _checked(self.pixels).copy(order="C")
        pixels.setflags(write=False)
        digest = hashlib.sha256(f"{pixels.shape}".encode())
        digest.update(pixels.tobytes())
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "sha256", digest.hexdigest())

    def __eq__(self, other: object) -> bool:
        return self.sha256 == other.sha256 if isinstance(other, Image) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"Image({self.width}×{self.height}, sha256={self.sha256[:12]}…)"

    def _repr_png_(self) -> bytes:
        """Show the picture in a notebook."""
        buffer = io.BytesIO()
        PIL.Image.fromarray(self.pixels).save(buffer, "PNG")
        return buffer.getvalue()

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def center_crop(self) -> Image:
        """Return the largest centred square, for a model that should see a centre crop.

        Raises
        ------
        ImageError
            If that square is a single pixel.
        """
        side = min(self.height, self.width)
        top, left = (self.height - side) // 2, (self.width - side) // 2
        return Image(self.pixels[top : top + side, left : left + side])


def _checked(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if not isinstance(pixels, np.ndarray):
        raise ImageError(f"A picture must be a uint8 array of shape (H, W, 3); got {type(pixels).__name__}.")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ImageError(
            f"A picture must be a uint8 array of shape (H, W, 3), RGB 0..255; got {pixels.dtype} {pixels.shape}."
        )
    height, width = pixels.shape[:2]
    if height * width < 2:
        raise ImageError(
            f"A picture needs at least two pixels to be cut into superpixels; got {width}×{height}. "
            "Choose a larger picture."
        )
    return pixels


def load_image(source: str | os.PathLike[str] | bytes, *, max_side: int = WORKING_SIDE) -> Image:
    """Read a picture file into the RGB picture that is segmented, explained and shown.

    JPEG, PNG, WebP, BMP, TIFF and GIF; of several frames or pages the first. The orientation noted in EXIF is
    applied, transparency is flattened on white, colour profiles are ignored, and a picture larger than
    `max_side` is scaled down with its aspect kept. Samples of more than 8 bits become 0..255 like this:

    * 16-bit grey and RGB: 65535 becomes 255;
    * 32-bit whole numbers: as they are if all lie in 0..255, as 16-bit if all lie in 0..65535;
    * floats: times 255 if all lie in 0..1, as they are if all lie in 0..255.

    Parameters
    ----------
    source : path or bytes
        A file of at most 20 MB and 50 megapixels, or its contents.
    max_side : int
        The longest side of the result is at most this many pixels, at least 2.

    Returns
    -------
    Image
        uint8 RGB, (H, W, 3).

    Raises
    ------
    ImageError
        If the file is missing, too large, not one of these formats, damaged or incomplete, or if its numbers
        do not fit the rule above.
    """
    if isinstance(max_side, bool) or not isinstance(max_side, int) or max_side < 2:
        raise ImageError(f"max_side must be a whole number of pixels, at least 2; got {max_side!r}.")
    data, name = _read(source)
    return Image(decode(data, name, max_side))


def _read(source: str | os.PathLike[str] | bytes) -> tuple[bytes, str]:
    """Return the contents, at most `MAX_BYTES` long, and what to call the picture in a message."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        _check_bytes(memoryview(source).nbytes, "The picture")
        return bytes(source), "The picture"
    if not isinstance(source, (str, os.PathLike)):
        raise ImageError(f"A picture is loaded from a path or from bytes; got {type(source).__name__}.")
    path = Path(source)
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            raise ImageError(f"{path} {problem}. Give the path of a picture file.")
        # The size is asked for before anything is read, and again after: the file may be growing.
        _check_bytes(path.stat().st_size, str(path))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {error}.") from error
    _check_bytes(len(data), str(path))
    return data, str(path)


def _check_bytes(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise ImageError(
            f"{name} is {size / 2**20:.1f} MB; at most {MAX_BYTES // 2**20} MB are allowed. "
            "Scale it down or save it with stronger compression."
        )
    if size == 0:
        raise ImageError(f"{name} is empty (0 bytes). Copy or download it again.")
