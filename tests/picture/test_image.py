"""Pictures as they are loaded, bounded and kept."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from odd_files import (
    HEIGHT,
    REFUSED,
    WIDTH,
    encode,
    scene,
)

from lime_core.errors import ImageError
from lime_core.picture.image import Image, load_image
from lime_core.picture.limits import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((900, 1200), (480, 640)), ((1200, 900), (640, 480)), ((5000, 1), (640, 1)), ((640, 20), (640, 20))],
)
def test_a_large_picture_keeps_its_aspect_within_640_pixels(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    for kind in ("PNG", "JPEG"):
        assert load_image(encode(scene(*shape), kind)).pixels.shape == (*expected, 3)


def test_scaling_down_keeps_the_mean_colour() -> None:
    for kind in ("PNG", "JPEG"):
        picture = scene(750, 1000)
        small = load_image(encode(picture, kind)).pixels
        np.testing.assert_allclose(small.mean(axis=(0, 1)), picture.mean(axis=(0, 1)), atol=1.5)


def test_another_longest_side_can_be_asked_for() -> None:
    assert load_image(encode(scene(300, 200), "PNG"), max_side=150).pixels.shape == (150, 100, 3)
    for wrong in (1, 0, -5, 2.5, True, "640"):
        with pytest.raises(ImageError, match="max_side must be a whole number of pixels, at least 2"):
            load_image(encode(scene(), "PNG"), max_side=wrong)  # type: ignore[arg-type]


def test_a_path_and_its_bytes_are_the_same_picture(tmp_path: Path) -> None:
    data = encode(scene(), "PNG")
    path = tmp_path / "ünï cödé.dat"
    path.write_bytes(data)
    first, second, third = load_image(path), load_image(str(path)), load_image(data)
    assert first == second == third
    assert len({first, second, third}) == 1
    assert first.sha256 == "904f5bf7028375c1bd6350f58a46baaa4249bb7c12a25a6fe444292571c53452"


def test_paths_that_are_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png does not exist"):
        load_image(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match="is not a file"):
        load_image(tmp_path)
    for wrong in (None, 3, [[1, 2]], {"a": 1}):
        with pytest.raises(ImageError, match=f"an array .* or a Pillow image; got {type(wrong).__name__}"):
            load_image(wrong)  # type: ignore[arg-type]
    with pytest.raises(ImageError, match=r"does not exist|cannot be read"):
        load_image("a\0b.png")


def test_a_file_above_20_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(500 * 2**30)
    with pytest.raises(ImageError, match=r"huge\.png is 512000\.0 MB; at most 20 MB are allowed"):
        load_image(path)
    with pytest.raises(ImageError, match=r"The picture is 20\.000001 MB; at most 20 MB"):
        load_image(bytes(MAX_BYTES + 1))


def test_messages_say_what_was_given_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "cat.mp4"
    path.write_bytes(REFUSED["video"]())
    with pytest.raises(ImageError, match=r"cat\.mp4 .* it is a video\. Allowed are .*AVIF, HEIC: convert it"):
        load_image(path)
    with pytest.raises(ImageError, match=r"60000×60000 = 3600 megapixels; at most 50 megapixels are allowed"):
        load_image(REFUSED["PNG bomb by claim"]())
    with pytest.raises(ImageError, match="is a PNG file, but it is damaged or incomplete"):
        load_image(REFUSED["PNG with a wrong sum"]())
    with pytest.raises(ImageError, match="nothing to cut into superpixels"):
        load_image(REFUSED["one pixel PNG"]())


def test_an_image_is_a_read_only_copy() -> None:
    pixels = scene()
    image = Image(pixels)
    pixels[:] = 0
    assert np.array_equal(image.pixels, scene())
    assert pixels.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        image.pixels[0, 0] = 1


def test_images_are_equal_when_their_pixels_are() -> None:
    image = Image(scene())
    assert image == Image(np.asfortranarray(scene())) == pickle.loads(pickle.dumps(image))  # noqa: S301
    assert image != Image(scene()[:, ::-1])
    assert Image(np.zeros((2, 8, 3), np.uint8)) != Image(np.zeros((8, 2, 3), np.uint8))
    assert image != "a picture"
    assert (image.height, image.width) == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    "wrong",
    [
        scene().astype(np.float32),
        scene()[..., 0],
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        [[1, 2, 3]],
        None,
    ],
)
def test_only_rgb_bytes_make_an_image(wrong: Any) -> None:
    with pytest.raises(ImageError):
        Image(wrong)


def test_the_centre_crop_is_the_largest_centred_square() -> None:
    crop = Image(scene()).center_crop()
    assert np.array_equal(crop.pixels, scene()[:, 8:45])
    assert np.array_equal(Image(scene(9, 4)).center_crop().pixels, scene(9, 4)[2:6])
    with pytest.raises(ImageError, match="at least two pixels"):
        Image(scene(9, 1)).center_crop()
