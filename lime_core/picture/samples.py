"""Pictures whose samples are no bytes: 16-bit, 32-bit and float numbers, from files and arrays."""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import PIL.Image
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile

from lime_core.picture.ranges import Range, Reading, opacity, reading_of, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

_MOST_CHUNKS = 1000
# Numbers of TIFF tags.
_BITS, _PHOTOMETRIC, _COUNT, _EXTRA, _FORMAT = 258, 262, 277, 338, 339
_LOWEST, _HIGHEST = (340, 280), (341, 281)  # for any type of number, and for whole numbers
_SIGNED = 2


Mode = Literal["L", "LA", "RGB", "RGBA", "CMYK"]


@dataclass(frozen=True, slots=True)
class Samples:
    """The numbers of a picture.

    Attributes
    ----------
    values : ndarray, shape (H, W) or (H, W, C)
        Whole numbers or floats.
    mode : str
        What the channels are.
    bits : int or None
        Bits of a sample, where the type of `values` has more.
    declared : (float, float) or None
        What the file's own tags say of the range.
    inverted : bool
        Whether the lowest value is white.
    notes : tuple of str
        What was left out or guessed when they were read.
    """

    values: NDArray[Any]
    mode: Mode
    bits: int | None = None
    declared: Range | None = None
    inverted: bool = False
    notes: tuple[str, ...] = ()

    def to_picture(self, name: str, chosen: Range | None) -> tuple[PIL.Image.Image, Reading]:
        """Return them as a Pillow image of bytes, and how their range was understood."""
        transparent = self.mode.endswith("A")
        colors = self.values[..., :-1] if transparent else self.values
        reading = reading_of(colors, name, bits=self.bits, declared=self.declared, chosen=chosen)
        result = to_bytes(colors, reading.ranges[0])
        if self.inverted:
            result = 255 - result
        if transparent:
            result = np.concatenate([result, opacity(self.values[..., -1:])], axis=-1)
        picture = PIL.Image.fromarray(result, "CMYK" if self.mode == "CMYK" else None)
        return picture, Reading(reading.ranges, (*self.notes, *reading.notes))


def samples_of(picture: PIL.Image.Image, declared: Range | None = None) -> Samples | None:
    """Return the samples of a loaded Pillow image, or None if they are bytes that need no range."""
    tags: Mapping[int, Any] = picture.tag_v2 if isinstance(picture, TiffImageFile) else {}
    signed_bytes = picture.mode == "L" and tags.get(_FORMAT) == (_SIGNED,)
    if not (picture.mode in ("I", "F") or picture.mode.startswith("I;16") or signed_bytes):
        return None
    values: NDArray[Any] = np.asarray(picture)
    bits = first_number(tags.get(_BITS))
    if signed_bytes:
        values = values.view(np.int8)
    elif picture.mode == "I" and bits == 32 and tags.get(_FORMAT, (1,)) == (1,):
        values = values.view(np.uint32)  # Pillow has no unsigned numbers of 32 bits
    key = picture.info.get("transparency")
    if isinstance(picture, PngImageFile) and isinstance(key, int):
        return Samples(_with_alpha(values[..., None], (key,)), "LA", declared=declared)
    odd = bits if bits is not None and 8 < bits < 16 else None
    inverted = tags.get(_PHOTOMETRIC) == 0 and not signed_bytes
    return Samples(values, "L", odd, declared or declared_range(tags), inverted)


def has_deep_channels(file: ImageFile) -> bool:
    """Return whether a file, not loaded yet, has channels of 16 bits, of which Pillow keeps only the upper 8."""
    channels, _, bits = _rawmode(file).partition(";")
    return bits[:-1] == "16" and channels in ("RGB", "RGBA", "RGBX", "CMYK", "LA")


