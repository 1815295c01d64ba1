import importlib

import numpy as np
import pytest
from PIL import Image

from lime_core.errors import ModelError
from lime_core.models import CATALOG
from lime_core.models.networks.preprocessing import PREPROCESSING, Preprocessing, preprocess

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


FORMULAS = {
    "rescale": lambda x: x / 255,
    "tf": lambda x: x / 127.5 - 1,
    "torch": lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "rescale-bgr": lambda x: (x / 255)[..., ::-1],
    "torch-bgr": lambda x: ((x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225])[..., ::-1],
    "caffe-rgb": lambda x: x - [123.68, 116.779, 103.939],
    "caffe": lambda x: (x - [123.68, 116.779, 103.939])[..., ::-1],
    "0.5,0.25": lambda x: (x / 255 - 0.5) / 0.25,
    "0.5,0.25-bgr": lambda x: ((x / 255 - 0.5) / 0.25)[..., ::-1],
    "0.1,0.2,0.3,0.4,0.5,0.6": lambda x: (x / 255 - [0.1, 0.2, 0.3]) / [0.4, 0.5, 0.6],
    (0.5, 0.25): lambda x: (x / 255 - 0.5) / 0.25,
    ((0.1, 0.2, 0.3), 0.5): lambda x: (x / 255 - [0.1, 0.2, 0.3]) / 0.5,
}


@pytest.mark.parametrize("given", FORMULAS, ids=str)
def test_every_preprocessing_is_its_formula(given):
    prepared = preprocess(PICTURE, given)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared, FORMULAS[given](PICTURE.astype(np.float64)), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("given", FORMULAS, ids=str)
def test_a_preprocessing_survives_being_written_down(given):
    parsed = Preprocessing.parse(given)
    assert Preprocessing.parse(str(parsed)) == parsed
    assert Preprocessing.parse(parsed) is parsed


def test_the_usual_order_of_channels_is_left_out_of_the_text():
    assert [str(Preprocessing.parse(text)) for text in (" TF ", "rescale-rgb", "caffe-bgr", "caffe-rgb")] == [
        "tf",
        "rescale",
        "caffe",
        "caffe-rgb",
    ]


@pytest.mark.parametrize(("given", "scaled"), [("none", 1), ("rescale", 1 / 255), ((0.0, 0.5), 2 / 255)])
def test_grey_is_pillows_grey_before_it_is_scaled(given, scaled):
    every_third = np.stack(np.meshgrid(*[np.arange(0, 256, 3)] * 3), axis=-1).astype(np.uint8).reshape(-1, 86, 3)
    in_pillow = np.asarray(Image.fromarray(every_third).convert("L"), np.float64)[..., None]
    prepared = preprocess(every_third, given, channels=1)
    assert prepared.dtype == np.float32
    np.testing.assert_allclose(prepared, in_pillow * scaled, rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "must be one of"),
        ("rescale-grb", "must be one of"),
        ("own", "must be one of"),
        ("0.5", "must be one of"),
        ("0.5,x", "must be one of"),
        (3, "must be one of"),
        (None, "must be one of"),
        ((0.5,), "must be one of"),
        (("a", "b"), "must be one of"),
        (((), ()), "must be one of"),
        (((1, 2), ((3, 4), 5)), "must be one of"),
        ("9" * 10_000, "must be one of"),
        ("0.5,0.5,0.5", "has 3 numbers"),
        ("1,2,3,4,5,6,7,8", "has 7 numbers|has 8 numbers"),
        ((0.5, (0.1, 0.2)), "one mean and one standard deviation, or three"),
        ((127.5, 127.5), "Divide numbers in units of 0..255 by 255"),
        ("123.68,58.4", "Divide numbers in units of 0..255 by 255"),
        ("nan,0.5", "in units of 0..1"),
        ((0.5, 0), "must be above 0"),
        ((-0.5, 0.5), "in units of 0..1"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_preprocessing_is_refused_in_words(given, message):
    with pytest.raises(ModelError, match=message) as refused:
        Preprocessing.parse(given)
    assert len(str(refused.value)) < 600


def test_a_network_takes_one_channel_or_three():
    with pytest.raises(ModelError, match=r"1 channel \(grey\) or 3 \(colour\); got 4"):
        preprocess(PICTURE, "none", channels=4)
