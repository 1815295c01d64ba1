"""Decode the bytes of a picture file to RGB pixels of bounded size, or say what is wrong with the file."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, cast

import numpy as np
import PIL.Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from lime_core.errors import ImageError, in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

MAX_PIXELS = 50_000_000
_MAX_HEADER_READS = 20_000


def decode(data: bytes, name: str, max_side: int) -> NDArray[np.uint8]:
    """Return the first picture in `data` as RGB, upright, on white, its longest side at most `max_side`.

    Parameters
    ----------
    data : bytes
        The contents of a picture file.
    name : str
        Name of the picture in messages.
    max_side : int
        In pixels; smaller pictures are left at their size.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    ImageError
        If the file is not a picture, or is damaged, incomplete or too large.
    """
    kind, opener = _format_of(data, name)
    try:
        return _decode(data, opener, name, max_side)
    except ImageError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise _too_many_pixels(name) from None
    except Exception as error:  # Pillow's parsers raise many types, from SyntaxError to struct.error.
        raise ImageError(
            f"{name} is a {kind} file, but it is damaged or incomplete ({in_words(error)}). "
            "Copy or download it again, or open it in an image editor and save it anew."
        ) from error


def from_pillow(picture: PIL.Image.Image, max_side: int, name: str = "The picture") -> NDArray[np.uint8]:
    """Return the pixels of a Pillow image, treated as `decode` treats a file. It is loaded, but not changed."""
    width, height = picture.size
    check_size(width, height, name)
    try:
        picture.load()
        return _finished(picture, _orientation(picture.info.get("exif")), _bounded(picture.size, max_side), name)
    except ImageError:
        raise
    except Exception as error:  # The image may be a file of which Pillow has read only the header.
        raise ImageError(f"{name} is a Pillow image that cannot be loaded ({in_words(error)}).") from error


def check_size(width: int, height: int, name: str) -> None:
    """Raise `ImageError` for a picture with too many pixels, or with fewer than two."""
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name, width, height)
    if width * height <= 1:
        raise ImageError(
            f"{name} is {'a single pixel' if width * height else 'without pixels'}: there is nothing to cut into "
            "superpixels. Choose a larger picture."
        )


def text_above(value: float, limit: float, digits: int = 0) -> str:
    """Return a number above a limit as text, with enough decimal places to show that it is above."""
    while float(f"{value:.{digits}f}") <= limit and digits < 12:
        digits += 1
    return f"{value:.{digits}f}"


class _Jpeg(JpegImageFile):
    """JPEG reader that does not search EXIF for the resolution: Pillow's search warns when EXIF is malformed."""

    def _read_dpi_from_exif(self) -> None:
        pass


class _WebP(WebPImageFile):
    """WebP reader that frees its decoder, which holds two canvases, before the picture itself is allocated."""

    def load_prepare(self) -> None:
        self.__dict__.pop("_decoder", None)
        super().load_prepare()


