"""`Image`, the picture that every step works on, and how it is loaded."""

from __future__ import annotations

import hashlib
import io
import math
import numbers
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import PIL.Image

from lime_core.errors import ImageError, in_words
from lime_core.picture.arrays import from_array
from lime_core.picture.decoding import decode, from_pillow, from_samples
from lime_core.picture.limits import MAX_BYTES, check_bytes
from lime_core.picture.ranges import Range
from lime_core.picture.samples import Samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

PictureSource = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | np.ndarray | PIL.Image.Image

WORKING_SIDE = 640


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """An immutable RGB picture; two are equal when their pixels are equal.

    Parameters
    ----------
    pixels : uint8 array (H, W, 3)
        RGB, 0..255, of at least two pixels. It is copied.
    notes, ranges
        As below; empty if left out.

    Attributes
    ----------
    pixels : uint8 array (H, W, 3)
        RGB, 0..255, read-only.
    notes : tuple of str
        What a reader should know of how the source was read, such as values that were clipped.
    ranges : tuple of (float, float)
        The source's values of black and white: the ones that were taken, then others that may be meant instead. They
        can be given to `load_image` as its `value_range`. Empty where the source's bytes are used as they are.
    sha256 : str
        Hex digest of shape and pixels, which identifies the picture in caches and saved explanations.

    Raises
    ------
    ImageError
        If `pixels` is anything else.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
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
        return Image(self.pixels[center_square((self.height, self.width))], self.notes, self.ranges)


def center_square(size: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of the largest centred square in something of ``size = (height, width)``."""
    height, width = size
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return slice(top, top + side), slice(left, left + side)


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


def as_image(source: Image | PictureSource) -> Image:
    """Return an `Image` unchanged, and load anything else with `load_image`."""
    return source if isinstance(source, Image) else load_image(source)


def load_image(
    source: PictureSource, *, max_side: int = WORKING_SIDE, value_range: tuple[float, float] | None = None
) -> Image:
    """Read a picture into the RGB picture that is segmented, explained and shown.

    JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF and HEIC, told by their contents; of several frames or pages the first. The
    orientation noted in the file is applied, transparency is flattened on white, colour profiles are ignored, and a
    picture larger than `max_side` is scaled down with its aspect kept. Bytes are used as they are. Which of other
    numbers are black and white is found like this:

    * what the file itself says (the bits of its samples, the tags SMinSampleValue and SMaxSampleValue or
      MinSampleValue and MaxSampleValue of a TIFF, sBIT of a PNG) counts if the values fit it;
    * whole numbers are 0..255, 0..1023, 0..4095, 0..16383 or 0..65535: the first of these that holds all values, so
      12-bit numbers in a 16-bit file are read as 12-bit;
    * floats are 0..1 if they lie there, else 0..255; values outside by up to half of the range, as resampling makes
      them, are clipped. If none is above 16, the largest is white.

    Whenever that is a guess, or values were clipped, or the picture is almost black, the result's `notes` say so and
    its `ranges` hold what else may be meant.

    Parameters
    ----------
    source : path, bytes, binary file, ndarray or Pillow image
        A file of at most 20 MB and 50 megapixels, its contents, the file opened for reading bytes, an array
        ``(H, W)`` (grey), ``(H, W, 3)`` or ``(H, W, 4)`` (with transparency) of at most 50 megapixels, or a Pillow
        image.
    max_side : int
        The longest side of the result is at most this many pixels, at least 2.
    value_range : (float, float), optional
        The source's values that are black and white, instead of the rule above; values outside are clipped.

    Returns
    -------
    Image
        uint8 RGB, (H, W, 3).

    Raises
    ------
    ImageError
        If the file is missing, too large, not one of these formats, damaged or incomplete, if numbers do not fit the
        rule above, or if an argument has none of these types.
    """
    if isinstance(max_side, bool) or not isinstance(max_side, int) or max_side < 2:
        raise ImageError(f"max_side must be a whole number of pixels, at least 2; got {max_side!r}.")
    chosen = None if value_range is None else _checked_range(value_range)
    given: Any = source
    if isinstance(source, Image):
        given = PIL.Image.fromarray(source.pixels)
    # Tensors of other libraries convert themselves to arrays; so does a NumPy scalar, which is then refused.
    elif not isinstance(source, (*_CONTENTS, PIL.Image.Image)) and hasattr(source, "__array__"):
        given = from_array(source)
    if isinstance(given, PIL.Image.Image):
        pixels, reading = from_pillow(given, max_side, chosen)
    elif isinstance(given, Samples):
        pixels, reading = from_samples(given, max_side, chosen)
    else:
        data, name = _read(given)
        pixels, reading = decode(data, name, max_side, chosen)
    before = source.notes if isinstance(source, Image) and chosen is None else ()
    return Image(pixels, tuple(dict.fromkeys((*before, *reading.notes))), reading.ranges)


def _checked_range(given: Any) -> Range:
    ends = tuple(given) if isinstance(given, tuple | list | np.ndarray) else ()
    if len(ends) == 2 and all(isinstance(end, numbers.Real) and math.isfinite(end) for end in ends):
        low, high = float(ends[0]), float(ends[1])
        if low < high:
            return low, high
    raise ImageError(
        "value_range must be two numbers, the value of black and the larger one of white, such as (0, 4095); "
        f"got {given!r}."
    )


_CONTENTS = (bytes, bytearray, memoryview)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def _read(source: Any) -> tuple[bytes, str]:
    """Return the contents, at most `MAX_BYTES` long, and the name of the picture in messages."""
    if isinstance(source, _CONTENTS):
        check_bytes(memoryview(source).nbytes, "The picture")
        return bytes(source), "The picture"
    if isinstance(source, str | os.PathLike):
        return _read_path(source)
    if callable(getattr(source, "read", None)):
        return _read_open_file(source)
    raise ImageError(
        "A picture is loaded from a path, from bytes, an open file, an array (H, W, 3) or a Pillow image; got "
        f"{type(source).__name__}."
    )


def _read_path(source: str | os.PathLike[str]) -> tuple[bytes, str]:
    # Checked first, because `Path` would drop one of the slashes of an address.
    if isinstance(source, str) and _ADDRESS.match(source):
        raise ImageError(f"{source} is an address, not a file. Download the picture and give its path.")
    path = Path(source)
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            raise ImageError(f"{path} {problem}. Give the path of a picture file.")
        # The size is checked before reading, and again afterwards, because the file may be growing.
        check_bytes(path.stat().st_size, str(path))
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ImageError(f"{path} cannot be read: {error}.") from error
    check_bytes(len(data), str(path))
    return data, str(path)


def _read_open_file(file: Any) -> tuple[bytes, str]:
    file_name = getattr(file, "name", None)
    name = file_name if isinstance(file_name, str) and file_name else "The picture"
    try:
        data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be read: {in_words(error)}.") from error
    if not isinstance(data, bytes):
        raise ImageError(f'{name} must be opened for reading bytes: `open(path, "rb")`; it gives text or nothing.')
    if not data:
        raise ImageError(f"{name} has nothing left to read. The file is empty, or was read before: `file.seek(0)`.")
    check_bytes(len(data), name)
    return data, name
