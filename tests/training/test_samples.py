"""Which pictures of a collection are trained on, which are held out, and which are left out."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from labelled_folders import write_noise, write_shapes

import lime_core as lc
from lime_core.collections.base import open_collection
from lime_core.errors import LimeError
from lime_core.superpixels import resize_pixels
from lime_core.training.samples import held_out_split, read_samples


def samples_of(folder, seen=None):
    return read_samples(open_collection(folder), (8, 8), lambda pictures: pictures, seen or (lambda *_: None))


def test_values_stand_beside_their_own_paths_and_classes(tmp_path):
    seen = []
    folder = write_shapes(tmp_path / "shapes", each=70)
    samples = samples_of(folder, lambda *at: seen.append(at))
    assert samples.classes == ("disc", "square", "stripes")
    assert samples.paths == tuple(picture.path for picture in open_collection(folder).pictures)
    assert [samples.classes[label] for label in samples.labels] == [path.split("/")[0] for path in samples.paths]
    for index in (0, 31, 32, 70, 209):
        expected = resize_pixels(lc.load_image(folder / samples.paths[index]).pixels, (8, 8))
        np.testing.assert_array_equal(samples.values[index], expected)
    assert samples.values.shape == (210, 8, 8, 3)
    assert seen == [(done, 210) for done in range(1, 211)]


def test_broken_pictures_and_pictures_without_a_class_are_listed_and_left_out(tmp_path):
    folder = write_noise(tmp_path / "noise", each=6)
    (folder / "one" / "broken.png").write_bytes(b"\x89PNG and nothing more")
    (folder / "one" / "empty.jpg").write_bytes(b"")
    (folder / "other" / "folder.jpg").mkdir()
    shutil.copy(folder / "one" / "000.png", folder / "nowhere.png")
    samples = samples_of(folder)
    reasons = dict(samples.skipped)
    assert len(samples.paths) == 12
    assert set(reasons) >= {"one/broken.png", "one/empty.jpg", "nowhere.png"}
    assert "class is not known" in reasons["nowhere.png"]
    assert "empty" in reasons["one/empty.jpg"]
    assert samples.left_out == {"without a class": 1, "unreadable": 3}


def test_of_copies_one_is_used_and_none_where_their_classes_differ(tmp_path):
    folder = write_noise(tmp_path / "noise", each=7)
    shutil.copy(folder / "one" / "000.png", folder / "one" / "copy.png")
    shutil.copy(folder / "one" / "001.png", folder / "other" / "traitor.png")
    samples = samples_of(folder)
    reasons = dict(samples.skipped)
    assert set(reasons) == {"one/copy.png", "one/001.png", "other/traitor.png"}
    assert "copy of one/000.png" in reasons["one/copy.png"]
    assert "several classes" in reasons["one/001.png"]
    assert len(samples.paths) == 13
    assert samples.left_out == {"copies": 1, "in several classes": 2}


def test_a_broken_picture_is_none_of_the_kinds_that_its_name_tells_of(tmp_path):
    folder = write_noise(tmp_path / "noise", each=6)
    (folder / "one" / "copy of 1, several classes.png").write_bytes(b"")
    assert samples_of(folder).left_out == {"unreadable": 1}


@pytest.mark.parametrize(
    ("classes", "each", "words"),
    [
        (("one",), 9, "one class, 'one'"),
        (("one", "other"), 4, "one (4), other (4)"),
        (("one", "two\nlines"), 9, "line breaks"),
    ],
)
def test_too_few_classes_or_pictures_and_unusable_names_are_refused(tmp_path, classes, each, words):
    folder = write_noise(tmp_path / "noise", each=each, classes=classes)
    with pytest.raises(LimeError) as error:
        samples_of(folder)
    assert words in str(error.value)


def test_a_class_of_broken_pictures_is_not_lost_without_a_word(tmp_path):
    folder = write_noise(tmp_path / "noise", each=6, classes=("one", "other", "third"))
    for path in (folder / "third").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(LimeError, match=r"third \(0\)"):
        samples_of(folder)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
def test_the_same_share_of_every_class_is_held_out_and_four_pictures_stay(share):
    labels = np.repeat([0, 1, 2], [5, 40, 400])
    inside, outside = held_out_split(labels, share, 3)
    assert sorted([*inside, *outside]) == list(range(445))
    held = np.bincount(labels[outside])
    assert held[0] == 1
    np.testing.assert_array_equal(held[1:], [round(share * 40), round(share * 400)])
    again = held_out_split(labels, share, 3)[1]
    np.testing.assert_array_equal(outside, again)
    assert set(held_out_split(labels, share, 4)[1]) != set(outside)


@pytest.mark.parametrize(("pictures", "held"), [(2, 1), (4, 1), (5, 1), (6, 2), (7, 3)])
def test_more_than_one_picture_is_held_out_only_where_four_stay(pictures, held):
    assert len(held_out_split(np.zeros(pictures, np.int64), 0.9, 0)[1]) == held


def test_messages_name_the_collection_without_secrets(tmp_path):
    opened = open_collection(write_noise(tmp_path / "noise", each=3))
    with pytest.raises(LimeError) as error:
        read_samples(
            type(opened)("https://me:PASSWORD@host/l.csv?token=SECRET", opened.pictures),
            (8, 8),
            lambda pictures: pictures,
            lambda *_: None,
        )
    assert "in https://host/l.csv these have fewer" in str(error.value)
