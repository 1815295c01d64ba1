"""Small Keras models with known answers, in every form that models come in; and what each fault looks like.

One network is trained here: it tells whether a bright square is in the left or the right half of a picture. All others
have its weights and another end or another beginning, so that their explanations must be equal.
"""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
from PIL import Image as Pillow

import lime_core as lc
from lime_core.models import Preprocessing, compare_preprocessings
from lime_core.models.networks.preprocessing import grey
from lime_core.models.networks.preprocessing_choice import preprocessing_in

SIZE = (12, 18)
GRID = lc.Grid(rows=2, columns=6)
SPEC = lc.ExplainSpec(segmentation=GRID, samples=256, fill="grey", seed=1)


def squares(count, seed=0):
    """Dim noise with a bright square, and in which half it is: 0 left, 1 right."""
    random = np.random.default_rng(seed)
    pictures = random.integers(60, 120, (count, *SIZE, 3), dtype=np.uint8)
    halves = random.integers(0, 2, count)
    for picture, half in zip(pictures, halves, strict=True):
        row, column = random.integers(0, 8), random.integers(0, 5) + 9 * half
        picture[row : row + 4, column : column + 4] = random.integers(180, 256, 3)
    return pictures, halves


PICTURE = squares(1, seed=5)[0][0]


@pytest.fixture(scope="module")
def trained():
    """Kernel and bias of a linear layer on pixels in 0..1."""
    keras.utils.set_random_seed(0)
    pictures, halves = squares(1000)
    inputs = keras.Input((*SIZE, 3))
    logits = keras.layers.Dense(2)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, logits)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(pictures / 255.0, halves, epochs=12, verbose=0)
    unseen, where = squares(200, seed=1)
    assert (model(unseen / 255.0).numpy().argmax(axis=1) == where).mean() > 0.99
    kernel, bias = model.layers[-1].get_weights()
    return kernel, bias


def built(trained, end=lambda logits: logits, begin=lambda pixels: pixels):
    """A model with the trained weights, with other layers behind and in front of them."""
    inputs = keras.Input((*SIZE, 3))
    layer = keras.layers.Dense(2)
    model = keras.Model(inputs, end(layer(keras.layers.Flatten()(begin(inputs)))))
    layer.set_weights(trained)
    return model


def single(trained, activation=None):
    """The logit of right against left as the only output."""
    kernel, bias = trained
    model = keras.Sequential(
        [keras.Input((*SIZE, 3)), keras.layers.Flatten(), keras.layers.Dense(1, activation=activation)]
    )
    model.layers[-1].set_weights([kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]])
    return model


def wrapped(model, **facts):
    return lc.KerasClassifier(
        model, **{"id": "mine", "preprocessing": "rescale", "class_names": ["left", "right"]} | facts
    )


def coefficients(classifier, index=1):
    return lc.explain(PICTURE, classifier, SPEC)[index].coefficients


@pytest.fixture(scope="module")
def expected(trained):
    return coefficients(wrapped(built(trained, keras.layers.Softmax())))


class Subclassed(keras.Model):
    """A model of a user's own class, whose shapes Keras does not know."""

    def __init__(self, weights, name=None):
        super().__init__()
        self.flatten, self.dense = keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")
        self.given, self.key = weights, name

    def build(self, shape):
        self.dense.build((None, shape[1] * shape[2] * shape[3]))
        self.dense.set_weights(self.given)

    def call(self, pixels):
        outputs = self.dense(self.flatten(pixels))
        return outputs if self.key is None else {self.key: outputs}


def unbuilt(trained):
    layer = keras.layers.Dense(2, activation="softmax")
    layer.build((None, SIZE[0] * SIZE[1] * 3))
    layer.set_weights(trained)
    return keras.Sequential([keras.layers.Flatten(), layer])


