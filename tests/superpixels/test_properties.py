"""What holds of every label map, tried on maps that nobody thought of."""

from __future__ import annotations

import io
import json

import hypothesis.extra.numpy as arrays
import numpy as np
import PIL.Image
from hypothesis import assume, given
from hypothesis import strategies as st

import lime_core as lc
from lime_core.superpixels import carry_labels
from lime_core.superpixels.carrying import without_gaps

SIDES = st.integers(1, 12)
VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.sampled_from([0, 2**31, -(2**31) - 1, 2**62])
)
MAPS = arrays.arrays(np.int64, st.tuples(SIDES, SIDES), elements=VALUES)


@given(MAPS)
def test_labels_without_gaps_are_a_numbering_of_the_same_parts(values):
    labels = without_gaps(values)
    assert labels.dtype == np.int32
    assert np.array_equal(np.unique(labels), np.arange(len(np.unique(values))))
    pairs = set(zip(values.ravel().tolist(), labels.ravel().tolist(), strict=True))
    assert len(pairs) == len({value for value, _ in pairs}) == len({label for _, label in pairs})
    assert [label for _, label in sorted(pairs)] == list(range(len(pairs)))  # in rising order
    assert np.array_equal(without_gaps(labels), labels)


@given(MAPS)
def test_a_label_map_gives_back_the_values_it_was_made_of(values):
    label_map = lc.LabelMap(values)
    assert np.array_equal(label_map.ids[label_map.labels], values)
    assert label_map.superpixel_ids(len(label_map.ids)).tolist() == sorted(set(values.ravel().tolist()))


@given(MAPS)
def test_a_label_map_survives_json(values):
    label_map = lc.LabelMap(values)
    spec = lc.ExplainSpec(segmentation=label_map)
    again = lc.ExplainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))).segmentation
    assert again == label_map
    assert hash(again) == hash(label_map)
    assert np.array_equal(again.ids[again.labels], values)


@given(MAPS, st.integers(1, 20), st.integers(1, 20))
def test_carrying_to_another_size_loses_no_superpixel(values, height, width):
    labels = without_gaps(values)
    assume(labels.max() < height * width)
    before = labels.copy()
    carried = carry_labels(labels, (height, width))
    assert carried.shape == (height, width)
    assert carried.dtype == np.int32
    assert np.array_equal(np.unique(carried), np.unique(labels))
    assert np.array_equal(labels, before)


@given(MAPS, st.integers(1, 3), st.integers(1, 3))
def test_carrying_to_a_whole_multiple_repeats_every_pixel(values, down, across):
    labels = without_gaps(values)
    carried = carry_labels(labels, (labels.shape[0] * down, labels.shape[1] * across))
    assert np.array_equal(carried, labels.repeat(down, axis=0).repeat(across, axis=1))


@given(arrays.arrays(np.uint8, st.tuples(SIDES, SIDES, st.sampled_from([3, 4]))))
def test_a_png_is_cut_along_its_colours(pixels):
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    label_map = lc.LabelMap.load(file.getvalue())
    colours = np.unique(pixels.reshape(-1, pixels.shape[2]), axis=0)
    assert len(label_map.ids) == len(colours)
    opaque = pixels.shape[2] == 3 or len(np.unique(pixels[..., 3])) == 1
    if opaque:
        red, green, blue = np.moveaxis(pixels.astype(int), 2, 0)[:3]
        assert np.array_equal(label_map.ids[label_map.labels], red + 256 * green + 65536 * blue)
