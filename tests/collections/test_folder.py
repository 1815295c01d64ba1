"""Folders of this machine: which pictures are in them, their true classes, and what cannot be read."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from collections_of_pictures import png, write_files, zipped

import lime_core as lc
from lime_core.collections import CollectedPicture, Collection, open_collection
from lime_core.collections.addresses import is_address, shown
from lime_core.picture.limits import MAX_BYTES


def listed(collection: Collection) -> list[tuple[str, str | None]]:
    return [(picture.path, picture.label) for picture in collection.pictures]


def test_the_first_subfolder_is_the_true_class_however_deep_a_picture_lies(tmp_path):
    names = ("dog/b.PNG", "cat/indoors/a.jpg", "beside.png", "cat/z.webp", "cat/notes.txt", ".thumbnails/a.png")
    write_files(tmp_path, dict.fromkeys(names, b"x"))
    collection = open_collection(tmp_path)
    assert listed(collection) == [
        ("beside.png", None),
        ("cat/indoors/a.jpg", "cat"),
        ("cat/z.webp", "cat"),
        ("dog/b.PNG", "dog"),
    ]
    assert collection.root == str(tmp_path)
    assert isinstance(collection, Collection)


def test_its_pictures_are_read_in_another_process_too(tmp_path):
    write_files(tmp_path, {"a.png": png()})
    collection = pickle.loads(pickle.dumps(open_collection(str(tmp_path))))  # noqa: S301
    assert collection.read("a.png") == png()
    assert collection.pictures == (CollectedPicture("a.png"),)


def test_a_file_address_is_a_folder(tmp_path):
    write_files(tmp_path / "ä b", {"a.png": png()})
    assert open_collection((tmp_path / "ä b").as_uri()).read("a.png") == png()


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_or_zip_file_named_with_two_colons_is_a_path_where_it_exists(tmp_path, monkeypatch, kind):
    shades = {"cat/a.png": png(1), "dog/b.png": png(2)}
    write_files(tmp_path / "data::v2", shades)
    write_files(tmp_path, {"data::v2.zip": zipped(shades)})
    monkeypatch.chdir(tmp_path)
    folder, archive = open_collection(kind("data::v2")), open_collection(kind("data::v2.zip"))
    assert listed(folder) == listed(archive) == [("cat/a.png", "cat"), ("dog/b.png", "dog")]
    assert folder.read("cat/a.png") == archive.read("cat/a.png") == png(1)
    assert not is_address(folder.root)
    with pytest.raises(lc.LimeError, match=r"data::v3"):
        open_collection(kind("data::v3"))


def test_links_are_followed_but_neither_in_a_circle_nor_twice(tmp_path):
    write_files(tmp_path / "elsewhere", {"x.png": png()})
    root = write_files(tmp_path / "root", {"cat/a.png": png()})
    (root / "cat/up").symlink_to(root)
    (root / "again").symlink_to(root / "cat")
    (root / "dog").symlink_to(tmp_path / "elsewhere")
    (root / "twice").symlink_to(tmp_path / "elsewhere")
    (root / "around").symlink_to(root / "around")
    assert listed(open_collection(root)) == [("cat/a.png", "cat"), ("dog/x.png", "dog")]


def test_what_cannot_be_read_is_listed_and_says_why(tmp_path):
    write_files(tmp_path, {"empty.png": b"", "long.png": b""})
    os.truncate(tmp_path / "long.png", MAX_BYTES + 1)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "around.png").symlink_to(tmp_path / "around.png")
    (tmp_path / "nowhere.png").symlink_to(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    (tmp_path / "loop.png").symlink_to(tmp_path)
    collection = open_collection(tmp_path)
    reasons = {}
    for picture in collection.pictures:
        with pytest.raises(lc.LimeError) as error:
            collection.read(picture.path)
        assert picture.path in str(error.value)
        reasons[picture.path] = str(error.value)
    assert len(reasons) == 8
    said = {
        "empty.png": "empty",
        "long.png": "at most 20 MB",
        "folder.png": "is a folder",
        "around.png": "circle",
        "nowhere.png": "does not exist",
        "pipe.png": "is a pipe",
        "device.png": "is a device",
        "loop.png": "is a folder",
    }
    assert all(said[path] in reason for path, reason in reasons.items())


def test_a_name_that_is_no_text_is_listed_in_a_form_that_can_be_written(tmp_path):
    (tmp_path / os.fsdecode(b"bad\xff.png")).write_bytes(png())
    collection = open_collection(tmp_path)
    assert collection.pictures[0].path.encode("utf-8") == rb"bad\xff.png"
    with pytest.raises(lc.LimeError, match="not UTF-8"):
        collection.read(collection.pictures[0].path)


def test_pictures_below_a_name_that_is_no_text_are_read_and_messages_can_be_written(tmp_path):
    root = write_files(
        tmp_path / os.fsdecode(b"bad\xff"), {"a.png": png(), "empty.png": b"", "l.csv": b"a.png\nx.png\n"}
    )
    (root / "in.png").mkdir()
    collection = open_collection(root)
    assert collection.read("a.png") == png()
    assert shown(collection.root).encode("utf-8") == os.fsencode(tmp_path) + rb"/bad\xff"
    listed_there = open_collection(root / "l.csv")
    (root / "none").mkdir()
    for attempt in (
        lambda: collection.read("empty.png"),
        lambda: collection.read("in.png"),
        lambda: listed_there.read("x.png"),
        lambda: open_collection(root / "none"),
        lambda: open_collection([root / "none", root / "a.png"]),
    ):
        with pytest.raises(lc.LimeError) as error:
            attempt()
        assert rb"/bad\xff/" in str(error.value).encode("utf-8")


def test_a_subfolder_that_cannot_be_opened_is_not_left_out_in_silence(tmp_path, monkeypatch):
    write_files(tmp_path, {"cat/a.png": png(), "dog/b.png": png()})
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert [path for path, _ in listed(open_collection(tmp_path))] == ["cat/a.png", "dog"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "missing", "There is no"),
        (lambda path: path, "no picture in"),
        (lambda path: write_files(path, {"a.png": png()}) / "a.png", "single picture"),
        (lambda path: write_files(path, {"a.pdf": b"x"}) / "a.pdf", "no collection of pictures"),
        (lambda path: [], "no picture in the list"),
        (lambda path: [3], "holds paths and addresses; got int"),
    ],
)
def test_what_is_no_collection_is_refused(tmp_path, make, said):
    with pytest.raises(lc.LimeError, match=said):
        open_collection(make(tmp_path))
