"""Lists of paths, from Python, from text files and from CSVs."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from pathlib import Path

import pytest
from collections_of_pictures import png, write_files
from hypothesis import given
from hypothesis import strategies as st

import lime_core as lc
from lime_core.collections import open_collection


def from_csv(folder, text, name="list.csv"):
    (folder / name).write_text(text, encoding="utf-8", newline="")
    collection = open_collection(folder / name)
    return [(picture.path, picture.label) for picture in collection.pictures]


def test_a_list_of_paths_is_named_below_the_folder_that_they_share(tmp_path, monkeypatch):
    write_files(tmp_path, {"x/a.png": png(1), "y/b.dat": png(2)})
    monkeypatch.chdir(tmp_path)
    collection = open_collection([tmp_path / "y/b.dat", "x/a.png", "./x/a.png"])
    assert [picture.path for picture in collection.pictures] == ["x/a.png", "y/b.dat"]
    assert collection.root == str(tmp_path)
    monkeypatch.chdir("/")
    assert collection.read("y/b.dat") == png(2)


def test_a_list_of_one_picture_is_named_by_its_file(tmp_path):
    write_files(tmp_path, {"a.png": png()})
    assert open_collection([tmp_path / "a.png"]).read("a.png") == png()


@pytest.mark.parametrize("around", [[], ["x/a.png"]])
def test_folders_of_the_classes_given_one_by_one_are_refused_with_what_to_do(tmp_path, monkeypatch, around):
    write_files(tmp_path, {"x/a.png": png(), "pics/cat/a.png": png(), "pics/dog/a.png": png()})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(lc.LimeError, match=r"pics/cat, which is a folder\. Give the folder alone: .* them, .*/pics\."):
        open_collection([*around, "pics/cat", "pics/dog"])


@pytest.mark.parametrize("name", ["l.csv", "l.TXT", "p.zip", "https://host/l.csv?key=1", "s3://bucket/p.zip"])
def test_lists_and_zip_files_in_a_list_are_refused(tmp_path, monkeypatch, name):
    write_files(tmp_path, {"l.csv": b"a.png,cat\n", "l.TXT": b"a.png\n", "p.zip": b""})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(lc.LimeError, match=r"is a (list|zip file) and no picture\. Give it alone"):
        open_collection([name, "a.png"])


def test_only_a_folder_named_like_a_picture_is_said_to_be_named_so(tmp_path):
    write_files(tmp_path, {"cat/a.png": png(), "folder.png/a.png": png(), "l.txt": b"cat\nfolder.png\n"})
    collection = open_collection(tmp_path / "l.txt")
    with pytest.raises(lc.LimeError, match="is a folder, not a picture"):
        collection.read("cat")
    with pytest.raises(lc.LimeError, match=r"folder\.png is a folder, though its name ends like a picture's"):
        collection.read("folder.png")


def test_names_that_are_no_text_are_listed_in_a_form_that_can_be_written(tmp_path):
    bad = os.fsdecode(b"bad\xff")
    write_files(tmp_path, {f"{bad}.png": png(), f"{bad}/b.png": png(), "a.png": png()})
    collection = open_collection([tmp_path / f"{bad}.png", tmp_path / bad / "b.png", tmp_path / "a.png"])
    paths = [picture.path for picture in collection.pictures]
    assert [path.encode("utf-8") for path in paths] == [b"a.png", rb"bad\xff.png", rb"bad\xff/b.png"]
    for path in paths[1:]:
        with pytest.raises(lc.LimeError, match="not UTF-8"):
            collection.read(path)


def test_names_with_two_colons_are_paths_where_they_exist(tmp_path, monkeypatch):
    write_files(
        tmp_path, {"img::1.png": png(1), "x/img::2.png": png(2), "x/l.csv": b"img::2.png,cat\nimg::3.png,dog\n"}
    )
    monkeypatch.chdir(tmp_path)
    given = open_collection(["img::1.png", "x/img::2.png"])
    listed = open_collection(tmp_path / "x/l.csv")
    monkeypatch.chdir("/")
    assert [given.read(picture.path) for picture in given.pictures] == [png(1), png(2)]
    assert listed.read("img::2.png") == png(2)
    with pytest.raises(lc.LimeError, match=r"img::3\.png"):
        listed.read("img::3.png")


def test_a_text_file_has_a_path_a_line(tmp_path):
    write_files(
        tmp_path, {"lists/list.txt": b"../a, b.png\r\n\r\n/abs/c.png\n s3://bucket/d.png \n", "a, b.png": png()}
    )
    collection = open_collection(tmp_path / "lists/list.txt")
    assert [picture.path for picture in collection.pictures] == ["../a, b.png", "/abs/c.png", "s3://bucket/d.png"]
    assert collection.read("../a, b.png") == png()


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.png,cat\nb.png,dog\n",
        "\ufeffpath,label\r\na.png,cat\r\nb.png,dog\r\n",
        "Label;Filename\ncat;a.png\ndog;b.png\n",
        "a.png,cat\nb.png,dog",
        "a.png\tcat\n\nb.png\tdog\n",
        "Photograph|What\na.png|cat\nb.png|dog\n",
        "number,image,width,class\n1,a.png,640,cat\n2,b.png,480,dog\n",
        "a.png, cat\na.png, cat\n./b.png, dog\n",
        "filename,label_name,fold\na.png,cat,1\nb.png,dog,2\n",
        "width,path,Species_Class\n1,a.png,cat\n2,b.png,dog\n",
        ",path,species\n0,a.png,cat\n1,b.png,dog\n",
    ],
)
def test_a_csv_is_read_with_any_separator_with_a_header_or_without(tmp_path, text):
    assert from_csv(tmp_path, text) == [("a.png", "cat"), ("b.png", "dog")]


@pytest.mark.parametrize("label", ["photo", "Image", "picture", "file", "path"])
def test_a_first_row_with_a_picture_is_no_header_whatever_its_label(tmp_path, label):
    assert from_csv(tmp_path, f"0.png,{label}\n1.png,painting\n") == [("0.png", label), ("1.png", "painting")]


def test_labels_may_be_missing_and_every_row_is_kept(tmp_path):
    assert from_csv(tmp_path, "path,label\na,\nb.png,dog\n") == [("a", None), ("b.png", "dog")]
    assert from_csv(tmp_path, ",path\n0,a.png\n1,b.png\n") == [("a.png", None), ("b.png", None)]
    assert from_csv(tmp_path, "a.png\nb\n") == [("a.png", None), ("b", None)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,label\na.png,cat\nb.png\n", "line 3 "),
        ("a.png,cat\nb, c.png,dog\n", "line 2 "),
        ("path,label\n,cat\n,dog\n", "line 2, 3 "),
        ("a.png,cat\n" + "b.png,x,y\n" * 9, "line 2, 3, 4, 5, 6 and 4 more"),
        ('a.png,"cat\n', "no CSV"),
        ("a.png,cat,1\nb.png,dog,2\n", "has 3 columns"),
        ("path,species,split\na.png,cat,1\n", "columns 'path, species, split', and it is unclear .* Name it 'label'"),
        ("path,label_a,label_b\na.png,cat,1\n", "unclear which one holds the labels"),
        ("a.png,cat\n./a.png,dog\n", "a.png is a 'cat' in line 1 and a 'dog' in line 2"),
        ("", "it is empty"),
        ("path,label\n", "it is empty"),
    ],
)
def test_wrong_rows_are_named_with_their_line(tmp_path, text, said):
    with pytest.raises(lc.LimeError, match=said):
        from_csv(tmp_path, text)


def test_a_list_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "list.csv").write_bytes("a.png,Käse\n".encode("latin-1"))
    with pytest.raises(lc.LimeError, match="not UTF-8"):
        open_collection(tmp_path / "list.csv")
    (tmp_path / "pipe.csv").symlink_to("/dev/zero")
    with pytest.raises(lc.LimeError, match="is a device"):
        open_collection(tmp_path / "pipe.csv")


text = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(str.strip)
paths = text.map(lambda name: f"{name.replace('/', '_')}.png")


@given(
    st.dictionaries(paths, text, min_size=1, max_size=8),
    st.sampled_from(",;\t|"),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_is_read_back(rows, delimiter, header, end):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(([("path", "label")] if header else []) + list(rows.items()))
    with tempfile.TemporaryDirectory() as folder:
        found = from_csv(Path(folder), buffer.getvalue())
    assert found == sorted((os.path.normpath(path), label or None) for path, label in rows.items())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list.csv")
        path.write_bytes(data)
        with contextlib.suppress(lc.LimeError):
            assert open_collection(path).pictures