FORMS = {
    "softmax in the last layer": (lambda t: built(t, keras.layers.Activation("softmax")), {}, "ends in softmax"),
    "softmax in a model inside": (
        lambda t: keras.Sequential([keras.Input((*SIZE, 3)), built(t, keras.layers.Softmax())]),
        {},
        "ends in softmax",
    ),
    "softmax as an operation": (lambda t: built(t, keras.ops.softmax), {}, "ends in softmax"),
    "logits": (built, {}, "a softmax is applied"),
    "log-probabilities": (lambda t: built(t, keras.layers.Activation("log_softmax")), {}, "ends in log-softmax"),
    "one sigmoid": (lambda t: single(t, "sigmoid"), {}, "class 0 has 1 − p"),
    "one logit": (single, {}, "a sigmoid is applied"),
    "a dict of one": (lambda t: built(t, lambda x: {"side": keras.ops.softmax(x)}), {}, "sum to 1|ends in softmax"),
    "several heads": (
        lambda t: built(t, lambda x: {"a": x, "side": keras.ops.softmax(x)}),
        {"output": "side"},
        "ends in softmax",
    ),
    "not built": (unbuilt, {"input_size": SIZE}, "ends in softmax"),
    "a class of one's own": (lambda t: Subclassed(t), {"input_size": SIZE}, "sum to 1"),
    "a class of one's own with a dict": (lambda t: Subclassed(t, "side"), {"input_size": SIZE}, "sum to 1"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_model_has_the_same_explanation_in_whatever_form_it_answers(trained, expected, form):
    make, facts, note = FORMS[form]
    classifier = wrapped(make(trained), **facts)
    assert any(re.search(note, said) for said in classifier.notes), classifier.notes
    np.testing.assert_allclose(coefficients(classifier), expected, atol=2e-3 * np.abs(expected).max())


def by_hand(trained):
    """What each superpixel adds to the logit of right against left, when grey is what hides it."""
    weights = (trained[0][:, 1] - trained[0][:, 0]).reshape(*SIZE, 3)
    return ((PICTURE / 255.0 - 128 / 255.0) * weights).reshape(2, 6, 6, 3, 3).sum(axis=(1, 3, 4)).ravel()


def test_the_explanation_is_the_one_by_hand(trained, expected):
    np.testing.assert_allclose(expected, by_hand(trained), atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_both_engines_read_outputs_alike(trained, engine):
    classifier = wrapped(built(trained), engine=engine)
    pictures = squares(40, seed=2)[0]
    logits = (pictures.reshape(40, -1) / 255.0) @ trained[0] + trained[1]
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(classifier.predict(pictures), powers / powers.sum(1, keepdims=True), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("rescale", lambda x: x),
        ("none", keras.layers.Rescaling(1 / 255)),
        ("tf", keras.layers.Rescaling(0.5, 0.5)),
        ("torch", lambda x: x * np.float32([0.229, 0.224, 0.225]) + np.float32([0.485, 0.456, 0.406])),
        ("caffe", lambda x: (x + np.float32([103.939, 116.779, 123.68]))[..., ::-1] / 255),
        ("rescale-bgr", lambda x: x[..., ::-1]),
        ((0.25, 0.5), keras.layers.Rescaling(0.5, 0.25)),
        (((0.1, 0.2, 0.3), 0.5), lambda x: x * np.float32(0.5) + np.float32([0.1, 0.2, 0.3])),
        ("0.1,0.2,0.3,0.5,0.6,0.7", lambda x: x * np.float32([0.5, 0.6, 0.7]) + np.float32([0.1, 0.2, 0.3])),
    ],
    ids=lambda each: "" if callable(each) else str(each),
)
def test_a_model_has_the_same_explanation_whatever_range_it_was_trained_with(trained, expected, name, begin):
    classifier = wrapped(built(trained, keras.layers.Softmax(), begin), preprocessing=name)
    np.testing.assert_allclose(coefficients(classifier), expected, atol=2e-3 * np.abs(expected).max())


# Faults


@pytest.mark.parametrize(("wanted", "given"), [("rescale", "none"), ("none", "rescale")])
def test_given_the_wrong_range_the_verdict_names_the_preprocessing_first(two_layers, wanted, given):
    model = begin_with(two_layers, keras.layers.Rescaling(1 / 255)) if wanted == "none" else two_layers
    names = ["left", "right", "nothing"]
    right, wrong = (
        lc.explain(PICTURE, wrapped(model, preprocessing=name, class_names=names), SPEC) for name in (wanted, given)
    )
    assert not any("the same to everything" in reason for item in right.classes for reason in item.trust.reasons)
    for item in wrong.classes:
        assert item.trust.level == "meaningless"
        assert "answers the same to everything" in item.trust.reasons[0]
        assert item.trust.advice.startswith("Check the preprocessing first")


@pytest.mark.parametrize(
    ("name", "begin"),
    [("rescale", lambda x: x), ("none", keras.layers.Rescaling(1 / 255)), ("tf", keras.layers.Rescaling(0.5, 0.5))],
    ids=["rescale", "none", "tf"],
)
def test_the_right_range_is_found_from_the_answers(two_layers, name, begin):
    network = begin_with(two_layers, begin)
    found = compare_preprocessings(
        PICTURE, lambda pictures: network(pictures).numpy(), choices=["none", "rescale", "tf"]
    )
    assert str(found.suggested) == name, found
    assert f"With '{name}' the model is confident" in found.reason
    right = next(answer for answer in found.answers if str(answer.preprocessing) == name)
    half = squares(1, seed=5)[1][0]
    assert right.top[0][0] == half
    assert 0.3 < right.score <= 1
    assert sum(output for _, output in right.top) == pytest.approx(1, abs=1e-5)


@pytest.fixture(scope="module")
def two_layers():
    """A network that also knows pictures without a square: what the wrong range turns all pictures into."""
    keras.utils.set_random_seed(1)
    pictures, halves = squares(1500, seed=3)
    random = np.random.default_rng(4)
    nothing = np.concatenate(
        [
            np.broadcast_to(random.integers(0, 256, (400, 1, 1, 3), dtype=np.uint8), (400, *SIZE, 3)),
            random.permuted(pictures[:400].reshape(400, -1, 3), axis=1).reshape(400, *SIZE, 3),
        ]
    )
    inputs = keras.Input((*SIZE, 3))
    x = keras.layers.Conv2D(8, 4, activation="relu6")(inputs)
    x = keras.layers.Dense(32, activation="relu6")(keras.layers.Flatten()(x))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    model.fit(
        np.concatenate([pictures, nothing]) / 255.0, np.concatenate([halves, np.full(800, 2)]), epochs=8, verbose=0
    )
    return model


def begin_with(model, begin):
    inputs = keras.Input((*SIZE, 3))
    return keras.Model(inputs, model(begin(inputs)))


def asked_nothing(pictures):
    return np.full((len(pictures), 2), 0.5)


def test_a_layer_inside_goes_before_metadata_and_these_before_answers():
    for facts, suggested, reason in (
        ({"scales_inside": True, "metadata": "mean 0.5 std 0.5"}, "none", "layer inside"),
        ({"metadata": "mean 0.5 std 0.5"}, "tf", "metadata name 'tf'"),
        ({}, "none", "hardly tell"),
    ):
        found = compare_preprocessings(PICTURE, asked_nothing, **facts)
        assert str(found.suggested) == suggested
        assert reason in found.reason


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("Image.NominalPixelRange: Normalized_0_1\nImage.BitmapPixelFormat: Bgr8", "rescale-bgr"),
        ("Image.NominalPixelRange: NominalRange_0_255, Rgb8", "none"),
        ("Normalized_1_1", "tf"),
        ('{"mean": [127.5], "std": [127.5]}', "tf"),
        ('{"mean": [0.0], "std": [255.0]}', "rescale"),
        ('{"mean": [0.0], "std": [1.0]}', "none"),
        ("mean=[0.485, 0.456, 0.406] std=[0.229, 0.224, 0.225]", "torch"),
        ("mean: 123.675, 116.28, 103.53; std: 58.395, 57.12, 57.375", "torch"),
        ("mean 0.1 std 0.3", "0.1,0.3"),
        ("input range 0..255", "none"),
        ("a classifier of birds", None),
        ("mean 2000 std 3", None),
        ("", None),
    ],
)
def test_metadata_name_a_preprocessing_in_the_ways_that_files_do(metadata, expected):
    found = preprocessing_in(metadata)
    assert (None if found is None else str(found)) == expected


