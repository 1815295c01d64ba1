"""Decode the bytes of a picture file to RGB pixels of bounded size, or say what is wrong with the file."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
from PIL.TiffImagePlugin import TiffImageFile

from lime_core.errors import ImageError, in_words
from lime_core.picture.formats import HEIC, OPENERS, Contents, format_of
from lime_core.picture.limits import check_size, too_many_pixels
from lime_core.picture.ranges import BYTES, Range, Reading, dark_notes
from lime_core.picture.rare_tiff import rare_tiff
from lime_core.picture.samples import (
    Mode,
    Samples,
    band_notes,
    deep_channels,
    first_number,
    has_deep_channels,
    samples_of,
    significant_range,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

    Decoded = tuple[NDArray[np.uint8], Reading]


def decode(data: bytes, name: str, max_side: int, chosen: Range | None = None) -> Decoded:
    """Return the first picture in `data` as RGB, upright, on white, its longest side at most `max_side`.

    Parameters
    ----------
    data : bytes
        The contents of a picture file.
    name : str
        Name of the picture in messages.
    max_side : int
        In pixels; smaller pictures are left at their size.
    chosen : (float, float), optional
        The values that are black and white; found from the file if left out.

    Returns
    -------
    pixels : uint8 array (H, W, 3)
    reading : Reading
        How its numbers were understood.

    Raises
    ------
    ImageError
        If the file is not a picture, or is damaged, incomplete or too large.
    """
    kind = format_of(data, name)
    try:
        if kind == HEIC:
            return _finished(_primary_picture(data, name), 1, max_side, name, chosen)
        return _decode(data, kind, name, max_side, chosen)
    except ImageError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning):
        raise too_many_pixels(name) from None
    except Exception as error:  # Parsers raise many types, from SyntaxError to struct.error.
        raise ImageError(
            f"{name} is a {kind} file, but it is damaged or incomplete ({in_words(error)}). "
            "Copy or download it again, or open it in an image editor and save it anew."
        ) from error


def from_pillow(
    picture: PIL.Image.Image, max_side: int, chosen: Range | None = None, name: str = "The picture"
) -> Decoded:
    """Return the pixels of a Pillow image, treated as `decode` treats a file. It is loaded, but not changed."""
    check_size(*picture.size, name)
    try:
        picture.load()
        given = samples_of(picture) or picture
        return _finished(given, _orientation(picture.info.get("exif")), max_side, name, chosen)
    except ImageError:
        raise
    except Exception as error:  # The image may be a file of which Pillow has read only the header.
        raise ImageError(f"{name} is a Pillow image that cannot be loaded ({in_words(error)}).") from error


def from_samples(samples: Samples, max_side: int, chosen: Range | None = None, name: str = "The picture") -> Decoded:
    """Return the pixels of a picture given as numbers, treated as `decode` treats a file."""
    return _finished(samples, 1, max_side, name, chosen)


def _decode(data: bytes, kind: str, name: str, max_side: int, chosen: Range | None) -> Decoded:
    contents = Contents(data)
    try:
        file = OPENERS[kind](contents)
    except SyntaxError:
        # So Pillow refuses a kind of TIFF that it does not know, as well as a damaged one.
        if kind != "TIFF":
            raise
        return _finished(*rare_tiff(data, name), max_side, name, chosen)
    with file:
        check_size(*file.size, name)
        if _has_deep_planes(file):
            return _finished(*rare_tiff(data, name), max_side, name, chosen)
        # Lets the JPEG decoder work at a lower resolution where the picture is scaled down; other formats ignore it.
        width, height = size = _bounded(file.size, max_side)
        file.draft(None, (2 * width, 2 * height))
        contents.header_is_read = True
        given = _loaded(file, data, kind)
        pixels, reading = _finished(given, _orientation(file.info.get("exif")), size, name, chosen)
        return pixels, replace(reading, notes=(*band_notes(file), *reading.notes))


def _loaded(file: ImageFile, data: bytes, kind: str) -> PIL.Image.Image | Samples:
    declared = significant_range(data) if kind == "PNG" else None
    if has_deep_channels(file):
        return deep_channels(file, lambda: OPENERS[kind](Contents(data)), declared)
    file.load()
    return samples_of(file, declared) or file


def _has_deep_planes(file: ImageFile) -> bool:
    """Return whether a TIFF holds each channel apart, in more than 8 bits: Pillow would read them as 8 bits."""
    tags = file.tag_v2 if isinstance(file, TiffImageFile) else {}
    return tags.get(284) == 2 and (first_number(tags.get(258)) or 0) > 8


def _primary_picture(data: bytes, name: str) -> PIL.Image.Image:
    """Return the main picture of a HEIC file, upright, without using its thumbnails."""
    import pi_heif

    file = pi_heif.open_heif(data)
    primary = file[file.primary_index]
    check_size(primary.size[0], primary.size[1], name)
    primary.load()
    # The header may have said another size.
    check_size(primary.size[0], primary.size[1], name)
    picture: PIL.Image.Image = primary.to_pillow()
    return picture


def _bounded(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    shrink = min(1.0, max_side / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _finished(
    given: PIL.Image.Image | Samples, orientation: int, max_side: int | tuple[int, int], name: str, chosen: Range | None
) -> Decoded:
    """Return a loaded picture as RGB, at most `max_side` or exactly of another size, on white and upright."""
    if chosen is not None and isinstance(given, PIL.Image.Image):
        mode: Mode = "RGBA" if given.has_transparency_data else "RGB"
        given = Samples(np.asarray(_converted(given, mode)), mode)
    reading = None
    if isinstance(given, Samples):
        picture, reading = given.to_picture(name, chosen)
    else:
        picture = given
    size = _bounded(picture.size, max_side) if isinstance(max_side, int) else max_side
    picture = _resized(_flattened(picture), size)
    if orientation in _TRANSPOSE:
        picture = picture.transpose(_TRANSPOSE[orientation])
    pixels = np.asarray(picture.convert("RGB"))
    if reading is None:
        reading = dark_notes(float(pixels.max()), BYTES)
        # Where bytes are used as they are there is nothing to say.
        reading = reading if reading.notes else Reading(())
    return pixels, reading


def _resized(picture: PIL.Image.Image, size: tuple[int, int]) -> PIL.Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, PIL.Image.Resampling.LANCZOS, reducing_gap=3.0)


def _flattened(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return the picture as RGB, laid on white where it is transparent."""
    if not picture.has_transparency_data:
        return _converted(picture, "RGB")
    rgba = _converted(picture, "RGBA")
    white = PIL.Image.new("RGB", rgba.size, "white")
    white.paste(rgba, mask=rgba)
    return white


def _converted(picture: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    # Pillow copies even where nothing changes: 200 MB for the largest pictures.
    if picture.mode == mode:
        return picture
    return (picture.convert("LA") if picture.mode == "La" else picture).convert(mode)


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
