import importlib

import numpy as np
import pytest

from lime_core.errors import ModelError
from lime_core.models import CATALOG
from lime_core.models.networks.preprocessing import PREPROCESSING, preprocess

KERAS_MODULES = {
    "Inception": "inception_v3",
    "Inception-ResNet": "inception_resnet_v2",
    "ResNet": "resnet",
    "ResNetV2": "resnet_v2",
    "Xception": "xception",
    "MobileNetV2": "mobilenet_v2",
    "MobileNetV3": "mobilenet_v3",
    "DenseNet": "densenet",
    "VGG": "vgg16",
    "EfficientNet": "efficientnet",
    "EfficientNetV2": "efficientnet_v2",
    "ConvNeXt": "convnext",
    "NASNet": "nasnet",
}
# Every value in every channel, with different neighbours, so that a mixed-up channel shows.
EVERY_VALUE = np.stack([np.arange(256), np.arange(256)[::-1], np.roll(np.arange(256), 77)], axis=-1)
PICTURE = EVERY_VALUE.astype(np.uint8).reshape(8, 32, 3)


@pytest.mark.parametrize("family", sorted({card.family for card in CATALOG.values() if card.package is None}))
def test_preprocessing_equals_keras_to_the_last_bit(family):
    module = importlib.import_module(f"keras.applications.{KERAS_MODULES[family]}")
    expected = module.preprocess_input(PICTURE.astype(np.float32))
    for card in CATALOG.values():
        if card.family == family:
            ours = preprocess(PICTURE, card.preprocessing)
            assert ours.dtype == expected.dtype == np.float32
            assert ours.tobytes() == np.ascontiguousarray(expected).tobytes()


@pytest.mark.parametrize("name", sorted(PREPROCESSING))
def test_preprocessing_leaves_its_input_unchanged(name):
    before = PICTURE.copy()
    preprocess(PICTURE, name)
    np.testing.assert_array_equal(PICTURE, before)


@pytest.mark.parametrize("name", sorted(PREPROCESSING))
def test_hiding_before_preprocessing_gives_the_same_bits_as_hiding_after(name):
    rng = np.random.default_rng(0)
    fill = rng.integers(0, 256, PICTURE.shape, dtype=np.uint8)
    shown = rng.random(PICTURE.shape[:2])[..., None] < 0.5
    before = preprocess(np.where(shown, PICTURE, fill), name)
    after = np.where(shown, preprocess(PICTURE, name), preprocess(fill, name))
    assert before.tobytes() == after.tobytes()


def test_an_unknown_preprocessing_is_refused_with_the_known_ones():
    with pytest.raises(ModelError, match=r"none, rescale, tf, caffe, torch, .*; got 'imagenet'"):
        preprocess(PICTURE, "imagenet")