def test_a_long_text_is_read_in_a_moment():
    assert preprocessing_in("mean " * 1_000_000) is None


def test_names_of_a_sigmoid_follow_keras_where_near_one_is_the_second_class(trained):
    pictures, halves = squares(50, seed=7)
    probabilities = wrapped(single(trained, "sigmoid")).predict(pictures)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), halves)
    np.testing.assert_allclose(probabilities[:, 1], single(trained, "sigmoid")(pictures / 255.0)[:, 0], atol=1e-5)


def test_class_indices_are_turned_the_right_way_round(trained, tmp_path):
    path = tmp_path / "class_indices.json"
    path.write_text('{"right": 1, "left": 0}', "utf-8")
    for names in ({"right": 1, "left": 0}, path):
        explanation = lc.explain(PICTURE, wrapped(single(trained, "sigmoid"), class_names=names), SPEC)
        assert explanation.classes[0].name == ("left", "right")[squares(1, seed=5)[1][0]]


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_and_too_many_names_are_told_both_numbers(trained, count):
    with pytest.raises(lc.ModelError, match=f"2 classes, but {count} class names"):
        wrapped(built(trained), class_names=["a"] * count)


def test_three_names_for_a_sigmoid_are_told_both_numbers(trained):
    with pytest.raises(lc.ModelError, match="1 classes, but 3 class names"):
        wrapped(single(trained, "sigmoid"), class_names=["a", "b", "c"])


