import ast
import importlib
import inspect
import string

import pytest

from lime_core.errors import ModelError
from lime_core.models import CATALOG, DEFAULT_MODEL, imagenet_class_names, model_card
from lime_core.models.files.weights import weights_path
from lime_core.models.from_catalog import build_network
from lime_core.models.networks.lite_in_keras import build_keras
from lime_core.models.networks.preprocessing import PREPROCESSING

KERAS_CARDS = [card for card in CATALOG.values() if card.package is None]
QUICK_TO_BUILD = [
    "inception_v3",
    "resnet50",
    "resnet50v2",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "densenet121",
    "efficientnet_b0",
    "efficientnet_v2_b0",
    "convnext_tiny",
]


def string_constants(module):
    """Every string in a module's source, with adjacent literals joined and f-strings in their parts."""
    tree = ast.parse(inspect.getsource(module))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def keras_module(card):
    builder = getattr(importlib.import_module("keras.applications"), card.title)
    module = inspect.getmodule(builder)
    # ResNetV2 is assembled by the module of ResNet, which holds the sums of both.
    return importlib.import_module("keras.src.applications.resnet") if card.family == "ResNetV2" else module


def test_the_catalog_holds_the_promised_models():
    assert set(CATALOG) == {
        *("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"),
        *("inception_v3", "inception_resnet_v2", "xception"),
        *("resnet50", "resnet101", "resnet152", "resnet50v2", "resnet101v2", "resnet152v2"),
        *("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large"),
        *("densenet121", "vgg16", "efficientnet_b0", "efficientnet_v2_b0", "convnext_tiny", "nasnet_mobile"),
    }
    assert DEFAULT_MODEL == "efficientnet_lite0"


@pytest.mark.parametrize("card", CATALOG.values(), ids=lambda card: card.id)
def test_a_card_is_filled_in_sensibly(card):
    assert CATALOG[card.id] is card
    assert card.preprocessing in PREPROCESSING
    assert card.input_size[0] == card.input_size[1] in {224, 240, 260, 299}
    assert 68 <= card.top1 <= 82
    assert 2e6 < card.parameters < 1.4e8
    assert card.license in {"Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0"}
    assert (card.weights_url is None) == (card.package is not None)
    if card.weights_hash is not None:
        assert len(card.weights_hash) in {32, 64}
        assert set(card.weights_hash) <= set(string.hexdigits)


@pytest.mark.parametrize("card", KERAS_CARDS, ids=lambda card: card.id)
def test_sums_and_addresses_are_those_in_keras(card):
    constants = string_constants(keras_module(card))
    folder = card.weights_url.rpartition("/")[0] + "/"
    assert card.weights_url in constants or folder in constants or any(c.startswith(folder) for c in constants)
    if card.weights_hash is None:
        assert not any(len(c) in {32, 64} and set(c) <= set(string.hexdigits) for c in constants)
    else:
        assert card.weights_hash in constants


@pytest.mark.parametrize("model_id", QUICK_TO_BUILD)
def test_keras_asks_for_the_file_on_the_card_and_builds_the_model_on_the_card(model_id, monkeypatch):
    keras = importlib.import_module("keras")
    card = CATALOG[model_id]
    asked = []

    def get_file(file, url, *, cache_subdir, file_hash=None):
        asked.append((file, url, cache_subdir, file_hash))
        return file

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    monkeypatch.setattr(keras.Model, "load_weights", lambda self, path: None)
    model = build_network(card)
    assert asked == [(card.weights_file, card.weights_url, "models", card.weights_hash)]
    assert model.count_params() == card.parameters
    assert model.input_shape == (None, *card.input_size, 3)
    assert model.output_shape == (None, 1000)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_lite_models_are_those_on_their_cards(number):
    card = CATALOG[f"efficientnet_lite{number}"]
    model = build_keras(f"lite{number}", random_weights=True)
    assert model.count_params() == card.parameters
    assert model.input_shape == (None, *card.input_size, 3)


def test_the_size_of_the_weights_is_close_to_that_of_the_file():
    card = CATALOG[DEFAULT_MODEL]
    assert card.weights_bytes < weights_path(card).stat().st_size < 1.01 * card.weights_bytes


@pytest.mark.parametrize(
    ("given", "meant"), [("resnet-50", "resnet50"), ("InceptionV3", "inception_v3"), ("vgg", "vgg16")]
)
def test_an_unknown_id_is_answered_with_the_closest_ones(given, meant):
    with pytest.raises(ModelError, match=f"{given}.*did you mean .*{meant}"):
        model_card(given)


def test_an_id_like_no_other_is_answered_with_all_of_them():
    with pytest.raises(ModelError, match=r"there are efficientnet_lite0, .*nasnet_mobile\."):
        model_card("qqq")


def test_class_names_are_a_thousand_readable_and_different_ones():
    names = imagenet_class_names()
    assert len(names) == len({name.lower() for name in names}) == 1000
    assert all(name == name.strip() and name for name in names)
    known = {0: "tench", 281: "tabby", 285: "Egyptian cat", 967: "espresso", 999: "toilet tissue"}
    assert {index: names[index] for index in known} == known
    assert (names[134], names[517]) == ("crane (bird)", "crane (machine)")
