"""Whole trainings: folder to Keras file, and what everything else makes of the file."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from labelled_folders import SHAPES, write_noise, write_shapes

import lime_core as lc
from lime_core.superpixels import resize_pixels
from lime_core.training.result import FORMAT

pytestmark = [
    pytest.mark.slow,
    # Keras's own, of TensorFlow's variables when it saves them.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    return write_shapes(tmp_path_factory.mktemp("shapes") / "pictures")


@pytest.fixture(scope="module")
def trained(shapes, tmp_path_factory):
    return lc.train(shapes, tmp_path_factory.mktemp("trained") / "mine.keras")


def answers(training, folder):
    """Return what the file's classifier says of the held-out pictures, and the classifier."""
    classifier = lc.load_classifier(training.model)
    pictures = [lc.load_image(folder / item.path).pixels for item in training.held_out]
    return classifier.predict(np.stack([resize_pixels(item, classifier.input_size) for item in pictures])), classifier


def assert_the_file_says_the_same(training, folder):
    outputs, classifier = answers(training, folder)
    assert classifier.class_names == training.classes
    assert classifier.preprocessing == "none"
    best = outputs.argmax(axis=1)
    assert [training.classes[index] for index in best] == [item.predicted for item in training.held_out]
    said = [item.probability for item in training.held_out]
    np.testing.assert_allclose(outputs.max(axis=1), said, atol=1e-4)


def test_classes_that_are_easy_to_tell_are_told_apart(trained, shapes):
    assert trained.classes == SHAPES
    assert trained.accuracy >= 0.95
    assert trained.interval[0] <= trained.accuracy <= trained.interval[1]
    assert len(trained.held_out) == 18
    assert len(trained.training) == 54
    assert not {item.path for item in trained.held_out} & set(trained.training)
    assert np.sum(trained.confusion) == 18


def test_the_file_says_what_the_training_said(trained, shapes):
    assert_the_file_says_the_same(trained, shapes)


def test_the_figures_lie_beside_the_model_and_nothing_else(trained):
    figures = json.loads(trained.model.with_suffix(".json").read_text(encoding="utf-8"))
    assert sorted(path.name for path in trained.model.parent.iterdir()) == ["mine.json", "mine.keras"]
    assert figures["accuracy"] == trained.accuracy
    assert figures["classes"] == list(SHAPES)
    assert [item["path"] for item in figures["held_out"]] == [item.path for item in trained.held_out]
    assert figures["sha256"] == lc.load_classifier(trained.model).weights_sha256
    assert figures["settings"]["seed"] == 0


def test_the_file_is_explained_and_has_gradients(trained, shapes):
    classifier = lc.load_classifier(trained.model)
    picture = shapes / trained.held_out[0].path
    explanation = lc.explain(picture, classifier, lc.ExplainSpec(samples=64))
    assert explanation.classes[0].name == trained.held_out[0].predicted
    maps = lc.attribute(picture, classifier, method="grad_cam")
    assert maps.classes[0].name == trained.held_out[0].predicted


def test_without_anything_to_learn_it_says_so(tmp_path):
    training = lc.train(write_noise(tmp_path / "noise", each=40), tmp_path / "noise.keras")
    assert training.interval[0] <= 0.5
    assert training.accuracy < 0.85
    assert any("nothing says that the model has learned" in note for note in training.notes)
    assert max(item.probability for item in training.held_out) < 0.9


def test_a_network_from_scratch_learns_them_too(shapes, tmp_path):
    steps = []
    training = lc.train(
        shapes, tmp_path / "small.keras", from_scratch=True, on_progress=lambda step, *_: steps.append(step)
    )
    assert training.accuracy >= 0.9
    assert list(dict.fromkeys(steps)) == ["Reading pictures", "Training", "Writing"]
    assert_the_file_says_the_same(training, shapes)


@pytest.mark.parametrize("from_scratch", [False, True])
def test_a_seed_gives_the_same_model_again(shapes, tmp_path, monkeypatch, from_scratch):
    monkeypatch.setattr("lime_core.training.small_network._EPOCHS", 2)
    monkeypatch.setattr("lime_core.training.small_network._STEPS", 2)
    first, again = (
        lc.train(shapes, tmp_path / f"{name}.keras", from_scratch=from_scratch, seed=5) for name in ("first", "again")
    )
    assert [item.path for item in first.held_out] == [item.path for item in again.held_out]
    said, repeated = ([item.probability for item in each.held_out] for each in (first, again))
    np.testing.assert_allclose(said, repeated, atol=1e-4)


def test_an_interrupt_leaves_the_earlier_model_whole(shapes, tmp_path):
    path = tmp_path / "mine.keras"
    path.write_bytes(b"an earlier model")
    figures = json.dumps({"format": FORMAT})
    path.with_suffix(".json").write_text(figures, encoding="utf-8")
    for wanted in ("Training", "Writing"):

        def stop(step, done, total, wanted=wanted):
            if step == wanted:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            lc.train(shapes, path, on_progress=stop)
        assert sorted(item.name for item in tmp_path.iterdir()) == ["mine.json", "mine.keras"]
        assert path.read_bytes() == b"an earlier model"
        assert path.with_suffix(".json").read_text(encoding="utf-8") == figures


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"output": "model.h5"}, "ends in .keras"),
        ({"output": "s3://bucket/mine.keras"}, "is an address"),
        ({"output": "taken.keras"}, "holds something else"),
        ({"output": "file/mine.keras"}, "Cannot write to"),
        ({"held_out": 0.9}, "0.05..0.5"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_work(shapes, tmp_path, monkeypatch, given, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.json").write_text('{"mine": 1}', encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(lc.LimeError, match=re.escape(words)):
        lc.train(shapes, **{"output": "mine.keras", **given}, on_progress=lambda *_: pytest.fail("it has begun"))
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "taken.json"]
