"""What people hand over instead of an Image, a Classifier and an ExplainSpec: taken as it is meant, or refused."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from known_answers import TWELVE, colorful_image

import lime_core as lc
from lime_core.show import html_report, numbered, render

SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=60, top_classes=2)
IMAGE = colorful_image()


def colours(images):
    return images.reshape(len(images), -1, 3).mean(axis=1) / 256


@pytest.fixture
def classifier():
    return lc.CallableClassifier(colours, 32, ["red", "green", "blue"])


def scores(explanation):
    return [item.scores.tolist() for item in explanation.classes]


@pytest.fixture
def pictures(tmp_path):
    path = tmp_path / "cat.png"
    PIL.Image.fromarray(IMAGE.pixels).save(path)
    with PIL.Image.open(path) as lazy:
        yield forms_of(path, lazy)


def forms_of(path, lazy):
    return {
        "Image": IMAGE,
        "array": IMAGE.pixels,
        "array of floats": IMAGE.pixels / 255,
        "Pillow image": PIL.Image.fromarray(IMAGE.pixels),
        "lazy Pillow image": lazy,
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "file in memory": io.BytesIO(path.read_bytes()),
    }


def test_a_picture_may_come_in_every_plain_form(pictures, classifier):
    expected = scores(lc.explain(IMAGE, classifier, SPEC))
    for picture in pictures.values():
        assert scores(lc.explain(picture, classifier, SPEC)) == expected


def test_every_door_takes_them(pictures, classifier):
    for picture in (pictures["array"], pictures["text"]):
        assert lc.query(picture, classifier, SPEC) == lc.query(IMAGE, classifier, SPEC)
        *_, last = lc.stream(picture, classifier, SPEC)
        assert last == lc.query(IMAGE, classifier, SPEC)
        attribution = lc.attribute(picture, classifier, method="leave_one_out", spec=SPEC)
        assert attribution.provenance.image_sha256 == IMAGE.sha256


def test_what_draws_takes_them_as_well(pictures, classifier):
    explanation = lc.explain(IMAGE, classifier, SPEC)
    index = explanation.classes[0].index
    for picture in (pictures["array"], pictures["text"]):
        assert np.array_equal(lc.prepare(picture, (32, 32), SPEC).pixels, lc.prepare(IMAGE, (32, 32), SPEC).pixels)
        assert lc.frame(picture, SPEC) == IMAGE
        assert html_report(picture, explanation) == html_report(IMAGE, explanation)
        assert np.array_equal(numbered(picture, explanation.segments), numbered(IMAGE, explanation.segments))
        for view in ("overlay", "outline", "hide_rest", "heatmap", "jet"):
            drawn = render(picture, explanation, index, lc.View(view))
            assert np.array_equal(drawn, render(IMAGE, explanation, index, lc.View(view)))


def test_an_open_file_is_a_picture_too(pictures, classifier):
    with pictures["path"].open("rb") as file:
        assert scores(lc.explain(file, classifier, SPEC)) == scores(lc.explain(IMAGE, classifier, SPEC))


def test_what_is_no_picture_is_refused_before_the_model_is_asked():
    with pytest.raises(lc.ImageError, match=r"a path, from bytes, an open file, an array .* got list"):
        lc.explain([[1, 2], [3, 4]], lc.CallableClassifier(pytest.fail, 32), SPEC)


def test_settings_may_be_a_presets_name_or_a_dict(classifier):
    settings = {"segmentation": TWELVE, "samples": 60, "top_classes": 2}
    expected = lc.explain(IMAGE, classifier, SPEC)
    assert scores(lc.explain(IMAGE, classifier, settings)) == scores(expected)
    assert scores(lc.explain(IMAGE, classifier, SPEC.to_dict())) == scores(expected)
    answers = lc.query(IMAGE, classifier, settings)
    wide = lc.fit(answers, {"kernel_width": 0.5, "top_classes": 2})
    assert scores(wide) == scores(lc.fit(answers, replace(SPEC, kernel_width=0.5)))
    assert wide.spec.kernel_width == 0.5
    assert lc.fit(answers, "imagelime").spec.surrogate.name == "tree"
    assert lc.query(IMAGE, classifier, "imagelime").samples == 2048
    assert lc.attribute(IMAGE, classifier, spec=settings).spec.samples == 60


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("limee", "preset must be one of default, lime"),
        ({"samplse": 5}, "Unknown settings: samplse"),
        ({"samples": 0}, "samples must be in 2..100000"),
        ({5: 5}, "Settings have names; got 5"),
        (lc.View(), r"ExplainSpec, the name of a preset, or a dict .* got View\. A view is one of the settings"),
        (500, "ExplainSpec, the name of a preset, or a dict of settings; got int"),
        ([("samples", 5)], "got list"),
    ],
)
def test_what_are_no_settings_is_refused_in_words(classifier, spec, message):
    for call in (lc.explain, lc.query):
        with pytest.raises(lc.SpecError, match=message):
            call(IMAGE, classifier, spec)
    with pytest.raises(lc.SpecError, match=message):
        lc.fit(lc.query(IMAGE, classifier, SPEC), spec)
    with pytest.raises(lc.SpecError, match=message):
        lc.attribute(IMAGE, classifier, spec=spec)


def test_a_models_name_loads_it(monkeypatch, classifier):
    loaded = []
    monkeypatch.setattr("lime_core.models.loading.load_classifier", lambda name: loaded.append(name) or classifier)
    assert scores(lc.explain(IMAGE, "efficientnet_lite0", SPEC)) == scores(lc.explain(IMAGE, classifier, SPEC))
    assert loaded == ["efficientnet_lite0"]


def test_a_name_that_is_not_in_the_catalog_is_refused_with_the_next_one():
    with pytest.raises(lc.ModelError, match="resnet50"):
        lc.explain(IMAGE, "resnet5", SPEC)


class KerasLike:
    """What gives a Keras model away."""

    input_shape = (None, 4, 4, 3)

    def get_weights(self):
        return []

    def predict(self, images):
        return images


class ScikitLike:
    """A model with nothing but a function to ask."""

    def predict(self, images):
        return images


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (colours, r"Wrap a function from pictures to outputs first: `lc\.CallableClassifier\(colours, size=…\)`"),
        (lambda images: images, r"`lc\.CallableClassifier\(function, size=…\)`"),
        (KerasLike(), r"Wrap the Keras model \(KerasLike\) first: `lc\.KerasClassifier\(model, id=…\)`"),
        (ScikitLike(), r"ScikitLike lacks id, .*`lc\.CallableClassifier\(model\.predict, size=…\)`"),
        (lc.CallableClassifier, "CallableClassifier is a class, not a classifier"),
        (None, r"`lc\.load_classifier`.*got NoneType"),
        (3, "got int"),
    ],
)
def test_what_is_no_classifier_is_refused_by_naming_what_to_wrap_in_what(classifier, message):
    for call in (lc.explain, lc.query, lc.attribute):
        with pytest.raises(lc.ModelError, match=message):
            call(IMAGE, classifier)