def test_several_labels_at_once_are_explained_one_by_one(trained, expected):
    for model, facts in (
        (built(trained, keras.layers.Activation("sigmoid")), {}),
        (built(trained), {"outputs": "sigmoid"}),
    ):
        classifier = wrapped(model, **facts)
        pictures = squares(20, seed=8)[0]
        logits = (pictures.reshape(20, -1) / 255.0) @ trained[0] + trained[1]
        np.testing.assert_allclose(classifier.predict(pictures), 1 / (1 + np.exp(-logits)), atol=1e-4)


def test_logits_taken_for_something_else_have_another_identity(trained):
    identities = {wrapped(built(trained), outputs=form).identity for form in ("softmax", "sigmoid", "values", "auto")}
    assert identities == {"rescale; outputs softmax", "rescale; outputs sigmoid", "rescale; outputs values"}
    assert wrapped(built(trained, keras.layers.Softmax())).identity == "rescale"


def test_several_heads_are_listed_where_none_is_chosen(trained):
    model = built(trained, lambda x: {"breed": x, "age": keras.layers.Dense(1)(x)})
    with pytest.raises(lc.ModelError, match="2 outputs; choose one with output=: 'breed', 'age'"):
        wrapped(model)
    with pytest.raises(lc.ModelError, match="no output 'size'"):
        wrapped(model, output="size")
    listed = built(trained, lambda x: [keras.layers.Softmax(name="one")(x), keras.layers.ReLU(name="two")(x)])
    assert wrapped(listed, output="one").predict(PICTURE[None]).sum() == pytest.approx(1, abs=1e-5)


def test_a_regression_is_explained_in_its_own_unit(trained):
    classifier = wrapped(single(trained), class_names=["place"], outputs="values")
    explanation = lc.explain(PICTURE, classifier, SPEC)
    assert (explanation.unit, explanation.spec.target.name) == ("output", "probability")
    hand = by_hand(trained)
    np.testing.assert_allclose(explanation[0].coefficients, hand, atol=0.02 * np.abs(hand).max())


