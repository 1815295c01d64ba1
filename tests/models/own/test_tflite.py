from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from own_models import CLASSES, HEIGHT, WIDTH, logits, softmax, weights_for
from own_tflite import converted, linear, pictures

from lime_core.errors import ModelError
from lime_core.models.engines.keras_import import import_tensorflow
from lime_core.models.engines.openvino_engine import OpenVINOEngine, Plan
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def by_tensorflow_lite(content: bytes, given: NDArray[Any]) -> NDArray[np.float64]:
    """Run a file in TensorFlow Lite itself, on numbers of the file's own type, and return real numbers."""
    tf = import_tensorflow()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    entry, end = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    answers = []
    for picture in given:
        interpreter.set_tensor(entry["index"], picture[None].astype(entry["dtype"]))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(end["index"])[0])
    scale, zero = end["quantization"]
    raw = np.array(answers, np.float64)
    return (raw - zero) * scale if scale else raw


def predicted(content: bytes, given: NDArray[np.float32]) -> NDArray[np.float32]:
    model = read_model(content, name="model.tflite")
    return OpenVINOEngine(model.graph, model.input_size, Plan(4), channels=model.channels).predict(given)


@pytest.mark.parametrize("batch", [1, None])
def test_floating_point_models_give_the_known_answer(batch: int | None) -> None:
    content = converted(linear(), batch=batch)
    model = read_model(content)
    assert (model.kind, model.input_size, model.channels) == ("tflite", (HEIGHT, WIDTH), 3)
    assert (model.last_operation, model.outputs[0].classes) == ("softmax", CLASSES)
    np.testing.assert_allclose(predicted(content, pictures()), softmax(logits(pictures(), weights_for())), atol=1e-5)


def test_uint8_models_get_the_picture_s_own_numbers() -> None:
    content = converted(linear(), quantized="uint8")
    expected = by_tensorflow_lite(content, pictures())
    np.testing.assert_allclose(predicted(content, pictures()), expected, atol=2 / 256)
    assert expected.std(axis=0).max() > 0.02
    model = read_model(content)
    assert model.scales_inside
    assert any("uint8" in note for note in model.notes)


def test_int8_models_get_the_real_numbers_that_the_file_describes() -> None:
    content = converted(linear(), quantized="int8")
    model = read_model(content)
    note = next(note for note in model.notes if "int8" in note)
    assert "from 0 to 255" in note
    expected = by_tensorflow_lite(content, pictures() - 128)
    np.testing.assert_allclose(predicted(content, pictures()), expected, atol=2 / 256)
    assert model.last_operation == "softmax"


def test_class_names_packed_behind_the_model_are_read(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(converted(linear()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\ncow\nowl\n")
    assert read_model(path).labels == ("cat", "dog", "cow", "owl")


def test_a_damaged_label_archive_only_costs_the_names(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(converted(linear()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../labels.txt", "cat\ndog\ncow\nowl\n")
    assert read_model(path).labels == ()


def test_a_network_that_names_no_classes_is_refused() -> None:
    tf = import_tensorflow()
    content = converted(lambda pixels: tf.argmax(linear()(pixels), axis=1))
    with pytest.raises(ModelError, match="one floating-point number for each of"):
        read_model(content)
