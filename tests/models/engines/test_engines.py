import os
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import openvino.opset13 as ov
import pytest

from lime_core.errors import ModelError
from lime_core.models import KerasClassifier, bf16_available, load_classifier
from lime_core.models.engines import openvino_engine
from lime_core.models.engines.base import choosing_function
from lime_core.models.engines.choice import make_engine
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.engines.openvino_graph import choosing_graph, convert

SIZE = (14, 10)


@pytest.fixture(scope="module")
def network():
    """A small convolutional network of a non-square size."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((*SIZE, 3))
    x = keras.layers.Conv2D(8, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(inputs))
    return keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(keras.layers.Flatten()(x)))


@pytest.fixture(scope="module")
def graph(network):
    return convert(choosing_function(network, SIZE))


def asked(count, seed=0, superpixels=7):
    rng = np.random.default_rng(seed)
    pictures = rng.uniform(0, 255, (2, *SIZE, 3)).astype(np.float32)
    labels = rng.integers(0, superpixels, SIZE, dtype=np.int32)
    return pictures, labels, rng.integers(0, 2, (count, superpixels), dtype=np.uint8)


def expected(network, pictures, labels, choices):
    assembled = np.where(choices[:, labels][..., None] == 1, pictures[1], pictures[0])
    return network(assembled, training=False).numpy()


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
@pytest.mark.parametrize("superpixels", [1, 2, 140, 1023])
def test_superpixels_are_chosen_inside_the_graph(network, engine, superpixels):
    made, note = make_engine(lambda: network, SIZE, engine=engine)
    question = asked(20, superpixels=superpixels)
    assert note is None
    np.testing.assert_allclose(made.choose(*question), expected(network, *question), atol=1e-5)


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_more_than_two_pictures_may_be_chosen_from(network, engine):
    made, _ = make_engine(lambda: network, SIZE, engine=engine)
    pictures = np.random.default_rng(0).uniform(0, 255, (3, *SIZE, 3)).astype(np.float32)
    labels = np.zeros(SIZE, np.int32)
    labels[:5] = 1
    outputs = made.choose(pictures, labels, np.array([[0, 2]], np.uint8))
    np.testing.assert_allclose(outputs, network(np.concatenate([pictures[2, :5], pictures[0, 5:]])[None]), atol=1e-5)


@pytest.mark.parametrize("plan", [Plan(1, 1), Plan(8, 2), Plan(32, 1), Plan(255, 1)])
def test_outputs_depend_on_neither_batch_size_nor_streams(graph, plan):
    question = asked(37)
    usual = OpenVINOEngine(graph, SIZE).choose(*question)
    np.testing.assert_allclose(OpenVINOEngine(graph, SIZE, plan).choose(*question), usual, atol=1e-6)


@pytest.mark.parametrize("streams", [1, 2])
def test_a_row_is_the_same_to_the_last_bit_however_it_is_batched(graph, streams):
    engine = OpenVINOEngine(graph, SIZE, Plan(8, streams))
    pictures, labels, choices = asked(37)
    together = engine.choose(pictures, labels, choices)
    # From the second short call on, pictures that are left over go one by one.
    for start, stop in [(0, 1), (36, 37), (3, 12), (0, 8), (7, 37), (36, 37), (4, 7), (20, 31), (0, 37)]:
        np.testing.assert_array_equal(engine.choose(pictures, labels, choices[start:stop]), together[start:stop])


def test_a_few_pictures_cost_few_passes_once_short_calls_have_come_again(monkeypatch):
    passes = []
    run = openvino_engine._Compiled.run
    monkeypatch.setattr(
        openvino_engine._Compiled,
        "run",
        lambda self, pictures, labels, choices: (
            passes.append((self._batch_size, len(choices))) or run(self, pictures, labels, choices)
        ),
    )
    # The largest number is the same in whatever order they are looked at.
    engine = OpenVINOEngine(choosing_graph(lambda pixels: ov.reduce_max(pixels, np.int32([1, 2])), SIZE), SIZE, Plan(8))
    pictures, labels, choices = asked(37)
    for count in (1, 2):
        engine.choose(pictures, labels, choices[:count])
    compared = [(1, 8), (8, 8)]
    assert passes == [(8, 1), *compared, (1, 2)]
    passes.clear()
    for count in (1, 3, 4, 8, 10):
        engine.choose(pictures, labels, choices[:count])
    assert passes == [(1, 1), (1, 3), (8, 4), (8, 8), (1, 2), (8, 8)]


def _with_the_sum_of_the_batch(pixels):
    return ov.add(ov.reduce_mean(pixels, np.int32([1, 2])), ov.reduce_sum(pixels, np.int32([0, 1, 2])))


def _sure_of_itself(pixels):
    """Two classes of which one always has all the probability; what enters the last layer depends on the batch."""
    features = ov.concat([_with_the_sum_of_the_batch(pixels)] * 4, 1)
    weights = np.repeat(np.float32([[1e6, -1e6]]), 12, axis=0)
    return ov.softmax(ov.matmul(ov.abs(features), weights, False, False), 1)


@pytest.mark.parametrize("network", [_with_the_sum_of_the_batch, _sure_of_itself])
def test_pictures_go_in_full_batches_where_one_alone_gives_other_bits(network):
    engine = OpenVINOEngine(choosing_graph(network, SIZE), SIZE, Plan(8))
    pictures, labels, choices = asked(37)
    first = engine.choose(pictures, labels, choices[:1])
    features = engine.features(pictures[:1]) if engine.gives_features else None
    assert engine.gives_features == (network is _sure_of_itself)
    for _ in range(4):
        np.testing.assert_array_equal(engine.choose(pictures, labels, choices[:1]), first)
        if features is not None:
            np.testing.assert_array_equal(engine.features(pictures[:1]), features)


@pytest.mark.parametrize("streams", [1, 2])
def test_threads_asking_at_once_get_the_answers_of_one_after_the_other(graph, streams):
    engine = OpenVINOEngine(graph, SIZE, Plan(8, streams))
    questions = [asked(40, seed) for seed in range(12)]
    alone = [engine.choose(*question) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda question: engine.choose(*question), questions))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_two_threads_explain_with_the_built_in_model_as_one_does():
    classifier = load_classifier()
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, *classifier.input_size, 3), dtype=np.uint8)
    labels = rng.integers(0, 9, classifier.input_size, dtype=np.int32)
    masks = rng.integers(0, 2, (40, 9), dtype=np.uint8)

    def answer(image):
        return classifier.masked_predictor(image, np.zeros_like(image), labels)(masks)

    alone = [answer(image) for image in images]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(answer, images))
    np.testing.assert_array_equal(alone, together)


def test_an_engine_serves_on_after_a_question_it_could_not_answer(graph):
    engine = OpenVINOEngine(graph, SIZE)
    pictures, labels, choices = asked(40)
    before = engine.choose(pictures, labels, choices)
    with pytest.raises(ModelError, match="could not run the model"):
        engine.choose(pictures[:, 1:], labels, choices)
    np.testing.assert_array_equal(engine.choose(pictures, labels, choices), before)


def test_a_graph_of_another_size_is_refused(graph):
    with pytest.raises(ModelError, match="must have the inputs"):
        OpenVINOEngine(graph, SIZE[::-1])


def test_what_an_activation_keeps_for_its_gradient_is_no_output():
    inputs = keras.Input((*SIZE, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, activation="swish")(inputs))
    model = keras.Model(inputs, x)
    made, note = make_engine(lambda: model, SIZE)
    pictures = np.random.default_rng(0).uniform(-1, 1, (3, *SIZE, 3)).astype(np.float32)
    assert (made.name, note) == ("openvino", None)
    np.testing.assert_allclose(made.predict(pictures), model(pictures), atol=1e-5)


def unconvertible():
    """A network with a Python function in it, which no other program can run."""
    import tensorflow as tf

    class Outside(keras.layers.Layer):
        def call(self, inputs):
            doubled = tf.numpy_function(lambda array: 2 * array, [inputs], tf.float32)
            return tf.ensure_shape(doubled, (None, 4))

        def compute_output_shape(self, shape):
            return shape

    inputs = keras.Input((*SIZE, 3))
    x = keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(inputs))
    return keras.Model(inputs, Outside()(x))


def test_where_a_model_does_not_convert_tensorflow_serves_and_says_so():
    classifier = KerasClassifier(unconvertible(), id="mine")
    assert classifier.engine == "tensorflow"
    assert "OpenVINO could not convert the model" in classifier.engine_note
    assert classifier.predict(np.zeros((3, *SIZE, 3), np.uint8)).shape == (3, 4)


def test_openvino_that_was_asked_for_is_not_replaced():
    with pytest.raises(ModelError, match="cannot run on OpenVINO: OpenVINO could not convert"):
        KerasClassifier(unconvertible(), id="mine", engine="openvino")


def test_an_unfortunate_answer_of_nothing_but_nan_is_not_taken_for_agreement(network):
    broken = keras.models.clone_model(network)
    broken.set_weights([np.full_like(weight, np.nan) for weight in network.get_weights()])
    assert KerasClassifier(broken, id="broken").engine == "tensorflow"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"engine": "onnx"}, "engine must be one of auto, tensorflow, openvino; got 'onnx'"),
        ({"precision": "f16"}, "precision must be one of f32, bf16; got 'f16'"),
        ({"engine": "tensorflow", "precision": "bf16"}, "f32 only"),
        ({"batch_size": 256}, "1 to 255; got 256"),
    ],
)
def test_what_no_engine_can_do_is_refused(network, arguments, message):
    with pytest.raises(ModelError, match=message):
        KerasClassifier(network, id="mine", **arguments)


def test_without_openvino_tensorflow_serves_and_says_so(run_python, tmp_path):
    broken = tmp_path / "openvino"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('no such library')")
    run_python(
        """
        from lime_core.models import bf16_available, load_classifier
        classifier = load_classifier()
        assert classifier.engine == "tensorflow"
        assert "no such library" in classifier.engine_note, classifier.engine_note
        assert not bf16_available()
        """,
        PYTHONPATH=os.pathsep.join([str(tmp_path), *sys.path]),
    )


def test_nothing_is_reported_to_anybody_while_a_model_is_converted(run_python, tmp_path):
    run_python(
        """
        import socket, sys, threading
        asked = []
        socket.socket.connect = socket.socket.connect_ex = lambda self, address: asked.append(address)
        socket.getaddrinfo = lambda host, *_, **__: asked.append(host)
        from lime_core.models import load_classifier
        classifier = load_classifier()
        assert classifier.engine == "openvino"
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join(5)
        assert not asked, asked
        assert "openvino_telemetry" not in sys.modules
        """,
        LIMELIGHT_CACHE=str(tmp_path / "cache"),
        HOME=str(tmp_path),
    )
    # It would keep the number of this user's machine there.
    assert not (tmp_path / "intel").exists()


@pytest.mark.skipif(bf16_available(), reason="this processor computes in bf16")
def test_bf16_is_refused_where_the_processor_lacks_it():
    with pytest.raises(ModelError, match="does not compute in bf16"):
        load_classifier(precision="bf16")
