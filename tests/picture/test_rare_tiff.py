"""TIFF files as scientific programs write them: read where their meaning is clear, else refused."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from odd_files import HEIGHT, WIDTH, rare_tiff, scene, tiff

from lime_core.errors import ImageError
from lime_core.picture.image import load_image

GREY = scene()[..., 0]
BANDS = np.concatenate([scene(), scene()[..., ::-1]], axis=-1)
DEEP = BANDS.astype(np.uint16) * 257
NUMBERS = np.float64, np.float32, np.float16, np.uint64, np.int64, np.uint32, np.int32, np.uint16, np.int16
WHITE = np.full((HEIGHT, WIDTH, 3), 255)
ALPHA = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
MORE = {"photometric": "rgb", "planarconfig": "contig"}
CLEAR: dict[str, tuple[bytes, np.ndarray]] = {
    **{f"grey {np.dtype(kind)}": (rare_tiff(GREY.astype(kind)), GREY) for kind in NUMBERS[:7]},
    **{f"RGB {np.dtype(kind)}": (rare_tiff(scene().astype(kind), photometric="rgb"), scene()) for kind in NUMBERS[:7]},
    "0..1": (rare_tiff(GREY / 255), GREY),
    "big-endian": (rare_tiff(GREY / 255, byteorder=">"), GREY),
    "deflated": (rare_tiff(scene() / 255, photometric="rgb", compression="zlib"), scene()),
    "predicted": (rare_tiff(DEEP[..., :5], compression="zlib", predictor=2, **MORE), scene()),
    "in tiles": (rare_tiff(scene() / 255, photometric="rgb", tile=(16, 32)), scene()),
    "in strips": (rare_tiff(scene() / 255, photometric="rgb", rowsperstrip=5), scene()),
    "in planes": (rare_tiff(np.moveaxis(scene() / 255, -1, 0), photometric="rgb", planarconfig="separate"), scene()),
    "BigTIFF": (rare_tiff(GREY / 255, bigtiff=True), GREY),
    "all of 32 bits": (rare_tiff((GREY.astype(np.uint32) << 24) + 2**23), GREY),
    "white is zero": (rare_tiff(65535 - DEEP[..., 0], photometric="miniswhite"), GREY),
    "white is zero, floats": (rare_tiff(1 - GREY / 255, photometric="miniswhite"), GREY),
    "more bands": (rare_tiff(DEEP, **MORE), scene()),
    "more bands in planes": (rare_tiff(np.moveaxis(DEEP, -1, 0), photometric="rgb", planarconfig="separate"), scene()),
    "opaque": (rare_tiff(np.concatenate([scene() / 255, np.ones((HEIGHT, WIDTH, 1))], axis=-1), **ALPHA), scene()),
    "clear": (rare_tiff(np.concatenate([scene() / 255, scene()[..., :1] * 0], axis=-1), **ALPHA), WHITE),
    "grey and opaque": (
        rare_tiff(np.dstack([DEEP[..., 0], DEEP[..., 0] * 0 + 65535]), photometric="minisblack", planarconfig="contig",
                  extrasamples=["unassalpha"]),
        GREY,
    ),
    "on its side": (rare_tiff(GREY / 255, extratags=[(274, "H", 1, 6, True)]), np.rot90(GREY, -1)),
    "many pages": (rare_tiff(np.stack([GREY / 255, 1 - GREY / 255])), GREY),
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAR)
def test_what_is_clear_is_read_exactly(case: str) -> None:
    data, expected = CLEAR[case]
    expected = expected if expected.ndim == 3 else np.stack([expected] * 3, axis=-1)
    assert np.array_equal(load_image(data).pixels, expected)


def test_bands_that_are_left_out_or_guessed_are_said() -> None:
    assert load_image(CLEAR["more bands"][0]).notes == (
        "Its first 3 of 6 bands are red, green and blue; the others are left out.",
    )
    for extra in ([0, 0], [0]):
        bytes_of_bands = rare_tiff(BANDS[..., : 3 + len(extra)], extrasamples=extra, **MORE)
        image = load_image(bytes_of_bands)
        assert np.array_equal(image.pixels, scene())
        assert image.notes[0].startswith(f"Its first 3 of {3 + len(extra)} bands are")
    four = np.dstack([scene(), np.full_like(GREY, 255)]).tobytes()
    image = load_image(tiff(WIDTH, HEIGHT, four, bits=(8, 8, 8, 8), photo=2))
    assert np.array_equal(image.pixels, scene())
    assert image.notes == ("The file does not say what its fourth band is; it was read as transparency.",)
    guessed = load_image(rare_tiff(scene() / 255, photometric="minisblack", planarconfig="contig"))
    assert guessed.pixels.tolist() == scene().tolist()
    assert guessed.notes == ("The file does not say what its 3 bands are; they were read as red, green and blue.",)


NO_COLOUR = {"photometric": "minisblack", "planarconfig": "contig"}
UNCLEAR: dict[str, tuple[bytes, str]] = {
    "bands": (rare_tiff(BANDS, **NO_COLOUR), "with 6 bands of which none is said to be red, green or blue"),
    "two bands": (rare_tiff(DEEP[..., :2], **NO_COLOUR), "with 2 bands of which none is said to be red, green or blue"),
    "complex": (rare_tiff(GREY.astype(np.complex64)), "with complex numbers"),
    "palette": (
        rare_tiff(DEEP[..., 0], photometric="palette", colormap=np.zeros((3, 65536), np.uint16)),
        "whose colours are of the kind PALETTE",
    ),
    "LAB": (rare_tiff(DEEP[..., :3], photometric="cielab"), "whose colours are of the kind CIELAB"),
    "24 bits": (tiff(4, 1, bytes(12), bits=(24,)), "with samples of 24 bits"),
    "packed": (
        rare_tiff(GREY / 255).replace(struct.pack("<HHIHH", 259, 3, 1, 1, 0), struct.pack("<HHIHH", 259, 3, 1, 5, 0)),
        "whose samples are packed with LZW",
    ),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_what_is_not_clear_is_refused_for_what_it_is_not_called_damaged(case: str) -> None:
    data, message = UNCLEAR[case]
    with pytest.raises(ImageError, match=f"^The picture is a TIFF {message}; such a file cannot be read here. Save it"):
        load_image(data)


def test_negative_bytes_are_not_taken_for_bright_ones() -> None:
    image = load_image(rare_tiff(GREY.astype(np.int8) & 127))
    assert image.pixels[..., 0].tolist() == (GREY & 127).tolist()
    with pytest.raises(ImageError, match="from -3 to 100"):
        load_image(rare_tiff(np.array([[-3, 100]], np.int8)))


def deflated(width: int, height: int, packed: bytes, count: int | None = None) -> bytes:
    """A TIFF of float64 whose only strip is `packed`."""
    plain = bytearray(tiff(width, height, packed, bits=(64,), kind=3))
    compression = plain.index(struct.pack("<HHI", 259, 3, 1))
    struct.pack_into("<I", plain, compression + 8, 8)
    if count is not None:
        struct.pack_into("<I", plain, plain.index(struct.pack("<HHI", 279, 4, 1)) + 8, count)
    return bytes(plain)


def test_a_deflated_bomb_is_refused_before_it_is_unpacked() -> None:
    rows = np.linspace(0, 1, 12).astype("<f8").tobytes()
    assert load_image(deflated(4, 3, zlib.compress(rows))).pixels[0, :, 0].tolist() == [0, 23, 46, 70]
    bomb = zlib.compress(bytes(500_000_000), 9)
    with pytest.raises(ImageError, match="unpack to more than the header says"):
        load_image(deflated(4, 3, bomb))
    with pytest.raises(ImageError, match="samples are missing"):
        load_image(deflated(4, 3, zlib.compress(rows[:-8])))
    with pytest.raises(ImageError, match="the file ends too early"):
        load_image(deflated(4, 3, zlib.compress(rows), count=10_000))


def test_more_bytes_than_memory_should_hold_are_refused() -> None:
    with pytest.raises(ImageError, match="60000×60000 = 3600 megapixels"):
        load_image(deflated(60_000, 60_000, b""))
    many: dict[str, Any] = {"bits": (64,) * 20, "kind": 3, "photo": 2}
    with pytest.raises(ImageError, match="unpacks to 7,200 MB; at most 200 MB are allowed"):
        load_image(tiff(9000, 5000, b"", **many))