def deep_channels(file: ImageFile, open_again: Callable[[], ImageFile], declared: Range | None) -> Samples:
    """Read the 16-bit channels of a file that is open, but not loaded yet.

    Pillow keeps the upper 8 bits of a channel. In the other byte order it takes the lower ones for them, so the file is
    read twice.
    """
    rawmode = _rawmode(file)
    if rawmode.startswith("LA"):
        # There is no such mode: the four bytes of a pixel are read as if they were four channels.
        return Samples(_loaded_as(file, "RGBA").view(">u2").astype(np.uint16), "LA", declared=declared)
    other = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}[rawmode[-1]]
    # No more than one picture is held at a time: each is 200 MB for the largest files.
    lower = _loaded_as(open_again(), rawmode[:-1] + other)
    halves = np.empty((*lower.shape, 2), np.uint8)
    halves[..., 0] = lower
    del lower
    halves[..., 1] = _loaded_as(file, rawmode)
    values = halves.view("<u2")[..., 0]
    key = file.info.get("transparency")
    if isinstance(file, PngImageFile) and isinstance(key, tuple) and file.mode == "RGB":
        return Samples(_with_alpha(values, key), "RGBA", declared=declared)
    return Samples(values, cast("Mode", file.mode), declared=declared)


def declared_range(tags: Mapping[int, Any]) -> Range | None:
    """Return the range that the tags of a TIFF give to its samples, if they do."""
    lows = next((found for tag in _LOWEST if (found := _numbers(tags.get(tag)))), [0.0])
    highs = next((found for tag in _HIGHEST if (found := _numbers(tags.get(tag)))), [])
    if not highs or not all(map(math.isfinite, (*lows, *highs))):
        return None
    return min(lows), max(highs)


def band_notes(file: ImageFile) -> tuple[str, ...]:
    """Say which bands of a TIFF Pillow leaves out, or takes for something that the file does not call them."""
    tags: Mapping[int, Any] = file.tag_v2 if isinstance(file, TiffImageFile) else {}
    count = first_number(tags.get(_COUNT)) or 0
    if file.mode == "RGB" and count > 3:
        return (bands_left_out(count),)
    if file.mode == "RGBA" and count == 4 and _EXTRA not in tags:
        return ("The file does not say what its fourth band is; it was read as transparency.",)
    return ()


def bands_left_out(count: int) -> str:
    """Return the note on a picture of which only the first three bands are used."""
    return f"Its first 3 of {count} bands are red, green and blue; the others are left out."


def first_number(value: Any) -> int | None:
    """Return the first number of a TIFF tag as a whole one."""
    numbers = _numbers(value)
    return int(numbers[0]) if numbers and math.isfinite(numbers[0]) else None


def _numbers(value: Any) -> list[float]:
    """Return the numbers of a TIFF tag; none if it holds anything else."""
    try:
        return [float(number) for number in (value if isinstance(value, tuple | list) else (value,))]
    except (TypeError, ValueError, ArithmeticError):
        return []


def significant_range(png: bytes) -> Range | None:
    """Return the range that the chunk sBIT of a PNG file gives to its samples, if there is one."""
    position = 8
    for _ in range(_MOST_CHUNKS):
        if position + 8 > len(png):
            return None
        length, kind = struct.unpack_from(">I4s", png, position)
        if kind == b"sBIT":
            bits = max(png[position + 8 : position + 8 + min(length, 4)], default=0)
            return (0.0, 2.0**bits - 1) if bits <= 16 else None
        if kind == b"IDAT":
            return None
        position += 12 + length
    return None


def _with_alpha(values: NDArray[np.uint16], key: tuple[int, ...]) -> NDArray[np.uint16]:
    """Return colours with transparency: full but where they have the one colour that is transparent."""
    alpha = np.where((values == np.array(key, np.uint16)).all(axis=-1, keepdims=True), 0, 65535)
    return np.concatenate([values, alpha.astype(np.uint16)], axis=-1)


def _rawmode(file: ImageFile) -> str:
    """Return how Pillow's decoder is told to unpack the samples."""
    args = file.tile[0].args if file.tile else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _loaded_as(file: ImageFile, rawmode: str) -> NDArray[np.uint8]:
    """Return the pixels of a file, unpacked in another way than its header asks for."""
    file.tile = [
        tile._replace(args=(rawmode, *tile.args[1:]) if isinstance(tile.args, tuple) else rawmode) for tile in file.tile
    ]
    file.load()
    return np.asarray(file)
