"""Zip files: what is in them, and those that mean harm."""

from __future__ import annotations

import io
import pickle
import stat
import struct
import tracemalloc
import warnings
import zipfile

import pytest
from collections_of_pictures import png, write_files, zipped

import lime_core as lc
from lime_core.collections import archive, open_collection


@pytest.fixture
def opened(tmp_path):
    def open_bytes(data: bytes):
        (tmp_path / "pictures.zip").write_bytes(data)
        return open_collection(tmp_path / "pictures.zip")

    return open_bytes


def changed(data: bytes, change) -> bytes:
    """The archive with its last entry's `ZipInfo` changed before it is written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            change(entry)
            new.writestr(entry, content)
    return buffer.getvalue()


def test_folders_in_it_are_the_true_classes(opened):
    collection = opened(
        zipped({"dog/b.png": png(2), "cat/in/a.png": png(1), "c.png": png(3), "cat/": b"", "x.txt": b""})
    )
    assert [(p.path, p.label) for p in collection.pictures] == [
        ("c.png", None),
        ("cat/in/a.png", "cat"),
        ("dog/b.png", "dog"),
    ]
    assert pickle.loads(pickle.dumps(collection)).read("cat/in/a.png") == png(1)  # noqa: S301


@pytest.mark.parametrize("between", ["/", "\\"])
def test_the_one_folder_that_was_packed_is_no_class(opened, between):
    names = ("photos/cat/a.png", "photos/dog/b.png", "__MACOSX/photos/cat/._a.png")
    collection = opened(zipped({name.replace("/", between): png() for name in names}))
    assert [(p.path, p.label) for p in collection.pictures] == [("cat/a.png", "cat"), ("dog/b.png", "dog")]
    assert collection.read("cat/a.png") == png()


def test_a_folder_in_it_is_opened_by_an_address(tmp_path):
    write_files(tmp_path, {"p.zip": zipped({"train/cat/a.png": png(1), "test/cat/a.png": png(2)})})
    for place in (f"zip://test::{tmp_path}/p.zip", f"zip://test/::file://{tmp_path}/p.zip"):
        collection = open_collection(place)
        assert [(p.path, p.label) for p in collection.pictures] == [("cat/a.png", "cat")]
        assert collection.read("cat/a.png") == png(2)


def test_a_bomb_is_not_unpacked(opened):
    collection = opened(zipped({"bomb.png": bytes(200 << 20), "a.png": png()}))
    tracemalloc.start()
    with pytest.raises(lc.LimeError, match=r"bomb.png .* at most 20 MB"):
        collection.read("bomb.png")
    assert tracemalloc.get_traced_memory()[1] < 10 << 20
    tracemalloc.stop()
    assert collection.read("a.png") == png()


def test_a_bomb_that_states_a_small_size_is_damaged(opened):
    data = bytearray(zipped({"bomb.png": bytes(30 << 20)}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    with pytest.raises(lc.LimeError, match="damaged"):
        opened(bytes(data)).read("bomb.png")


@pytest.mark.parametrize("name", ["../a.png", "/a.png", "x/../../a.png", "C:/a.png", "..\\a.png", "x//a.png"])
def test_names_that_lead_out_are_refused(opened, name):
    with pytest.raises(lc.LimeError, match="leads out"):
        opened(zipped({"ok.png": png(), name: png()}))


def test_two_files_of_one_name_are_refused(opened):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("a.png", png(1))
            file.writestr("a.png", png(2))
    with pytest.raises(lc.LimeError, match=r"two files named 'a\.png'"):
        opened(buffer.getvalue())


def test_encrypted_pictures_links_and_other_methods_are_told_when_read(opened):
    data = bytearray(zipped({"a.png": png(), "z.png": png()}))
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    collection = opened(bytes(data))
    with pytest.raises(lc.LimeError, match="encrypted"):
        collection.read("z.png")
    assert collection.read("a.png") == png()
    data[data.find(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(lc.LimeError, match="are encrypted"):
        opened(bytes(data))

    def link(entry):
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    with pytest.raises(lc.LimeError, match="is a link"):
        opened(changed(zipped({"a.png": b"/etc/passwd"}), link)).read("a.png")
    with pytest.raises(lc.LimeError, match="another method"):
        opened(zipped({"a.png": png()}, zipfile.ZIP_LZMA)).read("a.png")


def test_a_huge_table_is_not_read(opened, monkeypatch):
    data = bytearray(zipped({"a.png": png()}))
    at = data.rfind(b"PK\x05\x06")
    data[at + 12 : at + 16] = struct.pack("<I", 1 << 30)
    with pytest.raises(lc.LimeError, match="more than 16 MB"):
        opened(bytes(data))
    monkeypatch.setattr(archive, "_MOST_FILES", 2)
    with pytest.raises(lc.LimeError, match="more than 2 files"):
        opened(zipped(dict.fromkeys(("a.png", "b.png", "c.png"), png())))


def test_a_zip64_table_is_measured_too(opened):
    data = bytearray(zipped({"a.png": png()}))
    at = data.rfind(b"PK\x05\x06")
    end = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    with pytest.raises(lc.LimeError, match="more than 16 MB"):
        opened(bytes(data[:at]) + end + locator + bytes(data[at:]))


def test_damaged_files_are_told(opened):
    with pytest.raises(lc.LimeError, match="not a zip file"):
        opened(b"no zip")
    with pytest.raises(lc.LimeError, match="not a zip file"):
        opened(zipped({"a.png": png()})[:-10])
    with pytest.raises(lc.LimeError, match="no picture in"):
        opened(zipped({"a.txt": b"x"}))
    data = bytearray(zipped({"a.png": png(side=100)}, zipfile.ZIP_STORED))
    data[60] ^= 255
    with pytest.raises(lc.LimeError, match="damaged"):
        opened(bytes(data)).read("a.png")


def test_a_zip_file_that_was_replaced_is_opened_anew(opened):
    before = opened(zipped({"a.png": png(1)}))
    after = opened(zipped({"b.png": png(2, side=9)}))
    assert after.read("b.png") == png(2, side=9)
    with pytest.raises(lc.LimeError, match="not there any more"):
        before.read("a.png")
