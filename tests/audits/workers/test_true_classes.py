from __future__ import annotations

from unicodedata import normalize

import pytest

from lime_core.audits.workers.true_classes import TrueClasses
from lime_core.models.class_names import imagenet_class_names, imagenet_synsets

NAMES = ("cat", "Cat", "tabby, tabby cat", "great white shark", "crane", "Crane, bird", "7")


@pytest.mark.parametrize(
    ("label", "index"),
    [
        ("cat", 0),
        ("Cat", 1),
        ("CAT", None),  # either of both
        ("tabby cat", 2),
        ("Tabby", 2),
        ("tiger cat, tabby", 2),
        ("Great_White-shark", 3),
        ("crane", 4),
        ("bird", 5),
        ("CRANE", 4),  # that is its whole name, and of the other only one of two
        ("3", 3),
        ("7", 6),  # a name comes before an index
        ("8", None),
        ("0", 0),
        ("000", 0),
        ("0003", 3),
        ("9" * 5000, None),
        ("0" * 5000 + "3", 3),
        ("dog", None),
        ("", None),
        ("ta", None),
        (None, None),
    ],
)
def test_a_label_means_the_class_that_it_names_and_none_where_it_may_mean_several(
    label: str | None, index: int | None
) -> None:
    assert TrueClasses(NAMES).index(label) == index


@pytest.mark.parametrize("name", ["café", "Ångström", "ΐ", "한글"])
def test_accents_may_be_encoded_in_either_way(name: str) -> None:
    apart, together = normalize("NFD", name), normalize("NFC", name)
    assert apart != together
    for written, label in ((together, apart), (apart, together), (together, apart.upper())):
        assert TrueClasses(("dog", written)).index(label) == 1


def test_every_name_of_imagenet_means_its_own_class() -> None:
    names = imagenet_class_names()
    classes = TrueClasses(names)
    assert [classes.index(name) for name in names] == list(range(1000))
    assert [classes.index(name.replace(" ", "_")) for name in names] == list(range(1000))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("n01440764", "tench"),
        ("N02123045", "tabby"),
        ("n02012849", "crane (bird)"),
        ("n03126707", "crane (machine)"),
        ("n15075141", "toilet tissue"),
        ("n00000001", None),
    ],
)
def test_imagenets_own_folder_names_are_understood(label: str, name: str | None) -> None:
    names = imagenet_class_names()
    index = TrueClasses(names).index(label)
    assert (None if index is None else names[index]) == name
    assert TrueClasses(NAMES).index(label) is None


def test_the_ids_are_in_the_order_of_imagenets_outputs_which_is_their_own() -> None:
    assert len(set(imagenet_synsets())) == 1000
    assert list(imagenet_synsets()) == sorted(imagenet_synsets())
