"""Class names in files of every common form, and what is said of others."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lime_core as lc
from lime_core.models import labels
from lime_core.models.labels import as_labels, labels_from, read_labels

NAMES = ("chat", "épagneul", "犬")
TEXT = "\n".join(NAMES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n\n"])
def test_a_text_has_one_name_a_line_in_any_unicode(encoding, end):
    text = TEXT.replace("\n", "\r\n") if end == "\r\n" else TEXT
    assert read_labels((text + end).encode(encoding)) == NAMES


def test_big_endian_utf_16_is_known_by_its_mark():
    assert read_labels(b"\xfe\xff" + TEXT.encode("utf-16-be")) == NAMES


def test_latin_1_is_read_and_said_to_be_a_guess():
    read = labels_from("chat\népagneul".encode("latin-1"), "names.txt")
    assert read.names == ("chat", "épagneul")
    assert "names.txt is not UTF-8, so its class names were read as Latin-1" in read.notes[0]
    assert labels_from(TEXT.encode()).notes == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", '["cat", "dog"]'),
        ("a.json", '{"0": "cat", "1": "dog"}'),
        ("a.json", '{"1": "dog", "0": "cat"}'),
        ("a.json", '{"cat": 0, "dog": 1}'),  # class_indices of a Keras generator
        ("a.json", '{"dog": 1, "cat": 0}'),
        ("a.json", '{"0": ["n02123045", "cat"], "1": ["n02085620", "dog"]}'),  # Keras's imagenet_class_index.json
        ("a.txt", '["cat", "dog"]'),
        ("a", "cat\ndog"),
        ("a.txt", "0 cat\n1 dog\n"),
        ("a.txt", "1: dog\n0: cat\n"),
        ("a.csv", "cat\ndog\n"),
        ("a.csv", "name\ncat\ndog\n"),
        ("a.csv", "0,cat\n1,dog\n"),
        ("a.csv", "1,dog\r\n0,cat\r\n"),
        ("a.csv", "index,name\n0,cat\n1,dog\n"),
        ("a.csv", "Name,Class ID\ndog,1\ncat,0\n"),
        ("a.csv", "label;index\ncat;0\ndog;1\n"),
        ("a.csv", "nummer,tier\n0,cat\n1,dog\n"),  # headings in another language
        ("a.csv", "index,wnid,name\n0,n02123045,cat\n1,n02085620,dog\n"),
        ("a.tsv", "0\tcat\n1\tdog\n"),
        ("a.csv", '"cat"\n"dog"\n'),
    ],
)
def test_every_common_form_gives_the_names_in_the_order_of_the_outputs(name, content):
    assert read_labels(content.encode(), name) == ("cat", "dog")


def test_names_with_commas_and_numbers_stay_whole():
    assert read_labels(b"tench, Tinca tinca\n3 cats\n") == ("tench, Tinca tinca", "3 cats")
    assert read_labels(b'0,"tench, Tinca tinca"\n1,goldfish\n', "a.csv") == ("tench, Tinca tinca", "goldfish")


def test_indices_that_are_left_out_of_names_are_mentioned():
    assert "begin with their class index" in labels_from(b"0 cat\n1 dog\n").notes[0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "holds no class names"),
        ("a.txt", b"\n\n", "holds no class names"),
        ("a.csv", b"", "holds no class names"),
        ("a.csv", b"index,name\n", "holds no class names"),
        ("a.json", b"[]", "holds no class names"),
        ("a.txt", b"cat\n\ndog\n", "line 2 is empty"),
        ("a.txt", b"\x89PNG\0\0\0", "is no text"),
        ("a.txt", b"\xff\xfea", "begins as UTF-16 but is damaged"),
        ("a.json", b'["cat", ', "not valid JSON"),
        ("a.json", b'"cat"', "is str; expected a list"),
        ("a.json", b"3", "is int; expected a list"),
        ("a.json", b'[["cat"]]', "must be a text or a number; got list"),
        ("a.json", b'{"cat": 0, "dog": 0}', "Two class names have the index 0"),
        ("a.json", b'{"cat": 0, "cat": 1}', "same key twice"),
        ("a.json", b'{"cat": 1, "dog": 2}', "0 is missing"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.csv", b"0,cat\n0,dog\n", "same key twice|Two class names"),
        ("a.csv", b"1,cat\n2,dog\n", "0 is missing"),
        ("a.csv", b"a,b\nc,d\n", "unclear which holds the names"),
        ("a.csv", b"0,cat\n1\n", "row 2 has 1 cells where the first has 2"),
        ("a.txt", b"x" * 5000, "a name has 5,000 characters"),
    ],
)
def test_a_file_without_class_names_is_refused_for_what_it_is(name, content, message):
    with pytest.raises(lc.ModelError, match=message) as refused:
        read_labels(content, name)
    assert name in str(refused.value)


def test_sizes_are_bounded_before_anything_is_read(monkeypatch, tmp_path):
    monkeypatch.setattr(labels, "MOST_BYTES", 2**20)
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(2**34)  # no disk holds it, and no memory has to
    with pytest.raises(lc.ModelError, match=r"huge\.txt is larger than 1 MB"):
        read_labels(path)
    monkeypatch.setattr(labels, "MOST_NAMES", 3)
    with pytest.raises(lc.ModelError, match="it has 4 names; at most 3"):
        read_labels(b"a\nb\nc\nd")


def test_damaged_files_are_read_or_refused_in_words():
    random = np.random.default_rng(0)
    originals = [TEXT.encode("utf-16"), json.dumps(dict(enumerate(NAMES))).encode(), b"index,name\n0,cat\n1,dog\n"]
    outcomes = set()
    for number in range(300):
        damaged = bytearray(originals[number % 3])
        for _ in range(random.integers(1, 4)):
            damaged[random.integers(len(damaged))] = random.integers(256)
        try:
            read_labels(bytes(damaged), ("a.txt", "a.json", "a.csv")[number % 3])
            outcomes.add("read")
        except lc.ModelError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def bright(images):
    share = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([share, 1 - share], axis=1)


def test_a_path_is_taken_wherever_names_are(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text('{"dark": 1, "bright": 0}', "utf-8")
    for given in (path, str(path)):
        assert lc.CallableClassifier(bright, 4, given).class_names == ("bright", "dark")
    with pytest.raises(lc.ModelError, match="no file of class names"):
        lc.CallableClassifier(bright, 4, str(tmp_path / "other.txt"))


def test_a_single_text_that_is_no_file_is_still_refused():
    with pytest.raises(lc.ModelError, match="got the single one 'cat'"):
        as_labels("cat")
    with pytest.raises(lc.ModelError, match="no order"):
        as_labels({"cat", "dog"})


def test_the_guessed_encoding_is_said_in_every_result(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("été\nhiver".encode("latin-1"))
    classifier = lc.CallableClassifier(bright, 8, path)
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    neighborhood = lc.query(pixels, classifier, lc.ExplainSpec(segmentation=lc.Grid(2, 2), samples=8))
    assert "read as Latin-1" in neighborhood.notes[0]
    assert neighborhood.class_names == ("été", "hiver")
