"""What a network's features are: checked by the last layer, which turns them into its outputs."""

from __future__ import annotations

import numpy as np
import pytest

import lime_core as lc
from lime_core.models.features import FeatureClassifier, as_feature_classifier
from lime_core.models.networks.efficientnet_lite import read_weights

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 224, 224, 3), dtype=np.uint8)


def outputs_from(features):
    weights = read_weights("lite0")
    logits = features.astype(np.float64) @ weights["_fc.weight"].T + weights["_fc.bias"]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def test_the_built_in_networks_features_are_what_its_last_layer_gets():
    classifier = lc.load_classifier("efficientnet_lite0")
    network, note = as_feature_classifier(classifier)
    assert network is classifier
    assert note is None
    features = network.features(PICTURES)
    assert features.shape == (20, 1280)
    assert features.dtype == np.float32
    np.testing.assert_allclose(outputs_from(features), classifier.predict(PICTURES), atol=1e-5)
    assert network.features(PICTURES[:0]).shape == (0, 1280)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["keras", "onnx", "tflite"])
def test_a_model_file_has_features_of_its_own(lite0_files, ending):
    classifier = lc.load_classifier(lite0_files[ending])
    network, note = as_feature_classifier(classifier)
    assert note is None
    np.testing.assert_allclose(outputs_from(network.features(PICTURES)), classifier.predict(PICTURES), atol=1e-4)


def test_a_function_has_none_so_that_the_built_in_network_describes_pictures_in_its_place():
    function = lc.CallableClassifier(lambda images: np.full((len(images), 2), 0.5), 10, id="mine")
    network, note = as_feature_classifier(function)
    assert isinstance(network, FeatureClassifier)
    assert network.id == "efficientnet_lite0"
    assert note == "mine gives no features of its own: those of efficientnet_lite0 are used in their place."


@pytest.mark.slow
@pytest.mark.parametrize("last", ["dense", "convolution", "flattened"])
def test_maps_are_averaged_over_places(last):
    keras = pytest.importorskip("keras")
    inputs = keras.Input((12, 10, 3))
    maps = keras.layers.Conv2D(16, 3, strides=2, activation="relu", name="maps")(inputs)
    if last == "dense":
        scores = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(maps))
    elif last == "convolution":
        scores = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 1)(maps))
    else:
        scores = keras.layers.Dense(3)(keras.layers.Flatten()(maps))
    model = keras.Model(inputs, keras.layers.Softmax()(scores))
    network, note = as_feature_classifier(lc.KerasClassifier(model, id="small", engine="openvino"))
    pictures = PICTURES[:4, :12, :10]
    seen = np.asarray(keras.Model(inputs, maps)(pictures.astype(np.float32)))
    expected = seen.reshape(4, -1) if last == "flattened" else seen.mean(axis=(1, 2))
    assert note is None
    np.testing.assert_allclose(network.features(pictures), expected, rtol=1e-4, atol=1e-3)


@pytest.mark.slow
def test_a_network_without_a_last_layer_is_described_by_the_built_in_one():
    keras = pytest.importorskip("keras")
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(inputs)))
    network, note = as_feature_classifier(lc.KerasClassifier(model, id="colours", engine="openvino"))
    assert network.id == "efficientnet_lite0"
    assert "colours" in note
