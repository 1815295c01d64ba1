"""TIFF files that Pillow has no reader for: float64, wide whole numbers, more bands than colours."""

from __future__ import annotations

import io
import logging
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ImageError
from lime_core.picture.limits import check_size
from lime_core.picture.samples import Mode, Samples, bands_left_out, declared_range

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tifffile import TiffPage

# What it has to say of a damaged file is said in the error; without a handler it would stand on the terminal as well.
logging.getLogger("tifffile").addHandler(logging.NullHandler())

_MOST_BYTES = 200_000_000  # of the samples of all bands
_PLAIN, _DEFLATE = (1,), (8, 32946)
_PIECE = 2**20
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_ALPHA = (1, 2)


def rare_tiff(data: bytes, name: str) -> tuple[Samples, int]:
    """Read the first page of a TIFF.

    Only uncompressed and deflated pages are read: tifffile would unpack others to any size.

    Returns
    -------
    samples : Samples
    orientation : int
        1..8, as in EXIF; other numbers mean 1.

    Raises
    ------
    ImageError
        If it is too large, incomplete, or of a kind whose meaning is not clear.
    """
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if not isinstance(page, tifffile.TiffPage):
            raise _refused(name, "without a first page")
        check_size(page.imagewidth, page.imagelength, name)
        mode, bands, notes = _meaning(page, name)
        _check_storage(page, data, name)
        values = page.asarray()
        tags = {tag.code: tag.value for tag in page.tags}
    if page.planarconfig == 2 and page.samplesperpixel > 1:
        values = np.moveaxis(values, 0, -1)
    values = values.reshape(page.imagelength, page.imagewidth, page.samplesperpixel)[..., :bands]
    samples: NDArray[Any] = np.ascontiguousarray(values[..., 0] if bands == 1 else values)
    inverted = page.photometric == _WHITE_IS_ZERO
    orientation = tags.get(274)
    return (
        Samples(samples, mode, None, declared_range(tags), inverted, notes),
        orientation if isinstance(orientation, int) else 1,
    )


def _meaning(page: TiffPage, name: str) -> tuple[Mode, int, tuple[str, ...]]:
    """Return what the bands are, how many of them are used, and what is to be said about that."""
    kind = None if page.dtype is None else page.dtype.kind
    if kind not in ("u", "i", "f") or page.bitspersample not in (8, 16, 32, 64):
        what = "complex numbers" if kind == "c" else f"samples of {page.bitspersample} bits"
        raise _refused(name, f"with {what}")
    if page.imagedepth != 1:
        raise _refused(name, f"of a volume {page.imagedepth} pixels deep")
    count, extra = page.samplesperpixel, tuple(page.extrasamples)
    if page.photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO):
        if count == 1:
            return "L", 1, ()
        if count == 2 and extra[:1] and extra[0] in _ALPHA:
            return "LA", 2, ()
        if count == 3:
            return "RGB", 3, ("The file does not say what its 3 bands are; they were read as red, green and blue.",)
        raise _refused(name, f"with {count} bands of which none is said to be red, green or blue")
    if page.photometric != _RGB or count < 3:
        raise _refused(name, f"whose colours are of the kind {_word(page.photometric)}")
    if count == 4 and extra[:1] and extra[0] in _ALPHA:
        return "RGBA", 4, ()
    return "RGB", 3, (bands_left_out(count),) if count > 3 else ()


def _check_storage(page: TiffPage, data: bytes, name: str) -> None:
    """Raise `ImageError` unless the samples are all there, and unpack to the size that the header says."""
    if page.compression not in _PLAIN + _DEFLATE or page.predictor not in (1, 2):
        packed = "a predictor for floats" if page.compression in _DEFLATE else _word(page.compression)
        raise _refused(name, f"whose samples are packed with {packed}")
    if page.nbytes > _MOST_BYTES:
        raise ImageError(
            f"{name} unpacks to {page.nbytes / 1e6:,.0f} MB; at most {_MOST_BYTES // 1_000_000} MB are allowed. "
            "Scale it down, or leave bands out."
        )
    left = page.nbytes
    # Of a page in tiles the ones at the edges are larger than what is shown of them.
    tiles = page.nbytes if not page.is_tiled else 4 * page.nbytes + 2**20
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        segment = data[offset : offset + count]
        if not count or len(segment) < count:
            raise EOFError("the file ends too early")
        size = count if page.compression in _PLAIN else _unpacked_size(segment, tiles)
        left -= size
        tiles -= size
        if tiles < 0:
            raise OSError("its samples unpack to more than the header says")
    if left > 0:
        raise EOFError("samples are missing")


def _unpacked_size(packed: bytes, most: int) -> int:
    """Return the size of a deflated segment, or something above `most` as soon as it is known to be above."""
    unpacker, size = zlib.decompressobj(), 0
    while packed and size <= most:
        size += len(unpacker.decompress(packed, _PIECE))
        packed = unpacker.unconsumed_tail
    return size


def _word(code: Any) -> str:
    """Return the name of a TIFF code, which tifffile gives as an enumeration where it knows it."""
    return str(getattr(code, "name", code))


def _refused(name: str, what: str) -> ImageError:
    return ImageError(
        f"{name} is a TIFF {what}; such a file cannot be read here. "
        "Save it as 8-bit or 16-bit grey or RGB, without compression or with deflate."
    )
