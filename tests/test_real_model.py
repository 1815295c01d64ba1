"""The built-in model on real pictures: what the explanation says must be where the thing is."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
from skimage import data
from skimage.draw import polygon2mask

import lime_core as lc

EGYPTIAN_CAT, ESPRESSO = 285, 967
# The outline of chelsea, x and y in the 451×300 picture: everything to the right of it is blurred background.
CAT = [(30, 0), (400, 0), (385, 40), (350, 105), (362, 130), (340, 190), (320, 300), (0, 300), (0, 150), (60, 100)]


@pytest.fixture(scope="module")
def chelsea():
    return lc.Image(data.chelsea())


def squashed(pixels):
    return np.asarray(PIL.Image.fromarray(pixels).resize((224, 224), PIL.Image.Resampling.BILINEAR))[None]


def test_chelsea_is_an_egyptian_cat_and_coffee_an_espresso(lite0):
    cat = lite0.predict(squashed(data.chelsea()))[0]
    assert lite0.class_names[cat.argmax()] == "Egyptian cat"
    assert cat.max() == pytest.approx(0.77, abs=0.03)
    coffee = lite0.predict(squashed(data.coffee()))[0]
    assert lite0.class_names[coffee.argmax()] == "espresso"
    assert coffee.max() == pytest.approx(0.90, abs=0.03)


def test_the_five_strongest_superpixels_of_the_cat_lie_on_the_cat(lite0, chelsea):
    explanation = lc.explain(chelsea, lite0, lc.ExplainSpec(samples=512))
    assert explanation.classes[0].index == EGYPTIAN_CAT
    columns, rows = zip(*CAT, strict=True)
    inside = polygon2mask(explanation.segments.shape, np.column_stack([rows, columns]))
    for feature in explanation.top_features(EGYPTIAN_CAT, 5):
        assert inside[explanation.segments == feature].mean() > 0.5, feature


def test_each_class_of_a_collage_is_explained_by_its_own_half(lite0):
    height = 300
    halves = [np.asarray(PIL.Image.fromarray(one).resize((300, height))) for one in (data.chelsea(), data.coffee())]
    image = lc.Image(np.concatenate(halves, axis=1))
    explanation = lc.explain(image, lite0, lc.ExplainSpec(samples=1024, classes=(EGYPTIAN_CAT, ESPRESSO)))
    left = np.arange(600) < 300
    for index, half in ((EGYPTIAN_CAT, left), (ESPRESSO, ~left)):
        positive = np.maximum(explanation.heatmap(index), 0)
        assert positive.sum() > 0
        assert positive[:, half].sum() / positive.sum() >= 0.85


def test_the_graph_that_hides_and_pictures_hidden_beforehand_agree(lite0, chelsea):
    spec = lc.ExplainSpec(samples=40)
    plain = lc.CallableClassifier(lite0.predict, lite0.input_size, lite0.class_names)
    in_graph, outside = (lc.query(chelsea, classifier, spec) for classifier in (lite0, plain))
    assert np.abs(in_graph.outputs - outside.outputs).max() <= 1e-5


def test_one_batch_size_answers_like_another_on_the_real_model(lite0, chelsea):
    spec = lc.ExplainSpec(samples=40)
    one, other = (lc.query(chelsea, lite0, spec, batch_size=size) for size in (32, 7))
    assert np.abs(one.outputs - other.outputs).max() <= 1e-6
