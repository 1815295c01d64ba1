"""Gradients of Keras models against differences of the same network written in NumPy in float64."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from differentiable_models import (
    COLUMNS,
    FEATURES,
    HEIGHT,
    ROWS,
    WIDTH,
    by_hand,
    classifier,
    in_keras,
    log_odds,
    picture,
)
from scipy.special import expit, softmax

import lime_core as lc
from lime_core.models.differentiable import DifferentiableClassifier, as_differentiable, gradients_obstacle
from lime_core.models.networks.preprocessing import Preprocessing, preprocess

HAND = by_hand()
PIXELS = picture().astype(np.float32)
# Each looks into another corner, all three colours.
PLACES = [(0, 0, 0), (5, 17, 1), (13, 30, 2), (23, 31, 0), (11, 3, 1)]
STEP = 0.05  # grey levels; piecewise linear up to the logits, so no rounding and hardly a kink is met


def differences(function, images):
    """Central differences at `PLACES`, (places, classes)."""
    slopes = []
    for place in PLACES:
        more, less = images.astype(np.float64)[None], images.astype(np.float64)[None]
        more[(0, *place)] += STEP
        less[(0, *place)] -= STEP
        slopes.append((function(more) - function(less))[0] / (2 * STEP))
    return np.array(slopes)


def slopes_of(model, classes, objective="log_odds"):
    """The gradients at `PLACES`, (places, classes), and the values."""
    model.predict(PIXELS[None].astype(np.uint8))
    result = model.gradients(PIXELS[None], classes, objective)
    assert result.gradients.shape == (1, len(classes), HEIGHT, WIDTH, 3)
    assert result.gradients.dtype == np.float32
    assert result.maps is None
    return np.array([result.gradients[(0, slice(None), *place)] for place in PLACES]), result


def negative_first(z):
    return np.concatenate([-z, z], axis=1)


SINGLE = by_hand(classes=1, scale=1)
FORMS = {
    "softmax": (HAND, "softmax", {}, log_odds, lambda z: softmax(z, axis=1)),
    "logits": (HAND, None, {"outputs": "softmax"}, log_odds, lambda z: softmax(z, axis=1)),
    "log-softmax": (HAND, "log_softmax", {}, log_odds, lambda z: softmax(z, axis=1)),
    "independent sigmoids": (HAND, "sigmoid", {}, lambda z: z, expit),
    "independent logits": (HAND, None, {"outputs": "sigmoid"}, lambda z: z, expit),
    "one sigmoid": (SINGLE, "sigmoid", {}, negative_first, lambda z: expit(negative_first(z))),
    "one logit": (SINGLE, None, {"outputs": "sigmoid"}, negative_first, lambda z: expit(negative_first(z))),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("objective", ["log_odds", "output"])
def test_gradients_are_the_differences_of_the_network_in_float64(form, objective):
    hand, activation, settings, odds, outputs = FORMS[form]
    function = odds if objective == "log_odds" else outputs
    classes = range(len(outputs(hand.logits(PIXELS[None]))[0]))
    slopes, result = slopes_of(classifier(hand, activation, **settings), classes, objective)
    expected = differences(lambda images: function(hand.logits(images)), PIXELS)
    assert np.abs(expected).max() > 1e-6
    np.testing.assert_allclose(slopes, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_allclose(result.values, function(hand.logits(PIXELS[None])), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(result.outputs, outputs(hand.logits(PIXELS[None])), atol=1e-5)


def test_values_in_the_model_s_own_unit_are_differentiated_as_they_are_and_have_no_log_odds():
    model = classifier(HAND, None, outputs="values")
    slopes, _ = slopes_of(model, [2, 0], "output")
    np.testing.assert_allclose(slopes, differences(HAND.logits, PIXELS)[:, [2, 0]], rtol=1e-3, atol=1e-6)
    with pytest.raises(lc.ModelError, match="no log-odds"):
        model.gradients(PIXELS[None], [0], "log_odds")


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_however_sure_the_model_is_its_log_odds_have_a_gradient(activation):
    """At logits of about ±40 float32 knows no probability but 0 and 1."""
    sure = by_hand(scale=600)
    function = log_odds if activation == "softmax" else lambda z: z
    outputs = classifier(sure, activation).predict(PIXELS[None].astype(np.uint8))[0]
    first = int(np.argmax(outputs))
    assert outputs[first] == 1
    slopes, _ = slopes_of(classifier(sure, activation), [first])
    expected = differences(lambda images: function(sure.logits(images)), PIXELS)[:, [first]]
    np.testing.assert_allclose(slopes, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_probabilities_that_no_keras_activation_made_are_differentiated_too():
    inner = in_keras(HAND, None)
    total = keras.layers.Lambda(lambda z: keras.ops.exp(z) / keras.ops.sum(keras.ops.exp(z), axis=1, keepdims=True))
    model = lc.KerasClassifier(
        keras.Model(inner.inputs, total(inner.outputs[0])), id="own", engine="tensorflow", outputs="probabilities"
    )
    slopes, _ = slopes_of(model, [0, 1, 2])
    expected = differences(lambda images: log_odds(HAND.logits(images)), PIXELS)[:, :3]
    np.testing.assert_allclose(slopes, expected, rtol=2e-3, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("preprocessing", ["rescale", "tf", "caffe", "torch", "tf-bgr", ((0.2, 0.3, 0.4), 0.5)])
def test_gradients_are_those_of_rgb_pixels_before_the_preprocessing(preprocessing):
    hand = by_hand(scale=60)
    scale = Preprocessing.parse(preprocessing)
    matrix, offset = scale.linear()
    seen = picture()[None]
    np.testing.assert_allclose(seen @ matrix + offset, preprocess(seen, preprocessing), rtol=1e-5, atol=1e-4)

    def function(images):
        mean = np.array(scale.mean or {"torch": (0.485, 0.456, 0.406)}.get(scale.name, (0, 0, 0)))
        std = np.array(scale.std or {"torch": (0.229, 0.224, 0.225)}.get(scale.name, (1, 1, 1)))
        scaled = {
            "tf": images / 127.5 - 1,
            "caffe": images - [123.68, 116.779, 103.939],
        }.get(scale.name, (images / 255 - mean) / std)
        return log_odds(hand.logits(scaled[..., ::-1] if scale.bgr else scaled))

    slopes, _ = slopes_of(classifier(hand, preprocessing=preprocessing), range(5))
    expected = differences(function, PIXELS)
    np.testing.assert_allclose(slopes, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_a_network_of_grey_pictures_is_differentiated_by_all_three_colours():
    hand = by_hand(channels=1)
    luma = np.array([0.299, 0.587, 0.114])
    slopes, _ = slopes_of(classifier(hand), range(5))
    expected = differences(lambda images: log_odds(hand.logits((images @ luma)[..., None])), PIXELS)
    np.testing.assert_allclose(slopes, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_pictures_of_a_batch_do_not_mix():
    model, images = classifier(HAND), np.stack([picture(seed) for seed in range(3)]).astype(np.float32)
    together = model.gradients(images, [1, 4], "log_odds")
    for index in range(3):
        alone = model.gradients(images[index : index + 1], [1, 4], "log_odds")
        np.testing.assert_allclose(together.gradients[index], alone.gradients[0], rtol=1e-4, atol=1e-8)
        np.testing.assert_allclose(together.values[index], alone.values[0], rtol=1e-5)


def test_a_layer_s_maps_and_derivatives_are_those_worked_out_by_hand():
    model = classifier(HAND)
    result = model.gradients(PIXELS[None], [3], "output", layer="conv")
    np.testing.assert_allclose(result.maps, HAND.maps(PIXELS[None]), rtol=1e-4, atol=1e-5)
    p = softmax(HAND.logits(PIXELS[None])[0])
    slope = p[3] * (HAND.dense[:, 3] - HAND.dense @ p) / (ROWS * COLUMNS)
    assert result.gradients.shape == (1, 1, ROWS, COLUMNS, FEATURES)
    np.testing.assert_allclose(result.gradients[0, 0], np.broadcast_to(slope, (ROWS, COLUMNS, FEATURES)), rtol=1e-3)


# Which layers there are


def layer_names(model, **settings):
    made = lc.KerasClassifier(model, id="own", engine="tensorflow", **settings)
    return [item.name for item in lc.feature_layers(made)]


def test_layers_are_listed_in_their_order_with_the_shape_of_their_maps():
    assert lc.feature_layers(classifier(HAND)) == (
        lc.FeatureLayer("scaling", (HEIGHT, WIDTH, 3)),
        lc.FeatureLayer("conv", (ROWS, COLUMNS, FEATURES)),
    )


def nested_models():
    keras.utils.set_random_seed(1)
    base = keras.Sequential(
        [keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3, name="c1"), keras.layers.ReLU(name="r1")], name="base"
    )
    top = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
    inputs = keras.Input((16, 16, 3))
    middle = keras.Model(inputs, base(inputs), name="middle")

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.base, self.pool, self.dense = base, *top

        def call(self, pixels, training=False):
            return self.dense(self.pool(self.base(pixels, training=training)))

    return {
        "Sequential": keras.Sequential([*base.layers, *top]),
        "Sequential in Sequential": keras.Sequential([base, *top]),
        "Sequential in functional": keras.Model(inputs, top[1](top[0](base(inputs)))),
        "functional in functional": keras.Model(inputs, top[1](top[0](middle(inputs)))),
        "a class of one's own": Own(),
    }


EXPECTED = {
    "Sequential": ["c1", "r1"],
    "functional in functional": ["middle/base/c1", "middle/base/r1"],
}


@pytest.fixture(scope="module")
def nested():
    return nested_models()


@pytest.mark.parametrize("kind", nested_models())
def test_the_last_map_is_found_in_every_kind_of_model_and_is_the_same(nested, kind):
    model = nested[kind]
    assert layer_names(model, input_size=16) == EXPECTED.get(kind, ["base/c1", "base/r1"])
    made = lc.KerasClassifier(model, id="own", engine="tensorflow", input_size=16)
    images = np.random.default_rng(0).uniform(0, 255, (2, 16, 16, 3)).astype(np.float32)
    last = lc.feature_layers(made)[-1].name
    result = made.gradients(images, [0, 2], "log_odds", layer=last)
    flat = lc.KerasClassifier(nested["Sequential"], id="flat", engine="tensorflow")
    expected = flat.gradients(images, [0, 2], "log_odds", layer="r1")
    np.testing.assert_allclose(result.maps, expected.maps, rtol=1e-5)
    np.testing.assert_allclose(result.gradients, expected.gradients, rtol=1e-4, atol=1e-7)


def test_a_layer_beside_the_way_to_the_output_is_not_listed():
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, name="shared")(inputs)
    aside = keras.layers.Conv2D(2, 3, name="aside")(x)
    outputs = {
        "scores": keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x)),
        "other": keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(aside)),
    }
    model = keras.Model(inputs, outputs)
    assert layer_names(model, output="scores") == ["shared"]
    assert layer_names(model, output="other", outputs="values") == ["shared", "aside"]


def test_what_has_four_axes_inside_attention_is_no_map():
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 4, strides=4, name="patches")(inputs)
    x = keras.layers.Reshape((16, 8))(x)
    x = keras.layers.MultiHeadAttention(num_heads=2, key_dim=4)(x, x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    assert layer_names(keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))) == ["patches"]


def test_a_network_without_maps_says_what_to_take_instead():
    model = keras.Sequential(
        [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    )
    with pytest.raises(lc.ModelError, match=r"no layer with a map.*integrated_gradients or smooth_grad"):
        layer_names(model)


def test_maps_with_channels_first_are_not_guessed_at():
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Permute((3, 1, 2))(inputs)
    x = keras.layers.GlobalAveragePooling2D(data_format="channels_first", name="pool")(x)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    with pytest.raises(lc.ModelError, match="'pool' has its channels first"):
        layer_names(model)


def test_an_unknown_layer_is_refused_with_those_there_are():
    with pytest.raises(lc.ModelError, match=r"no layer 'conv9' with maps; those with maps are: scaling, conv\."):
        classifier(HAND).gradients(PIXELS[None], [0], "log_odds", layer="conv9")


def test_what_cannot_be_differentiated_is_said():
    inputs = keras.Input((HEIGHT, WIDTH, 3))
    rounded = keras.layers.Lambda(lambda x: keras.ops.cast(keras.ops.cast(x, "int32"), "float32"))(inputs)
    model = keras.Model(inputs, in_keras(HAND)(rounded))
    made = lc.KerasClassifier(model, id="own", engine="tensorflow")
    with pytest.raises(lc.ModelError, match="do not depend on the pictures in a differentiable way"):
        made.gradients(PIXELS[None], [0], "log_odds")


# The model is left alone, and shared between threads


def test_the_model_is_left_as_it_was():
    model = in_keras(HAND)
    before = [weight.copy() for weight in model.get_weights()]
    inbound = [len(layer._inbound_nodes) for layer in model.layers]
    made = lc.KerasClassifier(model, id="own", engine="tensorflow")
    images = PIXELS[None].copy()
    made.gradients(images, [0], "log_odds", layer="conv")
    with pytest.raises(lc.ModelError):
        made.gradients(images, [0], "log_odds", layer="conv9")
    assert not [layer.name for layer in model.layers if "call" in vars(layer)]
    assert [len(layer._inbound_nodes) for layer in model.layers] == inbound
    assert all(map(np.array_equal, model.get_weights(), before))
    assert np.array_equal(images, PIXELS[None])


def test_threads_share_a_classifier_and_each_gets_its_own_picture_s_maps():
    made, images = classifier(HAND), [picture(seed)[None] for seed in range(12)]

    def ask(index):
        if index % 3 == 2:
            return made.predict(images[index])
        layer = "conv" if index % 3 else None
        result = made.gradients(images[index].astype(np.float32), [1], "log_odds", layer=layer)
        return result.gradients if result.maps is None else result.maps

    expected = [ask(index) for index in range(12)]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(ask, range(12)))
    for answer, right in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer, right, rtol=1e-4, atol=1e-7)


# Where there are none


def test_functions_say_that_they_have_no_gradients():
    function = lc.CallableClassifier(lambda images: np.full((len(images), 2), 0.5), 20, outputs="probabilities")
    assert not isinstance(function, DifferentiableClassifier)
    assert "KerasClassifier" in gradients_obstacle(function)
    with pytest.raises(lc.ModelError, match="servers and functions do not give"):
        as_differentiable(function)
    with pytest.raises(lc.ModelError, match="servers and functions do not give"):
        lc.feature_layers(function)


def test_without_tensorflow_the_obstacle_says_what_to_install(monkeypatch):
    made = classifier(HAND)
    assert made.gradients_obstacle is None
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert made.gradients_obstacle == (
        "Gradients need TensorFlow and Keras, and tensorflow is not installed: `pip install tensorflow keras`."
    )
    with pytest.raises(lc.ModelError, match="pip install"):
        made.gradients(PIXELS[None], [0], "log_odds")


@pytest.mark.parametrize("images", [PIXELS, PIXELS[None].astype(np.uint8), np.zeros((1, 8, 8, 3), np.float32)])
def test_pictures_of_another_shape_or_type_are_refused(images):
    with pytest.raises(lc.ModelError, match="images must be float32"):
        classifier(HAND).gradients(images, [0], "log_odds")
