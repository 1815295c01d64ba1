"""What the classifier asks and answers, against a server with a known answer."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from model_server import CLASSES, SIDE, connected, known_answer
from scipy.special import softmax

import lime_core as lc
from lime_core.errors import ModelError
from lime_core.models.networks.preprocessing import preprocess
from lime_core.models.protocol import Classifier, identity_of
from lime_core.models.servers import connect

BINARY = {"name": "fake", "version": "1", "extensions": ["model_repository", "binary_tensor_data"]}


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("datatype", ["FP32", "FP16", "UINT8"])
@pytest.mark.parametrize("form", ["json", "binary", "v1"])
def test_every_protocol_layout_and_datatype_gives_the_known_answer(server, pictures, form, datatype, layout):
    server.v2 = BINARY if form == "binary" else server.v2
    server.datatype = datatype
    server.shape = [-1, SIDE, SIDE, 3] if layout == "NHWC" else [-1, 3, SIDE, SIDE]
    classifier = connected(server.url("v1" if form == "v1" else "v2"))
    outputs = classifier.predict(pictures)
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs, known_answer(pictures), rtol=1e-6)
    sent = server.posts[-1][2].get("Content-Type")
    assert sent == ("application/octet-stream" if form == "binary" else "application/json")


@pytest.mark.parametrize("form", ["json", "binary", "v1"])
@pytest.mark.parametrize("name", ["tf", "caffe", "torch"])
def test_pictures_are_preprocessed_as_asked(server, pictures, name, form):
    server.v2 = BINARY if form == "binary" else server.v2
    classifier = connected(server.url("v1" if form == "v1" else "v2"), preprocessing=name)
    np.testing.assert_allclose(
        classifier.predict(pictures), known_answer(preprocess(pictures, name)), rtol=1e-5, atol=1e-5
    )


def test_a_grey_model_is_sent_the_luma(server, pictures):
    server.shape = [-1, SIDE, SIDE, 1]
    luma = pictures @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(
        connected(server.url()).predict(pictures), known_answer(luma[..., np.newaxis]), atol=0.51
    )


def test_it_is_a_classifier(server):
    classifier = connected(server.url())
    assert isinstance(classifier, Classifier)
    assert (classifier.id, classifier.input_size, classifier.engine) == ("known", (SIDE, SIDE), "server")
    assert classifier.weights_sha256 is None
    assert classifier.class_names == ("output 0", "output 1", "output 2", "output 3")
    assert connected(server.url(), id="mine").id == "mine"
    assert repr(classifier) == f"ServerClassifier('{server.url()}', id='known', input_size=(6, 6))"


def test_labels_name_the_classes_in_any_form_and_their_number_is_checked(server):
    assert connected(server.url(), labels=list("abcd")).class_names == tuple("abcd")
    assert connected(server.url(), labels={"0": "a", "1": "b", "2": "c", "3": "d"}).class_names == tuple("abcd")
    with pytest.raises(ModelError, match="4 classes, but 2 class names"):
        connected(server.url(), labels=["a", "b"])
    with pytest.raises(ModelError, match="several texts"):
        connected(server.url(), labels="abcd")


def test_batches_go_out_in_flight_and_their_answers_stay_in_order(server, pictures):
    classifier = connected(server.url(), batch_size=2, in_flight=4)
    gate = threading.Barrier(4, timeout=20)
    answer = server.answer

    def only_together(tensor):
        gate.wait()  # breaks unless four requests are on the server at the same time
        return answer(tensor)

    server.answer = only_together
    np.testing.assert_allclose(classifier.predict(pictures[:16]), known_answer(pictures[:16]), rtol=1e-6)


def test_no_more_requests_than_allowed_are_in_flight_and_nothing_is_padded(server, pictures):
    classifier = connected(server.url(), batch_size=4, in_flight=2)
    running, most, sizes, lock = [], [], [], threading.Lock()
    answer = server.answer

    def counted(tensor):
        with lock:
            running.append(1)
            most.append(len(running))
            sizes.append(len(tensor))
        try:
            return answer(tensor)
        finally:
            with lock:
                running.pop()

    server.answer = counted
    callers = [threading.Thread(target=classifier.predict, args=(pictures,)) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert max(most) <= 2
    assert sorted(sizes) == sorted(3 * [4, 4, 4, 4, 4, 1])


def test_connections_are_kept_open(server, pictures):
    accepted = []
    get_request = server.get_request

    def counted():
        accepted.append(1)
        return get_request()

    server.get_request = counted
    classifier = connected(server.url(), batch_size=2, in_flight=2)
    for _ in range(5):
        classifier.predict(pictures)
    assert len(server.posts) == 4 + 55
    assert len(accepted) <= 2


def test_no_pictures_are_no_question(server, pictures):
    classifier = connected(server.url())
    asked = len(server.posts)
    assert classifier.predict(pictures[:0]).shape == (0, CLASSES)
    assert len(server.posts) == asked


def test_a_model_of_one_picture_at_a_time_is_asked_so(server, pictures):
    server.shape = [1, 3, SIDE, SIDE]
    classifier = connected(server.url(), batch_size=16)
    assert classifier.batch_size == 1
    np.testing.assert_allclose(classifier.predict(pictures), known_answer(pictures), rtol=1e-6)


def test_pictures_of_another_shape_or_type_are_refused(server, pictures):
    classifier = connected(server.url())
    for wrong in (pictures[:, 1:], pictures[0], pictures.astype(np.float32)):
        with pytest.raises(ModelError, match=r"uint8 of shape \(any, 6, 6, 3\)"):
            classifier.predict(wrong)


@pytest.mark.parametrize("protocol", ["v1", "v2"])
def test_one_of_several_outputs_must_be_chosen(server, pictures, protocol):
    server.output_names = ("scores", "negative")
    with pytest.raises(ModelError, match=r"output=, of 'scores', 'negative'"):
        connected(server.url(protocol))
    with pytest.raises(ModelError, match=r"no output 'logits'; its outputs are 'scores', 'negative'"):
        connected(server.url(protocol), output="logits")
    for name, sign in (("scores", 1), ("negative", -1)):
        answer = connected(server.url(protocol), output=name).predict(pictures)
        np.testing.assert_allclose(answer, sign * known_answer(pictures), rtol=1e-6)


def test_binary_outputs_are_told_apart_by_their_sizes(server, pictures):
    server.v2 = BINARY
    server.output_names = ("scores", "negative")
    described = {**server.v2_model(), "outputs": None}  # the server names none, and answers with both
    server.v2_model = lambda: described
    for name, sign in (("scores", 1), ("negative", -1)):
        answer = connected(server.url(), output=name).predict(pictures)
        np.testing.assert_allclose(answer, sign * known_answer(pictures), rtol=1e-6)
    with pytest.raises(ModelError, match=r"output= must choose one; got 'scores', 'negative'"):
        connected(server.url())


@pytest.mark.parametrize("output_type", ["FP64", "FP16", "INT32"])
def test_binary_outputs_of_other_types_are_read(server, pictures, output_type):
    server.v2, server.output_type = BINARY, output_type
    expected = known_answer(pictures)
    answer = connected(server.url()).predict(pictures)
    np.testing.assert_allclose(answer, np.trunc(expected) if output_type == "INT32" else expected, rtol=1e-3)


def test_a_version_in_the_address_is_asked(server, pictures):
    connected(server.url() + "/versions/7").predict(pictures)
    assert server.posts[-1][1] == "/v2/models/known/versions/7/infer"
    connected(server.url("v1") + "/versions/7:predict").predict(pictures)
    assert server.posts[-1][1] == "/v1/models/known/versions/7:predict"


def test_tensorflow_serving_is_asked_for_the_version_that_described_itself(server, pictures):
    connected(server.url("v1")).predict(pictures)
    assert server.posts[-1][1] == "/v1/models/known/versions/7:predict"


def test_a_version_that_changes_in_the_middle_is_no_silent_mixture(server, pictures):
    classifier = connected(server.url())
    server.version = "8"
    with pytest.raises(ModelError, match=r"from version '7' of the model to '8'.*name a version"):
        classifier.predict(pictures)


def test_a_gateway_that_hides_the_server_itself_is_spoken_to_in_json(server, pictures):
    server.v2 = BINARY
    classifier = connected(server.url(path="/gate"))  # /gate/v2 is not there
    assert server.posts[-1][1] == "/gate/v2/models/known/infer"
    assert json.loads(server.posts[-1][3])["inputs"][0]["shape"] == [5, SIDE, SIDE, 3]
    del classifier


def test_identity_tells_apart_settings_and_weights_but_not_two_connections(server):
    first = identity_of(connected(server.url()))
    assert identity_of(connected(server.url())) == first
    others = [connected(server.url(), preprocessing="tf"), connected(server.url() + "/versions/7")]
    server.answer = lambda tensor: known_answer(tensor) + 1
    others.append(connected(server.url()))
    assert len({first, *map(identity_of, others)}) == 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"in_flight": 1.5}, "in_flight must be a whole number"),
        ({"in_flight": True}, "in_flight must be a whole number"),
        ({"timeout": 0}, "timeout must be a number of seconds"),
        ({"timeout": float("nan")}, "timeout must be a number of seconds"),
        ({"timeout": "1"}, "timeout must be a number of seconds"),
        ({"preprocessing": "imagenet"}, "preprocessing must be one of"),
        ({"input_size": (5, 5)}, r"height and width \(6, 6\)"),
    ],
)
def test_settings_are_checked(server, wrong, words):
    with pytest.raises(ModelError, match=words):
        connected(server.url(), **wrong)


def test_an_explanation_of_a_served_model_is_that_of_the_same_function_here(server):
    image = np.random.default_rng(2).integers(0, 256, (30, 40, 3), np.uint8)
    server.shape = [-1, 24, 24, 3]
    server.answer = lambda pixels: known_answer(pixels) / 255
    spec = lc.ExplainSpec(samples=200, seed=3)
    here = lc.CallableClassifier(server.answer, 24, list("abcd"))
    there = connect(server.url(), labels=list("abcd"))
    expected, explained = (lc.explain(image, classifier, spec) for classifier in (here, there))
    for one, other in zip(expected.classes, explained.classes, strict=True):
        assert one.name == other.name
        np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-4)


def test_logits_of_a_server_become_probabilities_and_the_note_says_so(server, pictures):
    server.answer = lambda pixels: known_answer(pixels) / 10 - 12
    classifier = connect(server.url(), labels=list("abcd"), preprocessing="none")
    np.testing.assert_allclose(
        classifier.predict(pictures), softmax(known_answer(pictures) / 10 - 12, axis=1), rtol=1e-4
    )
    (note,) = classifier.notes
    assert "logits" in note
    assert classifier.outputs_are == "probabilities"
    assert identity_of(classifier) != identity_of(connect(server.url(), labels=list("abcd"), outputs="sigmoid"))


def test_what_the_model_says_under_each_preprocessing_is_asked_of_the_server(server):
    image = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    found = connected(server.url()).preprocessings_for(image, also=["0.5,0.25"])
    assert [str(answer.preprocessing) for answer in found.answers][-1] == "0.5,0.25"
    for answer in found.answers:
        outputs = known_answer(answer.preprocessing(image[np.newaxis]))[0]
        assert answer.top[0] == (int(outputs.argmax()), pytest.approx(outputs.max(), rel=1e-5))


def test_a_model_of_whole_numbers_is_asked_about_whole_numbers_only(server):
    server.datatype = "UINT8"
    image = np.random.default_rng(3).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    found = connected(server.url()).preprocessings_for(image)
    assert [str(answer.preprocessing) for answer in found.answers] == ["none", "none-bgr"]


def test_without_a_preprocessing_a_note_says_so_unless_the_model_takes_bytes_only(server):
    assert any("No preprocessing was given" in note for note in connected(server.url()).result_notes)
    assert not connected(server.url(), preprocessing="none").result_notes[:-1]
    server.datatype = "UINT8"
    assert not any("No preprocessing was given" in note for note in connected(server.url()).result_notes)
