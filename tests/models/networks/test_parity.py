"""Both engines against Keras itself, on real pictures.

A network with random weights answers 0.001 to everything, and any two engines agree on that. So its last layer is
made sensitive first: shifted and scaled, so that the logits of the pictures differ by several units. Then the
probabilities are as uneven as those of a trained network, and an error anywhere in the network shows in them.
"""

import os

import keras
import numpy as np
import pytest
import skimage.data
from PIL import Image

from lime_core.errors import ModelError, WeightsError
from lime_core.models import CATALOG, bf16_available, load_classifier
from lime_core.models.engines.base import TensorFlowEngine, choosing_function
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.engines.openvino_graph import convert
from lime_core.models.from_catalog import build_network
from lime_core.models.networks import lite_in_keras, lite_in_openvino
from lime_core.models.networks.efficientnet_lite import card_of, read_weights
from lime_core.models.networks.lite_in_keras import build_keras
from lime_core.models.networks.lite_in_openvino import build_graph
from lime_core.models.networks.preprocessing import preprocess

# Building and converting takes 5 to 30 seconds a model on two cores.
QUICK = ["inception_v3", "resnet50", "mobilenet_v3_small", "efficientnet_v2_b0"]
FAMILIES = list({card.family: card.id for card in reversed(CATALOG.values())}.values())
MODELS = {"quick": QUICK, "families": FAMILIES, "all": list(CATALOG)}[os.environ.get("LIMELIGHT_PARITY", "quick")]
LOGIT_SPREAD = 3.0
PHOTOGRAPHS = (skimage.data.chelsea, skimage.data.coffee, skimage.data.astronaut)


def pictures(size, number=3):
    chosen = [Image.fromarray(read()) for read in PHOTOGRAPHS[:number]]
    return np.stack([np.asarray(one.resize(size[::-1], Image.Resampling.BILINEAR)) for one in chosen])


def make_sensitive(model, inputs):
    """Give the last layer such weights that its logits have mean 0 and a spread of `LOGIT_SPREAD` over the pictures."""
    layer = next(one for one in reversed(model.layers) if one.weights)
    kernel, bias = layer.get_weights()
    features = keras.Model(model.inputs[0], layer.input)(inputs, training=False).numpy().reshape(len(inputs), -1)
    logits = features @ kernel.reshape(features.shape[1], -1)
    scale = LOGIT_SPREAD / logits.std(axis=0).mean()
    layer.set_weights([kernel * scale, bias - scale * logits.mean(axis=0)])


def hidden(shown):
    """The first picture, quarters of it in place of the second's, and masks."""
    height, width = shown.shape[1:3]
    labels = (2 * (np.arange(height)[:, None] * 2 // height) + np.arange(width) * 2 // width).astype(np.int32)
    masks = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 1], [0, 1, 1, 1], [0, 0, 1, 0]], np.uint8)
    return labels, masks, np.where(masks[:, labels][..., None] == 1, shown[0], shown[1])


@pytest.mark.parametrize("model_id", MODELS)
def test_both_engines_agree_with_keras(model_id):
    card = CATALOG[model_id]
    keras.utils.set_random_seed(0)
    model = build_network(card, random_weights=True)
    shown = pictures(card.input_size, 2)
    make_sensitive(model, preprocess(shown, card.preprocessing))
    labels, masks, perturbed = hidden(shown)
    masks, perturbed = masks[2:], perturbed[2:]
    everything = preprocess(np.concatenate([shown, perturbed]), card.preprocessing)
    expected = model(everything, training=False).numpy()
    assert expected.max() > 0.01, "the test would prove nothing"
    assert np.abs(expected[0] - expected[1]).max() > 0.01, "the test would prove nothing"

    function = choosing_function(model, card.input_size)
    engines = [TensorFlowEngine(function, 8), OpenVINOEngine(convert(function), card.input_size, Plan(8))]
    for engine in engines:
        outputs = engine.predict(everything)
        difference = np.abs(outputs - expected).max()
        print(f"{card.id} {engine.name}: {difference:.1e}, largest probability {expected.max():.2f}")  # noqa: T201
        assert difference <= 1e-4
        np.testing.assert_allclose(outputs, expected, rtol=5e-3, atol=1e-6)
        # TensorFlow rounds by the place in a batch on some processors, so the same places are compared.
        np.testing.assert_array_equal(engine.choose(everything[[1, 0]], labels, masks), engine.predict(everything[2:]))


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_an_engine_agrees_with_keras_on_the_trained_model(engine):
    classifier = load_classifier("efficientnet_lite0", engine=engine)
    shown = pictures(classifier.input_size)
    _, _, perturbed = hidden(shown)
    everything = np.concatenate([shown, perturbed])
    expected = build_network(CATALOG[classifier.id])(everything.astype(np.float32), training=False).numpy()
    assert expected[:3].max(axis=1).min() > 0.1
    assert np.abs(classifier.predict(everything) - expected).max() <= 1e-4


@pytest.mark.parametrize("variant", ["lite0", "lite1", "lite2"])
def test_the_graph_that_is_written_down_answers_as_the_keras_model_does(variant):
    size = card_of(variant).input_size
    shown = pictures(size)
    labels, masks, perturbed = hidden(shown)
    everything = np.concatenate([shown, perturbed]).astype(np.float32)
    expected = build_keras(variant)(everything, training=False).numpy()
    assert expected[:3].max(axis=1).min() > 0.05, "the test would prove nothing"
    engine = OpenVINOEngine(build_graph(variant), size, Plan(8))
    assert np.abs(engine.predict(everything) - expected).max() <= 1e-4
    np.testing.assert_allclose(engine.predict(everything), expected, rtol=5e-3, atol=1e-6)
    np.testing.assert_array_equal(engine.choose(everything[[1, 0]], labels, masks), engine.predict(everything[3:]))


def test_an_unknown_variant_has_no_graph():
    with pytest.raises(ModelError, match="lite0, lite1, lite2; got 'lite7'"):
        build_graph("lite7")


@pytest.mark.parametrize("name", ["_conv_stem.weight", "_bn1.bias", "_fc.weight"])
@pytest.mark.parametrize("missing", [True, False])
def test_weights_of_another_network_are_refused(monkeypatch, name, missing):
    state = read_weights("lite0")
    values = state.pop(name)
    if not missing:
        state[name] = values[..., 1:]
    for module in (lite_in_keras, lite_in_openvino):
        monkeypatch.setattr(module, "read_weights", lambda _: state)
    for build in (build_keras, build_graph):
        with pytest.raises(WeightsError, match="do not fit efficientnet_lite0"):
            build("lite0")


@pytest.mark.skipif(not bf16_available(), reason="this processor does not compute in bf16")
def test_bf16_is_another_precision_and_close():
    exact, reduced = (load_classifier("efficientnet_lite0", precision=precision) for precision in ("f32", "bf16"))
    assert (exact.engine, reduced.engine) == ("openvino", "openvino-bf16")
    shown = pictures(exact.input_size)
    difference = np.abs(exact.predict(shown) - reduced.predict(shown)).max()
    assert 1e-5 < difference < 0.05
