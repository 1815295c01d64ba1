"""The built-in network as a file of each format: the same outputs, and the same strongest superpixels."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import skimage

import lime_core as lc
from lime_core.models.engines.keras_import import import_tensorflow
from lime_core.models.engines.openvino_engine import OpenVINOEngine
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.lite_in_keras import build_keras
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lime_core.models.own.model import OwnModel

PICTURES = ("chelsea", "coffee")
SPEC = lc.ExplainSpec(samples=128, seed=0, classes=None)


def _keras(model: Any, path: Path) -> None:
    model.save(path)


def _onnx(model: Any, path: Path) -> None:
    model.export(path, format="onnx", verbose=False)


def _tflite(model: Any, path: Path) -> None:
    tf = import_tensorflow()
    signature = [tf.TensorSpec((1, 224, 224, 3), tf.float32)]
    module = tf.Module()
    module.f = tf.function(lambda pixels: model(pixels, training=False), input_signature=signature)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    path.write_bytes(converter.convert())


WRITERS: dict[str, Callable[[Any, Path], None]] = {"keras": _keras, "onnx": _onnx, "tflite": _tflite}


@pytest.fixture(scope="module")
def network() -> Any:
    model = build_keras("lite0")
    # Keras exports a model only once it was called.
    model(np.zeros((1, 224, 224, 3), np.float32))
    return model


@pytest.fixture(scope="module", params=WRITERS)
def own(request: pytest.FixtureRequest, network: Any, tmp_path_factory: pytest.TempPathFactory) -> OwnModel:
    path = tmp_path_factory.mktemp("lite0") / f"lite0.{request.param}"
    with warnings.catch_warnings():
        # The exporters use what NumPy and TensorFlow have deprecated.
        warnings.simplefilter("ignore")
        WRITERS[request.param](network, path)
    return read_model(path)


def _classifier(own: OwnModel) -> NetworkClassifier:
    return NetworkClassifier(
        OpenVINOEngine(own.graph, own.input_size),
        id="own",
        input_size=own.input_size,
        preprocessing="none",
        class_names=own.labels or None,
        weights_sha256=own.sha256,
    )


def test_what_is_known_about_the_file_is_true(own: OwnModel) -> None:
    assert (own.input_size, own.channels, own.outputs[0].classes) == ((224, 224), 3, 1000)
    assert (own.last_operation, own.scales_inside) == ("softmax", True)
    assert len(own.outputs) == 1


def test_the_outputs_are_those_of_the_built_in_model(own: OwnModel, lite0: lc.Classifier) -> None:
    pictures = np.stack([skimage.transform.resize(getattr(skimage.data, name)(), (224, 224)) for name in PICTURES])
    images = np.round(255 * pictures).astype(np.uint8)
    np.testing.assert_allclose(_classifier(own).predict(images), lite0.predict(images), atol=1e-4)


@pytest.fixture(scope="module")
def expected(lite0: lc.Classifier) -> dict[str, lc.Explanation]:
    return {name: lc.explain(_image(name), lite0, SPEC) for name in PICTURES}


@pytest.mark.parametrize("name", PICTURES)
def test_the_five_strongest_superpixels_are_those_of_the_built_in_model(
    own: OwnModel, expected: dict[str, lc.Explanation], name: str
) -> None:
    explanation = lc.explain(_image(name), _classifier(own), SPEC)
    index = expected[name].classes[0].index
    assert explanation.classes[0].index == index
    assert list(explanation.top_features(index, 5)) == list(expected[name].top_features(index, 5))


def _image(name: str) -> lc.Image:
    return lc.load_image(getattr(skimage.data, name)())
