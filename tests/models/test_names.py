"""Class names in every form that people have them in."""

from __future__ import annotations

import collections
import json
from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image

import lime_core as lc
from lime_core.models.engines.base import Engine
from lime_core.models.names import as_class_names, check_count, numbered_names
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.show import html_report

CAT_DOG = ("cat", "dog")
READABLE = {
    "list": (["cat", "dog"], CAT_DOG),
    "tuple": (("cat", "dog"), CAT_DOG),
    "array": (np.array(["cat", "dog"]), CAT_DOG),
    "array of objects": (np.array(["cat", "dog"], object), CAT_DOG),
    "array of bytes": (np.array([b"cat", b"dog"]), CAT_DOG),
    "generator": ((name for name in CAT_DOG), CAT_DOG),
    "keys": ({"cat": 1, "dog": 0}.keys(), CAT_DOG),
    "range": (range(2), ("0", "1")),
    "numbers": ((3, 7.5), ("3", "7.5")),
    "array of numbers": (np.arange(2), ("0", "1")),
    "bytes": ([b"cat", "dog"], CAT_DOG),
    "index to name": ({1: "dog", 0: "cat"}, CAT_DOG),
    "index as text to name": ({"1": "dog", "0": "cat"}, CAT_DOG),
    "NumPy index to name": ({np.int64(1): "dog", np.int64(0): "cat"}, CAT_DOG),
    "name to index": ({"dog": 1, "cat": 0}, CAT_DOG),
    "name to NumPy index": ({"dog": np.int64(1), "cat": np.int64(0)}, CAT_DOG),
    "another mapping": (collections.OrderedDict([(0, "cat"), (1, "dog")]), CAT_DOG),
    "index to number": ({0: 10, 1: 20}, ("10", "20")),
    "the same both ways": ({"0": 0, "1": 1}, ("0", "1")),
    "half a surrogate pair": (["cat\ud800", "dog"], ("cat?", "dog")),
    "none": (None, ()),
    "empty": ([], ()),
}
REFUSED = {
    "one text": ("cat", "several texts; got the single one 'cat'"),
    "one text of bytes": (b"cat", "several texts"),
    "set": ({"cat", "dog"}, "set of class names has no order"),
    "frozenset": (frozenset(CAT_DOG), "set of class names has no order"),
    "table": (np.array([["cat"], ["dog"]]), r"shape \(classes,\); got \(2, 1\)"),
    "scalar array": (np.array("cat"), r"shape \(classes,\); got \(\)"),
    "number": (2, "int holds no class names"),
    "None among them": (["cat", None], "name of class 1 must be a text or a number; got NoneType"),
    "lists among them": ([["cat"], ["dog"]], "name of class 0 must be a text or a number; got list"),
    "an index twice": ({0: "cat", "0": "dog"}, "Two class names have the index 0"),
    "an index twice, the other way": ({"cat": 1, "dog": 1}, "Two class names have the index 1"),
    "a gap": ({0: "cat", 2: "dog"}, r"must be 0\.\.1; 1 is missing, but 2 is given"),
    "from one": ({"cat": 1, "dog": 2}, r"must be 0\.\.1; 0 is missing, but 2 is given"),
    "both ways": ({0: 1, 1: 2, 2: 0}, "both as index → name and as name → index"),
    "no index at all": ({"cat": "dog"}, "must give indices 0, 1, 2 … to names"),
}


@pytest.mark.parametrize("case", READABLE)
def test_names_become_text_in_the_order_of_the_outputs(case):
    given, expected = READABLE[case]
    names = as_class_names(given)
    assert names == expected
    assert all(type(name) is str for name in names)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_list_of_names_is_refused_in_words(case):
    given, message = REFUSED[case]
    with pytest.raises(lc.ModelError, match=message):
        as_class_names(given)
    with pytest.raises(lc.ModelError, match=message):
        lc.CallableClassifier(np.sum, 4, given)


@pytest.mark.parametrize("names", [["cat"], ["cat", "dog", "mouse"], []])
def test_too_few_or_too_many_names_are_said_with_both_numbers(names):
    with pytest.raises(lc.ModelError, match=rf"has 2 classes, but {len(names)} class names were given"):
        check_count(as_class_names(names), 2)


def test_without_names_classes_are_numbered():
    assert numbered_names(2) == ("class 0", "class 1")


def colours(images):
    return images.reshape(len(images), -1, 3).mean(axis=1) / 256


@pytest.mark.parametrize(
    "names",
    [np.array(["a", "b", "c"]), np.arange(3), {"c": 2, "a": 0, "b": 1}, {"0": "a", "1": "b", "2": "c"}, range(3)],
)
def test_every_form_of_names_goes_into_every_document(names, tmp_path):
    spec = lc.ExplainSpec(segmentation=TWELVE, samples=60, top_classes=3)
    explanation = lc.explain(colorful_image(), lc.CallableClassifier(colours, 32, names), spec)
    expected = set("abc") if "a" in names or "0" in names or getattr(names, "dtype", None) == "<U1" else set("012")
    assert {item.name for item in explanation.classes} == expected
    assert json.loads(explanation.to_json())["classes"][0]["name"] in expected
    explanation.save_npz(tmp_path / "explanation.npz")
    assert lc.Explanation.load_npz(tmp_path / "explanation.npz").classes[0].name == explanation.classes[0].name
    assert f"<td>{explanation.classes[0].name}</td>" in explanation._repr_html_()
    assert explanation.classes[0].name in html_report(colorful_image(), explanation)


class OwnClassifier:
    """A classifier that somebody wrote to the protocol, with names as they happened to be."""

    id, input_size, weights_sha256, engine = "own", (32, 32), None, "callable"

    def __init__(self, class_names):
        self.class_names = class_names

    def predict(self, images):
        return colours(images).astype(np.float32)


def test_a_classifier_of_the_users_own_class_may_keep_names_in_any_form():
    spec = lc.ExplainSpec(segmentation=TWELVE, samples=60, top_classes=3)
    for names, expected in ((np.arange(3), ("0", "1", "2")), ((), ("class 0", "class 1", "class 2"))):
        neighborhood = lc.query(colorful_image(), OwnClassifier(names), spec)
        assert neighborhood.class_names == expected
        assert lc.fit(neighborhood).to_json()
    with pytest.raises(lc.ModelError, match="has 3 classes, but 2 class names were given"):
        lc.query(colorful_image(), OwnClassifier(["a", "b"]), spec)


class Undecided(Engine):
    """An engine whose network finds two classes equally probable."""

    name, batch_size = "none", 1

    def choose(self, pictures, labels, choices):
        return np.full((len(choices), 2), 0.5, np.float32)


def test_a_network_takes_names_from_the_same_place():
    facts = {"id": "a", "input_size": (4, 4), "preprocessing": "none", "weights_sha256": "0"}
    assert NetworkClassifier(Undecided(), class_names={"dog": 1, "cat": 0}, **facts).class_names == CAT_DOG
    with pytest.raises(lc.ModelError, match="no order"):
        NetworkClassifier(Undecided(), class_names={"cat", "dog"}, **facts)


def test_names_of_a_stored_neighborhood_are_checked_too(tmp_path):
    spec = lc.ExplainSpec(segmentation=TWELVE, samples=20)
    neighborhood = lc.query(colorful_image(), lc.CallableClassifier(colours, 32, ["a", "b", "c"]), spec)
    replace(neighborhood, class_names=("a", "b")).save_npz(tmp_path / "n.npz")
    with pytest.raises(lc.LimeError, match="2 class names for 3 outputs"):
        lc.Neighborhood.load_npz(tmp_path / "n.npz")
