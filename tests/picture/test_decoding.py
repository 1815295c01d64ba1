"""Picture files: two hundred damaged or odd ones, and those whose pixels are known in advance."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest
from odd_files import (
    FLIPPED,
    FORMATS,
    REFUSED,
    WHOLE,
    encode,
    flipped,
    frames,
    orientation,
    png,
    scene,
    tiff,
)

from lime_core.errors import ImageError
from lime_core.picture.image import Image, load_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def assert_working_picture(image: Image) -> None:
    assert image.pixels.dtype == np.uint8
    assert image.pixels.shape == (image.height, image.width, 3)
    assert image.height * image.width >= 2
    assert max(image.height, image.width) <= 640


def test_there_are_two_hundred_odd_files() -> None:
    assert len(WHOLE) + len(REFUSED) + len(FLIPPED) >= 200


@pytest.mark.parametrize("name", WHOLE)
def test_an_odd_but_whole_file_loads(name: str) -> None:
    assert_working_picture(load_image(WHOLE[name]()))


@pytest.mark.parametrize("name", REFUSED)
def test_a_hopeless_file_is_refused_in_words(name: str) -> None:
    with pytest.raises(ImageError, match=r"^The picture .{20,}\.$"):
        load_image(REFUSED[name]())


@pytest.mark.parametrize(("kind", "seed"), FLIPPED)
def test_a_file_with_flipped_bits_loads_or_is_refused(kind: str, seed: int) -> None:
    data = flipped(kind, seed)
    try:
        image = load_image(data)
    except ImageError as error:
        assert str(error).startswith("The picture ")  # noqa: PT017 - either outcome is right, a crash is not
    else:
        assert_working_picture(image)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_refused_even_if_someone_told_pillow_to_accept_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PIL.ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encode(scene(300, 400), kind)
    with pytest.raises(ImageError, match="damaged or incomplete"):
        load_image(data[: len(data) * 2 // 3])


MAKE_LARGE = """
import sys
import PIL.Image
from odd_files import png
kind, path = sys.argv[1:]
if kind == "16-bit PNG":
    row = bytes([0]) + bytes([208, 18, 64, 153, 32, 55]) * 7000
    open(path, "wb").write(png(7000, 7140, row * 7140, depth=16))
    sys.exit()
picture = PIL.Image.new("RGBA", (7000, 7140), (200, 100, 50, 130))
picture = picture.convert("CMYK") if kind == "JPEG" else picture
picture.save(path, kind, **{"JPEG": {"progressive": True}, "TIFF": {"compression": "tiff_lzw"}}.get(kind, {}))
"""
LOAD_LARGE = """
import sys
from lime_core.picture.image import load_image
print(*load_image(sys.argv[1]).pixels.shape)
# ru_maxrss would count what the process was forked from as well.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is there on Linux only")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "16-bit PNG"])
def test_fifty_megapixels_take_less_than_a_gigabyte(kind: str, tmp_path: Path) -> None:
    path = str(tmp_path / "large")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", MAKE_LARGE, kind, path], check=True, env=environment)
    command = [sys.executable, "-W", "error", "-c", LOAD_LARGE, path]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    *shape, kilobytes = map(int, printed.split())
    assert shape == [640, 627, 3]
    assert kilobytes * 1024 < 1e9


def test_half_transparent_red_on_white_is_pink() -> None:
    red = np.full((2, 3, 4), (255, 0, 0, 128), np.uint8)
    assert np.array_equal(load_image(encode(red, "PNG")).pixels, np.full((2, 3, 3), (255, 127, 127)))


def test_what_is_fully_transparent_is_white_in_every_kind_of_file() -> None:
    clear = PIL.Image.fromarray(np.full((4, 4, 4), (9, 9, 9, 0), np.uint8))
    palette = clear.convert("RGB").quantize(4)
    for data in (
        encode(clear, "PNG"),
        encode(clear, "WEBP", lossless=True),
        encode(clear, "TIFF"),
        encode(clear.convert("LA"), "PNG"),
        encode(palette, "PNG", transparency=palette.getpixel((0, 0))),
        encode(palette, "PNG", transparency=bytes(256)),
        encode(palette, "GIF", transparency=palette.getpixel((0, 0))),
        encode(clear.convert("RGB"), "PNG", transparency=(9, 9, 9)),
        encode(clear.convert("L"), "PNG", transparency=9),
    ):
        assert (load_image(data).pixels == 255).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 257, 65535]], np.uint16), [0, 1, 255]),
        (np.array([[0, 128, 255]], np.int32), [0, 128, 255]),
        (np.array([[0, 256, 65535]], np.int32), [0, 1, 255]),
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 1.5, 255]], np.float32), [0, 2, 255]),
        (np.array([[-1e-7, 0.2, 1.0000001]], np.float32), [0, 51, 255]),
    ],
)
def test_numbers_beyond_eight_bits_follow_the_documented_rule(values: np.ndarray, expected: list[int]) -> None:
    assert load_image(encode(values, "TIFF")).pixels.tolist() == [[[value] * 3 for value in expected]]


def test_sixteen_bit_colour_ends_at_white() -> None:
    rows = b"\0" + struct.pack(">6H", 65535, 65535, 65535, 65535, 0, 0)
    assert load_image(png(2, 1, rows, depth=16)).pixels.tolist() == [[[255] * 3, [255, 0, 0]]]
    samples = struct.pack("<6H", 65535, 65535, 65535, 65535, 0, 0)
    assert load_image(tiff(2, 1, samples, bits=(16, 16, 16), photo=2)).pixels.tolist() == [[[255] * 3, [255, 0, 0]]]


def test_out_of_range_numbers_are_named() -> None:
    with pytest.raises(ImageError, match=r"from -3 to 70000; allowed are 0\.\.255 or 0\.\.65535"):
        load_image(encode(np.array([[-3, 70000]], np.int32), "TIFF"))


def test_cmyk_ink_becomes_light() -> None:
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 255, 255, 0], [0, 0, 0, 255]]], np.uint8)
    data = encode(PIL.Image.fromarray(inks, mode="CMYK"), "TIFF")
    assert load_image(data).pixels.tolist() == [[[255, 255, 255], [0, 255, 255], [255, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("value", "upright"),
    [
        (1, lambda stored: stored),
        (2, np.fliplr),
        (3, lambda stored: np.rot90(stored, 2)),
        (4, np.flipud),
        (5, lambda stored: stored.swapaxes(0, 1)),
        (6, lambda stored: np.rot90(stored, -1)),
        (7, lambda stored: np.rot90(stored.swapaxes(0, 1), 2)),
        (8, np.rot90),
        (9, lambda stored: stored),
    ],
)
def test_exif_orientation_is_applied(kind: str, value: int, upright: Callable[[np.ndarray], np.ndarray]) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(scene(), kind, exif=orientation(value), **options)
    assert np.array_equal(load_image(data).pixels, upright(scene()))


def test_the_first_frame_of_an_animation_is_shown() -> None:
    for kind in ("PNG", "TIFF"):
        assert np.array_equal(load_image(frames(kind)).pixels, scene())
