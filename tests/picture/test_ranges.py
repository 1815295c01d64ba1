"""Which numbers are black and which are white: found, said where it is a guess, and changed when asked for."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odd_files import encode, png, png_chunk, rare_tiff, scene, tiff
from scipy.ndimage import zoom

import lime_core as lc
from lime_core.picture.image import Image, load_image

TWELVE = scene().astype(np.uint16) * 16  # up to 4064
EXPECTED = np.rint(TWELVE * (255 / 4095)).astype(np.uint8)
OPAQUE = np.full((*TWELVE.shape[:2], 1), 4095, np.uint16)


def grey(values: np.ndarray) -> np.ndarray:
    return np.stack([values] * 3, axis=-1)


def deep_png(values: np.ndarray, color: int, extra: bytes = b"") -> bytes:
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(width, height, rows, depth=16, color=color, extra=extra)


def packed_twelve_bits(values: np.ndarray) -> bytes:
    """A TIFF with samples of 12 bits, two in three bytes."""
    pairs = values.reshape(-1, 2).astype(np.uint32)
    joined = pairs[:, 0] << 12 | pairs[:, 1]
    samples = b"".join(struct.pack(">I", number)[1:] for number in joined)
    return tiff(values.shape[1], values.shape[0], samples, bits=(12,))


RGB = {"photometric": "rgb"}
TWELVE_BITS: dict[str, tuple[Any, bool]] = {
    "array": (TWELVE, True),
    "array with alpha": (np.concatenate([TWELVE, OPAQUE], axis=-1), True),
    "array of int32": (TWELVE.astype(np.int32), True),
    "PNG": (deep_png(TWELVE, 2), True),
    "PNG with alpha": (deep_png(np.concatenate([TWELVE, OPAQUE], axis=-1), 6), True),
    "grey PNG": (deep_png(TWELVE[..., 0], 0), False),
    "grey PNG with alpha": (deep_png(np.concatenate([TWELVE[..., :1], OPAQUE], axis=-1), 4), False),
    "TIFF": (rare_tiff(TWELVE, **RGB), True),
    "big-endian TIFF": (rare_tiff(TWELVE, byteorder=">", **RGB), True),
    "deflated TIFF": (rare_tiff(TWELVE, compression="zlib", **RGB), True),
    "tiled TIFF": (rare_tiff(TWELVE, tile=(16, 16), **RGB), True),
    "planar TIFF": (rare_tiff(TWELVE.transpose(2, 0, 1), planarconfig="separate", **RGB), True),
    "grey TIFF": (rare_tiff(TWELVE[..., 0]), False),
    "grey TIFF of 32 bits": (rare_tiff(TWELVE[..., 0].astype(np.uint32)), False),
    "Pillow image": (PIL.Image.fromarray(TWELVE[..., 0]), False),
}


@pytest.mark.parametrize("case", TWELVE_BITS)
def test_twelve_bits_in_sixteen_are_read_as_twelve_and_it_is_said(case: str) -> None:
    source, colored = TWELVE_BITS[case]
    image = load_image(source)
    assert np.array_equal(image.pixels, EXPECTED if colored else grey(EXPECTED[..., 0]))
    assert image.ranges == ((0, 4095), (0, 65535))
    (note,) = image.notes
    assert "read as 12-bit: 4095 is white" in note
    assert "such as 0 to 65535, set the value range" in note
    other = load_image(source, value_range=image.ranges[1])
    assert np.array_equal(other.pixels[..., 0], np.rint(TWELVE[..., 0] / 257))
    assert other.ranges[0] == (0, 65535)


def test_a_compressed_tiff_of_sixteen_bits_has_all_of_them() -> None:
    """Pillow cannot write one; what it wrote as bytes is declared to be half as many numbers of twice the size."""
    values = np.arange(40 * 30 * 3).reshape(40, 30, 3).astype(np.uint16) * 17
    parts = np.ascontiguousarray(values).view(np.uint8).reshape(40, 60, 3)
    buffer = io.BytesIO()
    PIL.Image.fromarray(parts).save(buffer, "TIFF", compression="tiff_lzw")
    data = bytearray(buffer.getvalue())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, _ = struct.unpack_from("<HHI", data, entry)
        if tag == 256:
            struct.pack_into("<H" if kind == 3 else "<I", data, entry + 8, 30)
        if tag == 258:
            (bits,) = struct.unpack_from("<I", data, entry + 8)
            struct.pack_into("<3H", data, bits, 16, 16, 16)
    assert np.array_equal(load_image(bytes(data)).pixels, np.rint(values / 257))


@pytest.mark.parametrize(
    ("values", "white"),
    [
        ([0, 200], 255),
        ([0, 900], 1023),
        ([0, 3000], 4095),
        ([0, 16000], 16383),
        ([0, 16384], 65535),
        ([0, 65535], 65535),
    ],
)
def test_sixteen_bits_are_the_fewest_that_hold_all_values(values: list[int], white: int) -> None:
    image = load_image(np.array([values], np.uint16))
    assert image.pixels[0, 1, 0] == round(values[1] / white * 255)
    assert image.ranges[0] == (0, white)
    assert bool(image.notes) == (white < 65535)


def test_samples_of_twelve_bits_are_beyond_doubt() -> None:
    values = np.array([[0, 100, 2000, 3000]], np.uint16)
    image = load_image(packed_twelve_bits(values))
    assert image.pixels[0, :, 0].tolist() == np.rint(values[0] * (255 / 4095)).tolist()
    assert image.notes == ()


DECLARED = [
    ("HighestValue of floats", np.array([[0, 5000.0]], np.float32), {340: 0.0, 341: 10000.0}, (0, 10000)),
    ("of floats below zero", np.array([[-0.5, 0.5]], np.float32), {340: -1.0, 341: 1.0}, (-1, 1)),
    ("of whole numbers", np.array([[0, 2000]], np.uint16), {281: 10000}, (0, 10000)),
    ("which are the extremes of the values", np.array([[0, 2000]], np.uint16), {280: 0, 281: 2000}, (0, 4095)),
    ("which are bits", np.array([[0, 4095]], np.uint16), {281: 4095}, (0, 4095)),
    ("which values exceed", np.array([[0, 2000]], np.uint16), {281: 1000}, (0, 4095)),
    ("which would be black", np.array([[0, 2000]], np.uint16), {281: 65535}, (0, 4095)),
]


@pytest.mark.parametrize(("case", "values", "tags", "expected"), DECLARED, ids=[case[0] for case in DECLARED])
def test_a_tiffs_own_range_counts_where_it_is_one(
    case: str, values: np.ndarray, tags: dict[int, float], expected: tuple[float, float]
) -> None:
    code = "f" if values.dtype.kind == "f" else "H"
    extra = [(tag, code, 1, value, True) for tag, value in tags.items()]
    image = load_image(rare_tiff(values, extratags=extra))
    assert image.ranges[0] == expected
    black, white = expected
    shown = np.rint((values[0].astype(float) - black) / (white - black) * 255)
    assert image.pixels[0, :, 0].tolist() == shown.tolist()
    assert image.notes


def test_the_significant_bits_of_a_png_count() -> None:
    values = np.array([[0, 1000]], np.uint16)  # would be 10 bits
    image = load_image(deep_png(values, 0, png_chunk(b"sBIT", b"\x0c")))
    assert image.ranges[0] == (0, 4095)
    assert image.pixels[0, 1, 0] == round(1000 / 4095 * 255)
    assert "The file says that its values lie in 0..4095" in image.notes[0]
    # As the standard wants it: scaled to all 16 bits.
    assert load_image(deep_png(values * 65, 0, png_chunk(b"sBIT", b"\x0c"))).pixels[0, 1, 0] == round(65000 / 257)
    assert load_image(deep_png(values, 0, png_chunk(b"sBIT", b"\xff"))).ranges[0] == (0, 1023)


def test_a_float_picture_that_was_zoomed_is_not_black() -> None:
    original = (scene()[..., 0] > 100).astype(float)
    for top in (1, 255):
        zoomed = zoom(original * top, 2, order=3)
        assert zoomed.min() < -0.4 * top
        for source in (zoomed, zoomed.astype(np.float32), rare_tiff(zoomed), rare_tiff(zoomed.astype(np.float32))):
            image = load_image(source)
            np.testing.assert_allclose(image.pixels[..., 0], (zoomed / top).clip(0, 1) * 255, atol=0.51)
            assert image.ranges[0] == (0, top)
            assert "were clipped" in image.notes[0]
            assert "set the value range" in image.notes[0]


def test_floats_above_one_and_far_below_255_are_not_taken_for_bytes() -> None:
    image = load_image(np.array([[0.0, 1.5, 3.0]]))
    assert image.pixels[0, :, 0].tolist() == [0, 128, 255]
    assert image.ranges == ((0, 3), (0, 255), (0, 1))
    assert "neither 0..1 nor 0..255; the largest was taken as white" in image.notes[0]


@pytest.mark.parametrize(
    "source",
    [
        scene() // 32,
        encode(scene() // 32, "PNG"),
        PIL.Image.fromarray(scene() // 32),
        scene() / 255 / 32,
        scene().astype(np.int64) // 32,
    ],
    ids=["bytes", "PNG", "Pillow image", "floats", "int64"],
)
def test_a_picture_that_is_almost_black_is_not_without_a_word(source: Any) -> None:
    image = load_image(source)
    assert image.pixels.max() < 16
    assert "almost black: its brightest value is " in image.notes[-1]
    assert load_image(source, value_range=image.ranges[1]).pixels.max() == 255


def test_a_black_picture_is_called_black() -> None:
    for source in (np.zeros((4, 5), np.uint8), np.zeros((4, 5)), np.zeros((4, 5), np.uint16)):
        image = load_image(source)
        assert image.notes == ("The picture is black everywhere.",)
        assert len(image.ranges) == 1


def test_an_ordinary_picture_has_no_notes() -> None:
    for source in (scene(), encode(scene(), "PNG"), encode(scene(), "JPEG"), encode(scene(), "HEIC")):
        assert load_image(source).notes == ()
        assert load_image(source).ranges == ()


@pytest.mark.parametrize(
    "source",
    [
        scene(),
        encode(scene(), "PNG"),
        PIL.Image.fromarray(scene()),
        scene().astype(np.uint16),
        scene().astype(float),
        rare_tiff(scene().astype(float), photometric="rgb"),
    ],
    ids=["bytes", "PNG", "Pillow image", "uint16", "floats", "TIFF"],
)
def test_a_value_range_of_ones_own_is_applied_to_every_kind(source: Any) -> None:
    image = load_image(source, value_range=(50, 150))
    assert np.array_equal(image.pixels, np.rint((scene() - 50.0) * 255 / 100).clip(0, 255))
    outside = np.mean((scene() < 50) | (scene() > 150))
    assert image.notes == (f"{100 * outside:.2g} % of its values lie outside the value range 50..150; clipped.",)
    assert image.ranges == ((50, 150),)


@pytest.mark.parametrize(
    "wrong", [(1, 1), (2, 1), (0,), (0, 1, 2), (0, float("nan")), (0, float("inf")), "01", 5, ("a", "b"), (0, 1j)]
)
def test_what_is_no_value_range_is_refused(wrong: Any) -> None:
    with pytest.raises(lc.ImageError, match=r"value_range must be two numbers, .* such as \(0, 4095\); got"):
        load_image(scene(), value_range=wrong)


def test_what_fits_no_range_is_refused_with_the_way_out() -> None:
    with pytest.raises(lc.ImageError, match=r"give the value range, such as -1 to 1\.$"):
        load_image(np.array([[-1.0, 1.0]]))
    for values in ([-0.5, 0.1, 0.2, 0.5], [-2.1, 0.0, 1.0, 2.6], [-120.0, 0.0, 3.0, 150.0]):  # as networks are given
        with pytest.raises(lc.ImageError, match="give the value range"):
            load_image(np.array([values]))
    assert load_image(np.array([[-1.0, 0, 1.0]]), value_range=(-1, 1)).pixels[0, :, 0].tolist() == [0, 128, 255]


@settings(max_examples=200, deadline=None)
@given(
    arrays(
        st.sampled_from([np.uint8, np.uint16, np.int16, np.int32, np.int64, np.uint32, np.float32, np.float64]),
        st.tuples(st.integers(1, 5), st.integers(2, 5)),
    )
)
def test_no_array_becomes_black_without_a_word(values: np.ndarray) -> None:
    try:
        image = load_image(values)
    except lc.ImageError:
        return
    assert image.pixels.max() > 15 or image.notes


def test_transparency_is_read_in_its_own_range() -> None:
    clear = np.zeros((4, 5, 4))
    clear[..., :3] = 200.0
    clear[:, 2:, 3] = 1.0
    assert load_image(clear).pixels[0, :, 0].tolist() == [255, 255, 200, 200, 200]
    key = struct.pack(">3H", 4000, 16, 0)
    values = np.array([[[4000, 16, 0], [4001, 16, 0]]], np.uint16)
    image = load_image(deep_png(values, 2, png_chunk(b"tRNS", key)))
    assert image.pixels[0].tolist() == [[255] * 3, [249, 1, 0]]
    image = load_image(deep_png(values[..., 0], 0, png_chunk(b"tRNS", key[:2])))
    assert image.pixels[0, :, 0].tolist() == [255, 249]


def test_notes_stay_with_the_picture_and_reach_the_result(tmp_path: Any) -> None:
    image = load_image(TWELVE)
    assert image.center_crop().notes == image.notes
    assert load_image(image).notes == image.notes
    assert image == Image(image.pixels)  # notes do not make another picture of it
    classifier = lc.CallableClassifier(lambda images: images.mean(axis=(1, 2)) / 256, 32, ["r", "g", "b"])
    spec = lc.ExplainSpec(samples=60, segmentation=lc.Grid(rows=2, columns=3))
    answers = lc.query(TWELVE, classifier, spec)
    assert answers.notes == image.notes
    assert lc.query(TWELVE, classifier, spec, known=answers).notes == image.notes
    for explained in (lc.fit(answers), lc.attribute(TWELVE, classifier, method="leave_one_out", spec=spec)):
        assert set(image.notes) <= set(explained.notes)
        assert set(image.notes) <= set(type(explained).from_json(explained.to_json()).notes)
