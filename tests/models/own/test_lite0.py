"""The built-in network as a file of each format: the same outputs, and the same strongest superpixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage
from lite0_files import WRITERS

import lime_core as lc
from lime_core.models.engines.openvino_engine import OpenVINOEngine
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.own.reading import read_model

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.own.model import OwnModel

PICTURES = ("chelsea", "coffee")
SPEC = lc.ExplainSpec(samples=128, seed=0, classes=None)


@pytest.fixture(scope="module", params=WRITERS)
def own(request: pytest.FixtureRequest, lite0_files: dict[str, Path]) -> OwnModel:
    return read_model(lite0_files[request.param])


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