# The readers are called directly: PIL.Image.open checks the size only after opening, and between 89 and 179
# megapixels only warns. Warnings cannot be silenced for one thread alone.
_OPENERS: dict[str, tuple[tuple[bytes, ...], Callable[[io.BytesIO], ImageFile]]] = {
    "JPEG": ((b"\xff\xd8\xff",), _Jpeg),
    "PNG": ((b"\x89PNG\r\n\x1a\n",), PngImageFile),
    "WebP": ((b"RIFF",), _WebP),
    "GIF": ((b"GIF87a", b"GIF89a"), GifImageFile),
    "TIFF": ((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TiffImageFile),
    "BMP": ((b"BM",), BmpImageFile),
}


def _format_of(data: bytes, name: str) -> tuple[str, Callable[[io.BytesIO], ImageFile]]:
    for kind, (signatures, opener) in _OPENERS.items():
        if data.startswith(signatures) and (kind != "WebP" or data[8:12] == b"WEBP"):
            return kind, opener
    raise ImageError(
        f"{name} is not a picture that can be read here{_other_format(data)}. "
        f"Allowed are {', '.join(_OPENERS)}: convert it to one of these."
    )


def _other_format(data: bytes) -> str:
    """Name the format, for those that people most often try instead."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp":
        return ": it is HEIC, AVIF or a video"
    if start.startswith(b"%pdf"):
        return ": it is a PDF"
    if b"<svg" in start:
        return ": it is an SVG drawing"
    return ": it is a web page or other text" if start.startswith(b"<") else ""


class _Contents(io.BytesIO):
    """A file in memory that limits what Pillow reads.

    Until `header_is_read` is set, a header in very many small pieces is refused: Pillow can take minutes to join them.
    Afterwards, reading past the end is refused. Pillow does this itself, unless `ImageFile.LOAD_TRUNCATED_IMAGES` is
    set somewhere in this process; a truncated picture must never be explained.
    """

    header_is_read = False
    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.reads += 1
        if not self.header_is_read and self.reads > _MAX_HEADER_READS:
            raise OSError("the header is in too many pieces")
        if self.header_is_read and not data and size != 0:
            raise EOFError("the file ends too early")
        return data


def _decode(data: bytes, opener: Callable[[io.BytesIO], ImageFile], name: str, max_side: int) -> NDArray[np.uint8]:
    contents = _Contents(data)
    with opener(contents) as file:
        check_size(*file.size, name)
        # Lets the JPEG decoder work at a lower resolution where the picture is scaled down; other formats ignore it.
        width, height = size = _bounded(file.size, max_side)
        file.draft(None, (2 * width, 2 * height))
        contents.header_is_read = True
        file.load()
        return _finished(file, _orientation(file.info.get("exif")), size, name)


def _bounded(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    shrink = min(1.0, max_side / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _finished(picture: PIL.Image.Image, orientation: int, size: tuple[int, int], name: str) -> NDArray[np.uint8]:
    """Return a loaded picture as RGB at another size, on white and upright."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        picture = _grey_from_numbers(picture, size, name)
    else:
        picture = _resized(_flattened(picture), size)
    if orientation in _TRANSPOSE:
        picture = picture.transpose(_TRANSPOSE[orientation])
    return np.asarray(picture.convert("RGB"))


def _too_many_pixels(name: str, width: int = 0, height: int = 0) -> ImageError:
    limit = MAX_PIXELS // 1_000_000
    megapixels = text_above(width * height / 1e6, limit)
    given = f"is {width}×{height} = {megapixels} megapixels" if width else "has too many pixels"
    return ImageError(f"{name} {given}; at most {limit} megapixels are allowed. Scale it down first.")


def _resized(picture: PIL.Image.Image, size: tuple[int, int]) -> PIL.Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, PIL.Image.Resampling.LANCZOS, reducing_gap=3.0)


def _flattened(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return the picture as RGB, laid on white where it is transparent."""
    if not picture.has_transparency_data:
        return _converted(picture, "RGB")
    rgba = _converted(_converted(picture, "LA") if picture.mode == "La" else picture, "RGBA")
    white = PIL.Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba)
    return white


def _converted(picture: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    # Pillow copies even where nothing changes: 200 MB for the largest pictures.
    return picture if picture.mode == mode else picture.convert(mode)


def _grey_from_numbers(picture: PIL.Image.Image, size: tuple[int, int], name: str) -> PIL.Image.Image:
    """Scale 16-bit, 32-bit and float grey to 0..255 by the rule in the docstring of `load_image`."""
    if picture.mode.startswith("I;16"):
        scale = 255 / 65535
        picture = picture.convert("I")
    else:
        scale = _scale_of(picture, name)
    values = np.asarray(_resized(picture, size), dtype=np.float64)
    if not np.isfinite(values).all():
        raise ImageError(f"{name} holds values that are not finite (NaN). Save it as 8-bit or 16-bit instead.")
    return PIL.Image.fromarray(np.rint(values * scale).clip(0, 255).astype(np.uint8))


def _scale_of(picture: PIL.Image.Image, name: str) -> float:
    low, high = cast("tuple[float, float]", picture.getextrema())  # one band has one pair
    # Rounding may take a float slightly outside its range, but not a whole number.
    ranges = ((1.0, 255.0), (255.0, 1.0)) if picture.mode == "F" else ((255.0, 1.0), (65535.0, 255 / 65535))
    for top, scale in ranges:
        slack = top * 1e-3 if picture.mode == "F" else 0.0
        if -slack <= low and high <= top + slack:
            return scale
    allowed = "0..1 or 0..255" if picture.mode == "F" else "0..255 or 0..65535"
    raise ImageError(
        f"{name} holds values from {low:g} to {high:g}; allowed are {allowed}. Save it as 8-bit or 16-bit instead."
    )


_TRANSPOSE = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}


def _orientation(exif: object) -> int:
    """Read tag 0x0112 of the first EXIF directory; 1 (upright) if there is none or it is malformed.

    Pillow's own reader would warn about malformed EXIF. Pillow has already rotated TIFF pictures while loading them.
    """
    if not isinstance(exif, bytes):
        return 1
    tiff = exif.removeprefix(b"Exif\0\0")
    order = ">" if tiff.startswith(b"MM") else "<"
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, entry)
            if tag == 0x0112:
                return int(value)
    except struct.error:
        pass
    return 1
