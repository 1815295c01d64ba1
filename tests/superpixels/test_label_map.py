"""Label maps of the user's own keep their owner's numbers."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest

import lime_core as lc
from lime_core.codec import encode_array
from lime_core.show import html_report, numbered, report

VALUES = np.array([[7, 7, 1000], [-3, 7, 1000]])
IDS = [-3, 7, 1000]


def png(array: np.ndarray, mode: str | None = None) -> bytes:
    file = io.BytesIO()
    picture = PIL.Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(file, "PNG")
    return file.getvalue()


def test_a_label_map_remembers_the_values_it_was_made_of():
    label_map = lc.LabelMap(VALUES)
    assert label_map.ids.tolist() == IDS
    assert label_map.ids.dtype == np.int64
    assert label_map.labels.tolist() == [[1, 1, 2], [0, 1, 2]]
    assert np.array_equal(label_map.ids[label_map.labels], VALUES)
    with pytest.raises(ValueError, match="read-only"):
        label_map.ids[0] = 3


def test_the_values_survive_json():
    label_map = lc.LabelMap(VALUES)
    again = lc.LabelMap.from_dict({"labels": json.loads(json.dumps(label_map.to_dict()))["labels"], "ids": IDS})
    assert again == label_map
    spec = lc.ExplainSpec(segmentation=label_map)
    assert lc.ExplainSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_document_of_an_older_version_has_numbers_without_gaps():
    label_map = lc.LabelMap.from_dict({"labels": encode_array(lc.LabelMap(VALUES).labels)})
    assert label_map.ids.tolist() == [0, 1, 2]


@pytest.mark.parametrize("ids", [[1, 2], [1, 2, 3, 4], ["a", "b", "c"], [0.5, 1, 2], 3])
def test_ids_that_do_not_fit_their_labels_are_refused(ids):
    with pytest.raises(lc.SpecError, match="whole numbers, one for each of its labels"):
        lc.LabelMap.from_dict({"labels": encode_array(lc.LabelMap(VALUES).labels), "ids": ids})


def test_maps_of_other_numbers_are_other_maps():
    assert lc.LabelMap(VALUES) == lc.LabelMap(VALUES.astype(np.int16))
    assert lc.LabelMap(VALUES) != lc.LabelMap(VALUES + 1)
    assert hash(lc.LabelMap(VALUES)) == hash(lc.LabelMap(VALUES.copy()))


def test_numbers_beyond_int64_are_refused():
    with pytest.raises(lc.SpecError, match=r"below 2\*\*63; the largest is 18446744073709551615"):
        lc.LabelMap(np.array([[0, 2**64 - 1]], np.uint64))


GREY = np.array([[3, 3, 200], [90, 3, 200]], np.uint8)
COLOURS = np.zeros((2, 3, 3), np.uint8)
COLOURS[0, 0] = 5, 1, 0
COLOURS[1, 2] = 0, 0, 2


@pytest.mark.parametrize(
    ("data", "ids"),
    [
        (png(GREY), [3, 90, 200]),
        (png(GREY, "LA"), [3, 90, 200]),
        (png(GREY.astype(np.uint16) * 100), [300, 9000, 20000]),
        (png(COLOURS), [0, 5 + 256, 2 * 65536]),
        (png(COLOURS, "RGBA"), [0, 5 + 256, 2 * 65536]),
        (png(GREY > 50), [0, 1]),
    ],
    ids=["grey", "opaque grey", "16 bits", "colour", "opaque colour", "black and white"],
)
def test_a_png_gives_its_own_numbers(data, ids, tmp_path):
    (tmp_path / "map.png").write_bytes(data)
    for source in (data, tmp_path / "map.png", str(tmp_path / "map.png"), io.BytesIO(data)):
        assert lc.LabelMap.load(source).ids.tolist() == ids


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"nonsense", "must be a readable PNG file: cannot identify image file the file"),
        (io.BytesIO(b"nonsense"), "must be a readable PNG file: cannot identify image file the file"),
        (io.StringIO("text"), "got a file opened as text"),
        (3, "got int"),
        ("https://example.org/map.png", "https://example.org/map.png is an address, not a file"),
    ],
)
def test_what_is_no_label_map_is_refused_without_addresses_in_memory(source, message):
    with pytest.raises(lc.SpecError, match=message) as refused:
        lc.LabelMap.load(source)
    assert "object at" not in str(refused.value)


ROWS, COLUMNS = np.mgrid[:60, :90]
OWN = 500 + 10 * (ROWS // 30 * 3 + COLUMNS // 30)


@pytest.fixture(params=["lime", "leave_one_out"])
def attribution(request):
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    classifier = lc.CallableClassifier(lambda images: images.mean(axis=(1, 2)) / 256, (60, 90), ["r", "g", "b"])
    return image, lc.attribute(
        image, classifier, method=request.param, spec={"segmentation": lc.LabelMap(OWN), "samples": 100}
    )


def test_a_result_carries_the_owners_numbers(attribution):
    _, result = attribution
    assert result.superpixel_ids.tolist() == [500, 510, 520, 530, 540, 550]
    strongest = result.top_features(result.classes[0].index, 3)
    assert all(0 <= feature < 6 for feature in strongest)
    assert [result.id_of(feature) for feature in strongest] == [500 + 10 * feature for feature in strongest]
    again = type(result).from_json(result.to_json())
    assert again.superpixel_ids.tolist() == result.superpixel_ids.tolist()
    assert json.loads(result.to_json())["superpixel_ids"] == result.superpixel_ids.tolist()
    for wrong in (-1, 6):
        with pytest.raises(lc.SpecError, match=rf"numbered 0\.\.5; got {wrong}"):
            result.id_of(wrong)


def test_people_read_the_owners_numbers_in_notebook_and_report(attribution):
    image, result = attribution
    strongest = result.top_features(result.classes[0].index, 1, "both")[0]
    assert f">{result.id_of(strongest)}</span>" in result._repr_html_()
    text = html_report(lc.Image(image), result)
    assert f"<td>{result.id_of(strongest)}</td>" in text.replace(' class="number"', "")
    assert report._strongest(result, result.classes[0])[0][0] == str(result.id_of(strongest))


def test_without_a_label_map_superpixels_are_called_by_their_numbers():
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    classifier = lc.CallableClassifier(lambda images: images.mean(axis=(1, 2)) / 256, (60, 90))
    result = lc.explain(image, classifier, {"segmentation": lc.Grid(rows=2, columns=3), "samples": 60})
    assert result.superpixel_ids.tolist() == list(range(6))
    assert result.id_of(4) == 4


def test_a_numbered_picture_bears_the_owners_numbers():
    image = lc.Image(np.full((60, 90, 3), 128, np.uint8))
    segments = lc.LabelMap(OWN).labels
    plain, own = numbered(image, segments), numbered(image, segments, lc.LabelMap(OWN).ids)
    assert np.array_equal(numbered(image, segments, range(6)), plain)
    assert not np.array_equal(own, plain)
    with pytest.raises(lc.SpecError, match="each of 6 superpixels; got 5"):
        numbered(image, segments, range(5))


def test_reasons_of_a_verdict_name_a_pair_by_the_owners_numbers():
    def both(images):
        shown = (images[:, ::30, ::30].max(axis=-1) > 0).reshape(len(images), -1)
        together = 0.5 + 0.4 * np.where(shown[:, 0] == shown[:, 5], 1, -1)
        return np.stack([together, 1 - together], axis=1)

    pixels = np.full((60, 90, 3), 200, np.uint8)
    spec = {"segmentation": lc.LabelMap(OWN), "samples": 200, "fill": "black", "target": "probability", "classes": (0,)}
    explanation = lc.explain(pixels, lc.CallableClassifier(both, (60, 90)), spec)
    assert any("superpixels 500 and 550 act together" in reason for reason in explanation.classes[0].trust.reasons)


def quadrants(height: int, width: int) -> np.ndarray:
    """A map of six regions, of which the two at the sides lie outside of the central square."""
    rows, columns = np.mgrid[:height, :width]
    return 100 + 10 * (rows >= height // 2) + np.digitize(columns, [width // 8, width - width // 8])


@pytest.mark.parametrize("size", [(480, 640), (960, 1280), (481, 640), (3000, 4000)])
def test_a_map_of_the_files_size_fits_a_picture_that_was_scaled_down(size):
    label_map = lc.LabelMap(quadrants(*size))
    image = lc.load_image(np.full((*size, 3), 128, np.uint8), max_side=320)
    assert image.pixels.shape[:2] != size
    labels = lc.prepare(image, (32, 32), lc.ExplainSpec(segmentation=label_map)).segments
    assert np.array_equal(label_map.ids[labels][:100, :30], np.full((100, 30), 100))
    assert np.unique(labels).tolist() == list(range(6))


def test_a_long_picture_scaled_down_rounds_its_short_side_and_the_map_fits_all_the_same():
    """10000×100 becomes 640×6, which is 7 % off."""
    values = np.repeat(np.arange(10), 1000)[None].repeat(100, axis=0)
    image = lc.load_image(values.astype(np.uint8) * 25)
    assert image.pixels.shape == (6, 640, 3)
    assert np.array_equal(lc.LabelMap(values).cut(image.pixels), np.repeat(np.arange(10), 64)[None].repeat(6, axis=0))
    with pytest.raises(lc.SpecError, match=r"map is 10000×100 but the picture is 640×8"):
        lc.LabelMap(values).cut(np.zeros((8, 640, 3), np.uint8))


@pytest.mark.parametrize("scale", [1, 2, 5])
def test_a_map_of_the_whole_picture_is_cropped_with_it_and_keeps_its_numbers(scale):
    values = quadrants(60 * scale, 160 * scale)
    image = lc.Image(np.random.default_rng(0).integers(0, 256, (60, 160, 3), dtype=np.uint8))
    classifier = lc.CallableClassifier(lambda images: images.mean(axis=(1, 2)) / 256, (60, 60), ["r", "g", "b"])
    settings = {"segmentation": lc.LabelMap(values), "framing": "center_crop", "samples": 60}
    result = lc.explain(image, classifier, settings)
    assert result.segments.shape == (60, 60)
    assert np.array_equal(result.superpixel_ids[result.segments], quadrants(60, 160)[:, 50:110])
    assert result.superpixel_ids.tolist() == [101, 111]
    assert json.loads(result.to_json())["superpixel_ids"] == [101, 111]
    assert lc.Explanation.from_json(result.to_json()).superpixel_ids.tolist() == [101, 111]


def test_a_map_of_the_cropped_picture_is_used_as_it_is_and_one_of_another_picture_is_refused():
    spec = lc.ExplainSpec(framing="center_crop")
    image = np.full((60, 160, 3), 128, np.uint8)
    square = lc.LabelMap(OWN[:, :60])
    segments = lc.prepare(image, (32, 32), replace(spec, segmentation=square)).segments
    assert np.array_equal(square.ids[segments], OWN[:, :60])
    with pytest.raises(lc.SpecError, match=r"map is 90×60 but the picture is 60×60"):
        lc.prepare(image, (32, 32), replace(spec, segmentation=lc.LabelMap(OWN)))
