"""Pictures from arrays, Pillow images and open files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image
import pytest
from odd_files import encode, orientation, scene

from lime_core.errors import ImageError
from lime_core.picture.image import Image, load_image
from lime_core.picture.limits import MAX_PIXELS

if TYPE_CHECKING:
    from pathlib import Path

GREY = scene()[..., 0]
LOADS = {
    "RGB": (scene(), scene()),
    "grey": (GREY, np.stack([GREY] * 3, axis=-1)),
    "grey with its axis": (GREY[..., None], np.stack([GREY] * 3, axis=-1)),
    "opaque": (np.dstack([scene(), np.full_like(GREY, 255)]), scene()),
    "clear": (np.dstack([scene(), np.zeros_like(GREY)]), np.full(scene().shape, 255)),
    "grey and clear": (np.dstack([GREY, np.zeros_like(GREY)]), np.full(scene().shape, 255)),
    "float": (scene() / 255, scene()),
    "float32": ((scene() / 255).astype(np.float32), scene()),
    "float of bytes": (scene().astype(np.float64), scene()),
    "a hair beyond": (scene() / 255 * (1 + 1e-6) - 1e-7, scene()),
    "int": (scene().astype(np.int64), scene()),
    "uint16": (scene().astype(np.uint16) * 257, scene()),
    "int of 16 bits": (scene().astype(np.int32) * 257, scene()),
    "turned": (np.asfortranarray(scene()), scene()),
    "every other": (np.repeat(scene(), 2, axis=1)[:, ::2], scene()),
}
REFUSED = {
    "channels first": (np.zeros((3, 8, 9)), r"got \(3, 8, 9\)\. Its channels come first: .*transpose\(1, 2, 0\)"),
    "batch": (np.zeros((1, 8, 9, 3)), r"looks like a batch: give one of its pictures, such as `array\[0\]`"),
    "line": (np.zeros(8), r"must have the shape .* got \(8,\)"),
    "number": (np.float64(3), r"got \(\)"),
    "five channels": (np.zeros((8, 9, 5)), r"got \(8, 9, 5\)"),
    "text": (np.full((2, 2), "a"), "must hold numbers, such as uint8 0..255; got <U1"),
    "truth": (np.ones((2, 2), bool), "must hold numbers, .* got bool"),
    "NaN": (np.full((2, 2), np.nan), "not finite"),
    "too large": (np.array([[0.0, 300.0]]), r"from 0 to 300; allowed are 0\.\.1 or 0\.\.255"),
    "negative": (np.array([[-1, 3]]), r"from -1 to 3; allowed are 0\.\.255 or 0\.\.65535"),
    "normalised": (np.array([[-1.0, 1.0]]), r"from -1 to 1; allowed are 0\.\.1 or 0\.\.255"),
    "one pixel": (np.zeros((1, 1, 3), np.uint8), "single pixel"),
    "no pixel": (np.zeros((0, 4, 3), np.uint8), "without pixels"),
}


@pytest.mark.parametrize("case", LOADS)
def test_an_array_of_pixels_is_a_picture(case: str) -> None:
    given, expected = LOADS[case]
    before = given.copy()
    assert np.array_equal(load_image(given).pixels, expected)
    assert np.array_equal(given, before)


@pytest.mark.parametrize("case", REFUSED)
def test_an_array_that_is_no_picture_is_refused_in_words(case: str) -> None:
    given, message = REFUSED[case]
    with pytest.raises(ImageError, match=message):
        load_image(given)


def test_an_array_of_another_library_turns_itself_into_one() -> None:
    class Tensor:
        def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
            return scene()

    assert load_image(Tensor()) == Image(scene())  # type: ignore[arg-type]


def test_large_arrays_and_images_are_scaled_down_like_files() -> None:
    large = scene(900, 1200)
    expected = load_image(encode(large, "PNG"))
    assert expected.pixels.shape == (480, 640, 3)
    for given in (large, PIL.Image.fromarray(large), Image(large)):
        assert load_image(given) == expected


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK", "LA", "1", "I;16", "F"])
def test_a_pillow_image_is_the_picture_that_its_file_is(mode: str, tmp_path: Path) -> None:
    if mode in ("I;16", "F"):
        values = GREY.astype(np.uint16) * 257 if mode == "I;16" else GREY.astype(np.float32) / 255
        picture = PIL.Image.fromarray(values)
    else:
        picture = PIL.Image.fromarray(scene()).convert(mode)
    path = tmp_path / "picture.tiff"
    picture.save(path)
    assert load_image(picture) == load_image(path)
    with PIL.Image.open(path) as lazy:
        assert load_image(lazy) == load_image(path)
    assert picture.mode == mode


def test_a_pillow_image_is_turned_upright_once() -> None:
    data = encode(scene(), "PNG", exif=orientation(6))
    assert np.array_equal(load_image(PIL.Image.open(io.BytesIO(data))).pixels, np.rot90(scene(), -1))


def test_a_pillow_image_of_a_damaged_file_is_refused_without_addresses() -> None:
    data = encode(scene(300, 400), "PNG")
    with pytest.raises(ImageError, match="Pillow image that cannot be loaded") as caught:
        load_image(PIL.Image.open(io.BytesIO(data[: len(data) // 2])))
    assert "0x" not in str(caught.value)


def test_an_open_file_is_read_from_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(encode(scene(), "PNG"))
    with path.open("rb") as file:
        assert load_image(file) == Image(scene())
        with pytest.raises(ImageError, match=r"cat\.png has nothing left to read.*seek\(0\)"):
            load_image(file)
    with path.open(encoding="latin-1") as text, pytest.raises(ImageError, match=r'opened for reading bytes.*"rb"'):
        load_image(text)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match=r"cat\.png cannot be read: .*closed file\."):
        load_image(file)
    assert load_image(io.BytesIO(path.read_bytes())) == Image(scene())


def test_no_message_shows_an_address_in_memory() -> None:
    for data in (b"", b"GIF89a nonsense", b"hello"):
        with pytest.raises(ImageError) as caught:
            load_image(io.BytesIO(data))
        assert "object at" not in str(caught.value)
        assert "The picture" in str(caught.value)


@pytest.mark.parametrize("address", ["https://example.org/cat.jpg", "file:///home/cat.jpg", "s3://bucket/cat.jpg"])
def test_an_address_is_not_taken_for_a_path(address: str) -> None:
    with pytest.raises(ImageError, match=f"^{address} is an address, not a file"):
        load_image(address)


def test_a_picture_just_above_the_limit_is_said_with_digits_that_show_it() -> None:
    picture = PIL.Image.new("1", (7072, 7071))
    assert picture.width * picture.height == MAX_PIXELS + 6112
    for given in (picture, np.asarray(picture.convert("L"))):
        with pytest.raises(ImageError, match=r"7072×7071 = 50\.01 megapixels; at most 50 megapixels are allowed"):
            load_image(given)
