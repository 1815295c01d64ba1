import numpy as np
import pytest
from PIL import Image

from lime_core.errors import ModelError
from lime_core.models.networks.preprocessing import Preprocessing, preprocess
from lime_core.models.servers.tensors import PictureInput, TensorInfo, as_outputs, read_input


def described(shape, datatype="FP32"):
    return [TensorInfo("x", datatype, tuple(shape))]


@pytest.mark.parametrize(
    ("shape", "layout", "size", "channels"),
    [
        ((-1, 224, 200, 3), "NHWC", (224, 200), 3),
        ((-1, 3, 224, 200), "NCHW", (224, 200), 3),
        ((1, 28, 28, 1), "NHWC", (28, 28), 1),
        ((0, 1, 28, 30), "NCHW", (28, 30), 1),
    ],
)
def test_layout_size_and_channels_are_read_from_the_shape(shape, layout, size, channels):
    found = read_input(described(shape))
    assert (found.layout, found.size, found.channels, found.single) == (layout, size, channels, shape[0] == 1)


@pytest.mark.parametrize(
    ("shape", "layout", "expected"),
    [
        ((-1, -1, -1, 3), None, ("NHWC", 3)),
        ((-1, 1, -1, -1), None, ("NCHW", 1)),
        ((-1, -1, -1, -1), "NCHW", ("NCHW", 3)),
        ((-1, -1, -1, -1), "NHWC", ("NHWC", 3)),
    ],
)
def test_an_open_size_is_asked_for(shape, layout, expected):
    with pytest.raises(ModelError, match=r"input_size=\(height, width\)"):
        read_input(described(shape), layout=layout)
    found = read_input(described(shape), (20, 30), layout)
    assert (found.layout, found.channels) == expected
    assert found.size == (20, 30)
    assert read_input(described(shape), 20, layout).size == (20, 20)


def test_a_size_that_the_server_fixes_otherwise_is_refused():
    with pytest.raises(ModelError, match=r"height and width \(224, 200\)"):
        read_input(described((-1, 3, 224, 200)), (200, 224))
    assert read_input(described((-1, 3, 224, -1)), (224, 10)).size == (224, 10)


@pytest.mark.parametrize("shape", [(-1, 3, 224, 3), (-1, -1, -1, -1), (-1, 1, 9, 1), (-1, 3, 3, 3), (-1, -1, 5, 7)])
def test_a_shape_that_can_be_read_both_ways_is_asked_about(shape):
    with pytest.raises(ModelError, match=r"layout='NHWC'"):
        read_input(described(shape), 8)


def test_the_layout_of_an_ambiguous_shape_can_be_said():
    assert read_input(described((-1, 3, 224, 3)), layout="NHWC").size == (3, 224)
    assert read_input(described((-1, 3, 224, 3)), layout="NCHW").size == (224, 3)
    with pytest.raises(ModelError, match="NHWC or NCHW"):
        read_input(described((-1, 3, 224, 3)), layout="HWCN")
    with pytest.raises(ModelError, match="not NHWC"):
        read_input(described((-1, 3, 224, 224)), layout="NHWC")


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ([], "does not describe"),
        (described((-1, 8, 8, 3)) * 2, "one input"),
        (described((-1, 8, 8, 3), "BYTES"), "UINT8, FP16, FP32"),
        (described((-1, 8, 8, 3), "INT8"), "UINT8, FP16, FP32"),
        (described((8, 8, 3)), "four axes"),
        (described((8, 8, 8, 3)), "exactly 8 pictures"),
        (described((-1, 8, 8, 4)), "1 or 3 channels"),
        (described((-1, 8, 8, 2)), "1 or 3 channels"),
    ],
)
def test_other_inputs_are_refused_in_words(inputs, words):
    with pytest.raises(ModelError, match=words):
        read_input(inputs)


IMAGES = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), np.uint8)


@pytest.mark.parametrize("name", ["none", "tf", "caffe", "torch"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_pictures_are_preprocessed_and_laid_out(name, layout):
    tensor = PictureInput("x", "FP32", layout, (5, 4), 3, single=False).pack(Preprocessing.parse(name)(IMAGES))
    expected = preprocess(IMAGES, name)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    np.testing.assert_array_equal(tensor, expected if layout == "NHWC" else np.moveaxis(expected, -1, 1))


def test_half_precision_is_rounded_once():
    tensor = PictureInput("x", "FP16", "NHWC", (5, 4), 3, single=False).pack(Preprocessing.parse("tf")(IMAGES))
    np.testing.assert_array_equal(tensor, preprocess(IMAGES, "tf").astype(np.float16))


def test_bytes_are_sent_as_they_are_and_not_scaled():
    bytes_input = PictureInput("x", "UINT8", "NHWC", (5, 4), 3, single=False)
    np.testing.assert_array_equal(bytes_input.pack(Preprocessing.parse("none")(IMAGES)), IMAGES)
    for name in ("tf", "caffe", "torch"):
        with pytest.raises(ModelError, match=r"UINT8.*leave the preprocessing out"):
            bytes_input.pack(Preprocessing.parse(name)(IMAGES))


def test_grey_is_that_of_pillow():
    grey = PictureInput("x", "UINT8", "NHWC", (5, 4), 1, single=False).pack(Preprocessing.parse("none")(IMAGES, 1))
    expected = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in IMAGES])
    np.testing.assert_array_equal(grey, expected[..., np.newaxis])
    scaled = PictureInput("x", "FP32", "NCHW", (5, 4), 1, single=False).pack(Preprocessing.parse("tf")(IMAGES, 1))
    np.testing.assert_allclose(scaled, expected[:, np.newaxis] / 127.5 - 1, atol=1e-6)
    with pytest.raises(ModelError, match="three colours"):
        PictureInput("x", "FP32", "NHWC", (5, 4), 1, single=False).pack(Preprocessing.parse("torch")(IMAGES, 1))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1.0, 2.0], [3.0]], "different lengths"),
        ([[1.0, None], [2.0, 3.0]], "other than numbers"),
        ([["1", "2"], ["3", "4"]], "other than numbers"),
        ([[True, False], [True, True]], "other than numbers"),
        ([[1.0, float("nan")], [1.0, 2.0]], "not finite"),
        ([[1.0, float("inf")], [1.0, 2.0]], "not finite"),
        ([[1.0, 1e300], [1.0, 2.0]], "not finite"),
        ([[10**400, 1], [1, 2]], "other than numbers"),
        ([[1.0, 2.0]], r"shape \(2, C\)"),
        ([1.0, 2.0], r"shape \(2, C\)"),
        ([[], []], r"shape \(2, C\)|other than"),
        (3.0, r"shape \(2, C\)"),
    ],
)
def test_outputs_that_are_no_rows_of_finite_numbers_are_refused(values, words):
    with pytest.raises(ModelError, match=words):
        as_outputs(values, 2)


def test_outputs_become_float32():
    outputs = as_outputs([[1, 2], [3, 4]], 2)
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs, [[1, 2], [3, 4]])
