"""A thousand damaged files of every format: each is read, or refused in words; nothing else happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import pytest
from odd_files import FORMATS, encode, frames, png, rare_tiff, scene

from lime_core.errors import ImageError
from lime_core.picture.image import load_image

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = 1000

DEEP = scene().astype(np.uint16) * 257
ORIGINALS: dict[str, Callable[[], bytes]] = {
    **{kind: lambda kind=kind: encode(scene(), kind) for kind in FORMATS},
    "MPO": lambda: frames("MPO"),
    "animated GIF": lambda: frames("GIF"),
    "palette PNG": lambda: encode(PIL.Image.fromarray(scene()).convert("P"), "PNG", transparency=3),
    "16-bit PNG": lambda: encode(DEEP[..., 0], "PNG"),
    "16-bit RGB PNG": lambda: png(53, 37, b"".join(b"\0" + row.astype(">u2").tobytes() for row in DEEP), depth=16),
    "LZW TIFF": lambda: encode(scene(), "TIFF", compression="tiff_lzw"),
    "16-bit TIFF": lambda: rare_tiff(DEEP, photometric="rgb"),
    "float64 TIFF": lambda: rare_tiff(scene() / 255, photometric="rgb"),
    "deflated TIFF": lambda: rare_tiff(scene() / 255, photometric="rgb", compression="zlib"),
    "TIFF in tiles": lambda: rare_tiff(DEEP[..., 0] / 65535, tile=(16, 16)),
    "TIFF of many bands": lambda: rare_tiff(np.dstack([DEEP, DEEP]), photometric="rgb", planarconfig="contig"),
    "lossless WebP": lambda: encode(scene(), "WEBP", lossless=True),
    "HEIC with alpha": lambda: encode(np.dstack([scene(), scene()[..., :1]]), "HEIC"),
}


def truncated(data: bytearray, rng: np.random.Generator) -> bytes:
    return bytes(data[: int(rng.integers(1, len(data)))])


def with_flipped_bits(data: bytearray, rng: np.random.Generator) -> bytes:
    for position in rng.integers(0, len(data), rng.integers(1, 6)):
        data[position] ^= 1 << int(rng.integers(8))
    return bytes(data)


def with_wrong_header(data: bytearray, rng: np.random.Generator) -> bytes:
    for position in rng.integers(0, min(len(data), 600), rng.integers(1, 8)):
        data[position] = int(rng.choice([0, 1, 127, 128, 255]))
    return bytes(data)


def with_a_piece_twice(data: bytearray, rng: np.random.Generator) -> bytes:
    start, end, at = np.sort(rng.integers(0, len(data), 3))
    return bytes(data[:at] + data[start:end] + data[at:])


def without_a_piece(data: bytearray, rng: np.random.Generator) -> bytes:
    start, end = np.sort(rng.integers(0, len(data), 2))
    return bytes(data[:start] + data[end:])


DAMAGES = (truncated, with_flipped_bits, with_wrong_header, with_a_piece_twice, without_a_piece)
EACH = -(-FILES // len(ORIGINALS))


@pytest.mark.parametrize("kind", ORIGINALS)
def test_a_damaged_file_is_read_or_refused_in_words(kind: str) -> None:
    original = ORIGINALS[kind]()
    whole = load_image(original)
    assert whole.pixels.shape == (37, 53, 3)
    refused = 0
    for number in range(EACH):
        rng = np.random.default_rng([number, *kind.encode()])
        data = DAMAGES[number % len(DAMAGES)](bytearray(original), rng)
        try:
            image = load_image(data)
        except ImageError as error:
            refused += 1
            assert str(error).startswith("The picture ")  # noqa: PT017 - either outcome is right, a crash is not
            assert "0x" not in str(error)  # noqa: PT017 - as above
        else:
            assert image.pixels.dtype == np.uint8
            assert image.pixels.shape[2] == 3
            assert max(image.pixels.shape) <= 640
    assert refused
