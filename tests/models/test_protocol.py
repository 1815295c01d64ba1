import numpy as np
import pytest

from lime_core.errors import ModelError
from lime_core.models import CallableClassifier, Classifier, MaskedClassifier
from lime_core.models.protocol import identity_of


def brightness(images):
    bright = images.mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, 1 - bright], axis=1)


def test_a_callable_becomes_a_classifier_without_masking():
    classifier = CallableClassifier(brightness, 8, ["bright", "dark"])
    assert isinstance(classifier, Classifier)
    assert not isinstance(classifier, MaskedClassifier)
    assert classifier.input_size == (8, 8)
    assert classifier.class_names == ("bright", "dark")
    assert classifier.weights_sha256 is None
    assert classifier.engine == "callable"


def test_outputs_of_a_callable_come_as_float32():
    images = np.stack([np.zeros((4, 6, 3), np.uint8), np.full((4, 6, 3), 255, np.uint8)])
    outputs = CallableClassifier(brightness, (4, 6)).predict(images)
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs, [[0, 1], [1, 0]])


def test_classes_without_names_are_numbered_after_the_first_call():
    classifier = CallableClassifier(brightness, 4)
    assert classifier.class_names == ()
    classifier.predict(np.zeros((1, 4, 4, 3), np.uint8))
    assert classifier.class_names == ("class 0", "class 1")


def test_an_exception_in_a_callable_is_the_cause_of_a_model_error():
    def broken(images):
        raise RuntimeError("out of coffee")

    with pytest.raises(ModelError, match=r"'mine'.*\(2, 4, 4, 3\).*out of coffee") as caught:
        CallableClassifier(broken, 4, id="mine").predict(np.zeros((2, 4, 4, 3), np.uint8))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_forgotten_return_is_called_by_its_name():
    def forgetful(images):
        brightness(images)

    with pytest.raises(ModelError, match=r"'mine' returned None; is there a `return` missing in its function\?"):
        CallableClassifier(forgetful, 4, id="mine").predict(np.zeros((1, 4, 4, 3), np.uint8))


def test_a_function_without_a_name_is_like_no_other():
    one, other = CallableClassifier(brightness, 8), CallableClassifier(brightness, 8)
    assert one.id == other.id == "callable"
    assert identity_of(one) == identity_of(one) != identity_of(other)
    assert identity_of(CallableClassifier(brightness, 8, id="mine")) is None


def test_an_interrupt_in_a_callable_passes_through():
    def interrupted(images):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CallableClassifier(interrupted, 4).predict(np.zeros((1, 4, 4, 3), np.uint8))


def test_outputs_that_are_no_numbers_are_a_model_error():
    with pytest.raises(ModelError, match="failed"):
        CallableClassifier(lambda images: [["cat"]], 4).predict(np.zeros((1, 4, 4, 3), np.uint8))


@pytest.mark.parametrize("size", [0, -1, (4,), (4, 0), (4, 4, 3), (4.0, 4.0), 2.5, None, "4", True])
def test_a_size_that_is_no_height_and_width_is_refused(size):
    with pytest.raises(ModelError, match="input size"):
        CallableClassifier(brightness, size)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(ModelError, match="callable; got list"):
        CallableClassifier([1, 2], 4)
