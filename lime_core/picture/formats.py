"""The formats of picture files: told by their contents, never by their names."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from lime_core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.ImageFile import ImageFile

    Opener = Callable[[io.BytesIO], ImageFile]

HEIC = "HEIC"
_MAX_HEADER_READS = 20_000
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


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
OPENERS: dict[str, Opener] = {
    "JPEG": _Jpeg,
    "PNG": PngImageFile,
    "WebP": _WebP,
    "GIF": GifImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
    "AVIF": AvifImageFile,
}
_SIGNATURES = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    "BMP": (b"BM",),
}


class Contents(io.BytesIO):
    """A file in memory that limits what Pillow reads.

    Until `header_is_read` is set, a header in very many small pieces is refused: Pillow can take minutes to join them.
    Afterwards, reading past the end is refused. Pillow does this itself, unless `ImageFile.LOAD_TRUNCATED_IMAGES` is
    set somewhere in this process; a truncated picture must never be explained.
    """

    header_is_read = False
    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; `OSError` where the limits forbid it."""
        data = super().read(size)
        self.reads += 1
        if not self.header_is_read and self.reads > _MAX_HEADER_READS:
            raise OSError("the header is in too many pieces")
        if self.header_is_read and not data and size != 0:
            raise EOFError("the file ends too early")
        return data


def format_of(data: bytes, name: str) -> str:
    """Return the name of a picture file's format: a key of `OPENERS`, or `HEIC`.

    Raises
    ------
    ImageError
        If it is none of these.
    """
    for kind, signatures in _SIGNATURES.items():
        if data.startswith(signatures):
            return kind
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    brands = _brands(data)
    if brands & _AVIF_BRANDS:
        return "AVIF"
    if brands & _HEIC_BRANDS:
        return HEIC
    raise ImageError(
        f"{name} is not a picture that can be read here{_other_format(data)}. "
        f"Allowed are {', '.join((*OPENERS, HEIC))}: convert it to one of these."
    )


def _brands(data: bytes) -> set[bytes]:
    """Return the kinds that a file in the container of HEIC, AVIF and videos says it can be read as."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 256)
    return {data[8:12], *(data[start : start + 4] for start in range(16, end, 4))}


def _other_format(data: bytes) -> str:
    """Name the format, for those that people most often try instead."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if data[4:8] == b"ftyp":
        return ": it is a video"
    if start.startswith(b"%pdf"):
        return ": it is a PDF"
    if b"<svg" in start:
        return ": it is an SVG drawing"
    return ": it is a web page or other text" if start.startswith(b"<") else ""
