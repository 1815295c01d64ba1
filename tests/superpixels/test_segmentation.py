from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from known_answers import colorful_image
from skimage import data

import lime_core as lc
from lime_core.superpixels import SEGMENTATIONS, carry_labels, resize_pixels, segment

METHODS = [
    lc.Slic(n_segments=30),
    lc.Quickshift(max_dist=30),
    lc.Felzenszwalb(scale=50, min_size=60),
    lc.Watershed(markers=30),
    lc.Grid(rows=3, columns=5),
    lc.LabelMap(np.add.outer(np.arange(151) // 40, 10 * (np.arange(201) // 50))),
]


@pytest.fixture(scope="module")
def photo():
    return np.asarray(PIL.Image.fromarray(data.chelsea()).resize((201, 151)))


def test_every_registered_method_is_tested():
    assert {method.name for method in METHODS} == set(SEGMENTATIONS)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@pytest.mark.parametrize("resolution", ["viewing", "model"])
def test_every_method_gives_dense_int32_labels_and_leaves_the_picture_alone(method, resolution, photo):
    before = photo.copy()
    labels = segment(photo, method, resolution=resolution, input_size=(97, 103))
    assert labels.dtype == np.int32
    assert labels.shape == photo.shape[:2]
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    assert 2 <= labels.max() + 1 <= 1023
    assert np.array_equal(photo, before)
    assert np.array_equal(labels, segment(photo, method, resolution=resolution, input_size=(97, 103)))


@pytest.mark.parametrize(
    ("method", "advice"),
    [
        (lc.Grid(rows=1, columns=1), "raise rows or columns"),
        (lc.Grid(rows=33, columns=32), "lower rows or columns"),
        (lc.Quickshift(kernel_size=1, max_dist=1), "raise max_dist or kernel_size"),
        (lc.Felzenszwalb(scale=10_000, min_size=100_000), "lower scale or min_size"),
        (lc.LabelMap(np.zeros((151, 201), int)), "more labels"),
    ],
)
def test_too_few_or_too_many_superpixels_name_the_parameter_to_change(method, advice, photo):
    with pytest.raises(lc.SpecError, match=advice):
        segment(photo, method)


@pytest.mark.parametrize(
    "build",
    [
        lambda: lc.Slic(n_segments=1),
        lambda: lc.Slic(n_segments=2000),
        lambda: lc.Slic(n_segments=20.5),
        lambda: lc.Slic(compactness=float("nan")),
        lambda: lc.Quickshift(ratio=1.5),
        lambda: lc.Felzenszwalb(min_size=0),
        lambda: lc.Grid(rows=True),
        lambda: lc.LabelMap(np.zeros((3, 3, 3), int)),
        lambda: lc.LabelMap(np.zeros((3, 3))),
        lambda: lc.LabelMap.load(b"not a png"),
    ],
)
def test_parameters_out_of_range_are_refused(build):
    with pytest.raises(lc.SpecError):
        build()


def test_slic_on_one_pixel_wide_picture_works():
    tall = colorful_image(640, 1).pixels
    assert segment(tall, lc.Grid(rows=7, columns=1)).max() == 6
    assert segment(tall, lc.Slic()).max() >= 1


def test_a_png_label_map_keeps_every_grey_level_and_every_colour():
    levels = np.repeat(np.array([[3, 9], [200, 9]], np.uint8), 10, axis=1)
    grey, colored = io.BytesIO(), io.BytesIO()
    PIL.Image.fromarray(levels).save(grey, "PNG")
    PIL.Image.fromarray(np.stack([levels, 255 - levels, levels // 2], axis=2)).save(colored, "PNG")
    for stored in (grey, colored):
        labels = lc.LabelMap.load(stored.getvalue()).labels
        assert len(np.unique(labels)) == 3
        assert np.array_equal(labels == labels[0, 10], levels == 9)


def test_a_label_map_is_stretched_onto_its_picture_but_not_onto_another_shape(photo):
    method = lc.LabelMap(np.arange(12).reshape(3, 4))
    assert segment(photo, method).max() == 11
    with pytest.raises(lc.SpecError, match="proportions"):
        segment(photo[:, :60], method)


@pytest.mark.parametrize("size", [(32, 32), (37, 53), (224, 224)])
def test_no_superpixel_is_lost_on_the_way_to_the_models_size(size):
    random = np.random.default_rng(1)
    labels = np.zeros((427, 640), np.int32)
    for label in range(1, 900):  # single pixels, most of which nearest neighbour misses
        labels[random.integers(427), random.integers(640)] = label
    labels = np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
    carried = carry_labels(labels, size)
    assert carried.shape == size
    assert np.array_equal(np.unique(carried), np.unique(labels))


def test_carried_labels_stay_where_they_were():
    labels = segment(data.chelsea(), lc.Grid(rows=2, columns=2))
    assert np.array_equal(carry_labels(labels, (10, 10)), segment(np.zeros((10, 10, 3), np.uint8), lc.Grid(2, 2)))


def test_more_superpixels_than_model_pixels_is_an_error():
    labels = np.arange(400, dtype=np.int32).reshape(20, 20)
    with pytest.raises(lc.SpecError, match="400 superpixels do not fit"):
        carry_labels(labels, (10, 10))


def test_resizing_to_the_same_size_changes_nothing():
    pixels = colorful_image().pixels
    assert resize_pixels(pixels, pixels.shape[:2]) is pixels