def grey_model(trained):
    """A model of grey pictures that sees what `trained` sees in a picture whose three channels are equal."""
    kernel, bias = trained
    model = keras.Sequential(
        [keras.Input((*SIZE, 1)), keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]
    )
    model.layers[-1].set_weights([kernel.reshape(-1, 3, 2).sum(axis=1), bias])
    return model


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_a_grey_model_sees_colour_pictures_in_pillows_grey(trained, engine):
    classifier = wrapped(grey_model(trained), engine=engine)
    assert classifier.channels == 1
    pictures = squares(20, seed=9)[0]
    in_grey = np.stack([np.asarray(Pillow.fromarray(picture).convert("L")) for picture in pictures])
    colour = wrapped(built(trained, keras.layers.Softmax()), engine=engine)
    same = in_grey[..., None].repeat(3, axis=3)
    np.testing.assert_allclose(classifier.predict(pictures), colour.predict(same), atol=1e-5)
    masked = lc.explain(PICTURE, classifier, SPEC)
    assert masked.classes[0].trust.level == "solid"
    np.testing.assert_array_equal(grey(pictures), in_grey)


def test_preprocessings_of_three_colours_are_refused_for_grey(trained):
    for name in ("torch", "caffe"):
        with pytest.raises(lc.ModelError, match="mean for each of three colours, but the network takes grey"):
            wrapped(grey_model(trained), preprocessing=name)
    with pytest.raises(lc.ModelError, match="leave -bgr out"):
        wrapped(grey_model(trained), preprocessing="rescale-bgr")


@pytest.mark.parametrize("size", [(0, 0), (12, 0), (12,), (12, 18, 3), "12x18", 12.5, (12.0, 18.0), -3, True])
def test_an_input_size_of_any_wrong_form_is_a_clear_error(trained, size):
    for model in (built(trained), unbuilt(trained), Subclassed(trained)):
        with pytest.raises(lc.ModelError, match="An input size is one or two positive whole numbers"):
            wrapped(model, input_size=size)


def test_a_model_that_is_not_built_is_asked_for_its_size(trained):
    for model in (unbuilt(trained), Subclassed(trained)):
        with pytest.raises(lc.ModelError, match=r"does not say what pictures it takes.*give input_size"):
            wrapped(model)


def test_a_model_that_fails_on_a_black_picture_says_why(trained):
    class Broken(keras.Model):
        def call(self, pixels):
            raise RuntimeError("out of coffee")

    with pytest.raises(lc.ModelError, match=r"cannot be called with a picture of shape \(12, 18, 3\).*out of coffee"):
        wrapped(Broken(), input_size=SIZE)


def test_a_model_that_answers_nan_is_refused_at_once(trained):
    model = built(trained)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(lc.ModelError, match="not finite numbers; check its weights"):
        wrapped(model)


def test_a_bare_keras_model_is_told_what_to_be_wrapped_in(trained):
    for model in (built(trained), unbuilt(trained), Subclassed(trained)):
        with pytest.raises(lc.ModelError, match=r"lc\.KerasClassifier\(model, id=…\)"):
            lc.explain(PICTURE, model, SPEC)


def test_preprocessing_and_notes_of_a_classifier_can_be_read(trained):
    classifier = wrapped(built(trained), preprocessing=(0.0, 1.0))
    assert classifier.preprocessing == "0.0,1.0"
    assert Preprocessing.parse(classifier.preprocessing) == Preprocessing("own", (0.0,), (1.0,))
    assert classifier.outputs_are == "probabilities"


def test_a_classifier_says_what_it_took_before_it_is_asked(trained):
    inputs = keras.Input((*SIZE, 3))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(inputs)))
    assert "ends in softmax" in wrapped(model, class_names=["a", "b", "c"]).notes[0]
    assert "range from" in wrapped(built(trained)).notes[0]
    assert wrapped(built(trained), outputs="softmax").notes == ()
