"""What phones and their programs write: HEIC and AVIF, and names that say something else than the contents."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageFile
import pillow_heif
import pytest
from odd_files import encode, frames, orientation, scene
from skimage.data import chelsea

from lime_core.errors import ImageError
from lime_core.picture.image import Image, load_image

CAT = chelsea()[:240, :360]


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_what_was_written_is_read(kind: str) -> None:
    image = load_image(encode(CAT, kind, quality=95))
    assert image.pixels.shape == CAT.shape
    assert np.abs(image.pixels.astype(int) - CAT).mean() < 3
    other = pillow_heif.open_heif(encode(CAT, kind, quality=95)) if kind == "HEIC" else None
    if other is not None:
        assert np.array_equal(image.pixels, np.asarray(other.to_pillow()))


def test_lossless_heic_is_exact() -> None:
    grey = np.stack([CAT[..., 0]] * 3, axis=-1)
    pixels = load_image(encode(grey, "HEIC", quality=-1, chroma=444)).pixels
    assert np.abs(pixels.astype(int) - grey).max() <= 1


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
@pytest.mark.parametrize("way", range(1, 9))
def test_they_are_turned_upright_once(kind: str, way: int) -> None:
    stored = encode(CAT, kind, quality=95, exif=orientation(way))
    upright = load_image(encode(CAT, "PNG", exif=orientation(way)))
    image = load_image(stored)
    assert image.pixels.shape == upright.pixels.shape
    assert np.abs(image.pixels.astype(int) - upright.pixels).mean() < 3


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_what_is_transparent_is_white(kind: str) -> None:
    clear = np.dstack([CAT, np.zeros(CAT.shape[:2], np.uint8)])
    clear[:, :180, 3] = 255
    pixels = load_image(encode(clear, kind, quality=95)).pixels
    assert (pixels[:, 200:] == 255).all()
    assert np.abs(pixels[:, :160].astype(int) - CAT[:, :160]).mean() < 3


def test_ten_bits_end_at_white() -> None:
    bright = np.full((64, 64, 3), 65535, np.uint16)
    bright[:32] = 0
    file = pillow_heif.from_bytes(mode="RGB;16", size=(64, 64), data=bright.tobytes())
    buffer = io.BytesIO()
    file.save(buffer, quality=90)
    image = load_image(buffer.getvalue())
    assert image.pixels[60].min() >= 253
    assert image.pixels[4].max() <= 2
    assert image.notes == ()


def test_the_main_picture_of_several_is_shown() -> None:
    file = pillow_heif.HeifFile()
    for pixels in (255 - CAT, CAT):
        file.add_from_pillow(PIL.Image.fromarray(pixels))
    buffer = io.BytesIO()
    file.save(buffer, primary_index=1, quality=95)
    assert np.abs(load_image(buffer.getvalue()).pixels.astype(int) - CAT).mean() < 3


def test_a_thumbnail_of_another_picture_is_not_what_is_explained() -> None:
    file = pillow_heif.from_pillow(PIL.Image.fromarray(np.repeat(np.repeat(CAT, 8, axis=0), 8, axis=1)))
    buffer = io.BytesIO()
    file.save(buffer, quality=50, thumbnails=[1400])
    image = load_image(buffer.getvalue())
    expected = load_image(np.asarray(pillow_heif.open_heif(buffer.getvalue(), thumbnails=False).to_pillow()))
    assert image == expected


def claiming(data: bytes, width: int, height: int) -> bytes:
    """A HEIC or AVIF file whose header says another size."""
    changed = bytearray(data)
    start = 0
    while (start := changed.find(b"ispe", start)) >= 0:
        struct.pack_into(">II", changed, start + 8, width, height)
        start += 4
    return bytes(changed)


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_a_size_that_is_a_bomb_is_refused(kind: str) -> None:
    with pytest.raises(ImageError, match=r"10000×10000 = 100 megapixels; at most 50"):
        load_image(claiming(encode(CAT, kind), 10_000, 10_000))
    with pytest.raises(ImageError):
        load_image(claiming(encode(CAT, kind), 2**31 - 1, 2**31 - 1))


def test_a_size_that_is_not_that_of_the_picture_does_not_break_the_bounds() -> None:
    for size in ((2, 2), (100, 5000), (6000, 6000)):
        for kind in ("HEIC", "AVIF"):
            try:
                image = load_image(claiming(encode(CAT, kind), *size))
            except ImageError:
                continue
            assert max(image.pixels.shape) <= 640


def test_a_heic_that_lacks_its_end_is_refused_even_if_someone_told_pillow_to_accept_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PIL.ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encode(CAT, "HEIC")
    with pytest.raises(ImageError, match="is a HEIC file, but it is damaged or incomplete"):
        load_image(data[:-500])


@pytest.mark.parametrize("name", ["photo.jfif", "photo.mpo", "photo", "photo.heic", "photo.txt", ".hidden"])
def test_the_contents_decide_not_the_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(encode(scene(), "PNG"))
    assert load_image(path) == Image(scene())


def test_a_multi_picture_jpeg_is_its_first_picture() -> None:
    first = encode(PIL.Image.fromarray(scene()), "JPEG")
    assert load_image(frames("MPO")) == load_image(first)
