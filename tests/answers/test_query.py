from __future__ import annotations

import io
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc
from lime_core.answers import query as query_module

SPEC = lc.ExplainSpec(segmentation=lc.Grid(rows=3, columns=4), samples=50, fill="black")
WEIGHTS = np.stack([np.linspace(-0.03, 0.04, 12), np.linspace(0.03, -0.02, 12)])


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.fixture
def classifier(image):
    return known_answer(linear(WEIGHTS), image, SPEC)


def equal(one: lc.Neighborhood, other: lc.Neighborhood) -> bool:
    names = ("masks", "outputs", "original_outputs", "pairs", "segments", "energy")
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_the_model_is_asked_about_exactly_the_drawn_masks(image, classifier):
    neighborhood = lc.query(image, classifier, SPEC)
    assert neighborhood.masks.shape == (50, 12)
    assert neighborhood.outputs.dtype == np.float32
    assert neighborhood.outputs == pytest.approx(0.1 + neighborhood.masks @ WEIGHTS.T, abs=1e-6)
    assert neighborhood.original_outputs == pytest.approx(0.1 + WEIGHTS.sum(axis=1), abs=1e-6)


@pytest.mark.parametrize("batch_size", [1, 7, 50, 1000])
def test_results_do_not_depend_on_the_batch_size(image, classifier, batch_size):
    assert equal(lc.query(image, classifier, SPEC, batch_size=batch_size), lc.query(image, classifier, SPEC))


def test_progress_is_reported_once_a_batch(image, classifier):
    calls = []
    lc.query(image, classifier, SPEC, batch_size=20, on_progress=lambda done, total: calls.append((done, total)))
    assert calls == [(20, 50), (40, 50), (50, 50)]


def test_a_query_stops_where_progress_raises(image, classifier):
    class StoppedError(Exception):
        pass

    seen = []

    def stop(done, total):
        seen.append(done)
        if done >= 40:
            raise StoppedError

    with pytest.raises(StoppedError):
        lc.query(image, classifier, SPEC, batch_size=20, on_progress=stop)
    assert seen == [20, 40]


def test_every_step_of_a_stream_is_a_valid_shorter_run(image, classifier):
    steps = list(lc.stream(image, classifier, SPEC, batch_size=20))
    assert [step.samples for step in steps] == [20, 40, 50]
    for step in steps:
        assert equal(step, lc.query(image, classifier, replace(SPEC, samples=step.samples)))
        assert step.spec.samples == step.samples
        assert lc.fit(step).samples == step.samples


def test_a_scene_that_is_there_is_not_prepared_again(image, classifier, monkeypatch):
    scene, expected = lc.prepare(image, classifier.input_size, SPEC), lc.query(image, classifier, SPEC)
    monkeypatch.setattr(query_module, "prepare", lambda *_: pytest.fail("prepared again"))
    *_, last = lc.stream(image, classifier, SPEC, scene=scene)
    assert equal(last, expected)


def test_more_samples_ask_only_what_is_new(image):
    asked = []

    def counted(images):
        asked.append(len(images))
        return inner.predict(images)

    inner = known_answer(linear(WEIGHTS), image, SPEC)
    classifier = lc.CallableClassifier(counted, inner.input_size)
    short = lc.query(image, classifier, SPEC)
    asked.clear()
    long = lc.query(image, classifier, replace(SPEC, samples=80), known=short)
    assert sum(asked) == 30 + 1  # and the original
    assert equal(long, lc.query(image, classifier, replace(SPEC, samples=80)))


def test_answers_to_another_question_are_not_reused(image, classifier):
    known = lc.query(image, classifier, SPEC)
    with pytest.raises(lc.LimeError, match="another picture, model or setting"):
        lc.query(image, classifier, replace(SPEC, seed=1), known=known)
    with pytest.raises(lc.LimeError, match="another picture, model or setting"):
        lc.query(colorful_image(seed=5), classifier, SPEC, known=known)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (lambda images: np.full((len(images), 2), np.nan), "not finite"),
        (lambda images: np.full((len(images), 2), np.inf), "not finite"),
        (lambda images: np.zeros(len(images)), "one row of class outputs"),
        (lambda images: 0.5, r"shape \(1, C\); got a single value"),
        (lambda images: None, "is there a `return` missing"),
        (lambda images: np.zeros((len(images), 0)), "one row of class outputs"),
        (lambda images: np.zeros((len(images) + 1, 2)), "one row of class outputs"),
        (lambda images: np.zeros((len(images), 2 if len(images) == 1 else 3)), "3 outputs a picture where it has 2"),
        (lambda images: [["a", "b"]] * len(images), "failed on a batch"),
        (lambda images: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_outputs_that_cannot_be_used_raise_a_model_error(image, outputs, message):
    with pytest.raises(lc.ModelError, match=message):
        lc.query(image, lc.CallableClassifier(outputs, 20), SPEC)


def test_outputs_must_match_the_class_names(image):
    classifier = lc.CallableClassifier(lambda images: np.zeros((len(images), 2)), 20, ["a", "b", "c"])
    with pytest.raises(lc.ModelError, match="has 2 classes, but 3 class names were given"):
        lc.query(image, classifier, SPEC)


def test_memory_does_not_grow_with_the_number_of_samples(image):
    classifier = lc.CallableClassifier(lambda images: images.mean(axis=(1, 2)) / 255, 128)

    def peak(samples):
        tracemalloc.start()
        lc.query(image, classifier, replace(SPEC, samples=samples))
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    peak(64)
    one_batch_of_pictures = 32 * 128 * 128 * 3
    assert peak(1600) - peak(160) < one_batch_of_pictures


def test_centre_crop_explains_the_square_in_the_middle(image, classifier):
    spec = replace(SPEC, framing="center_crop")
    scene = lc.prepare(image, (32, 32), spec)
    assert scene.segments.shape == (61, 61)
    assert np.array_equal(scene.image.pixels, image.pixels[:, 13:74])


def test_a_neighborhood_survives_its_file(image, classifier, tmp_path):
    neighborhood = lc.query(image, classifier, SPEC)
    neighborhood.save_npz(tmp_path / "neighborhood.npz")
    loaded = lc.Neighborhood.load_npz(tmp_path / "neighborhood.npz")
    assert equal(loaded, neighborhood)
    assert (loaded.spec, loaded.provenance, loaded.class_names) == (
        neighborhood.spec,
        neighborhood.provenance,
        neighborhood.class_names,
    )
    assert lc.fit(loaded).to_json() == lc.fit(neighborhood).to_json()


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"PK\x03\x04 truncated"])
def test_a_damaged_neighborhood_file_is_a_plain_error(damage):
    with pytest.raises(lc.LimeError, match="Not a readable neighborhood"):
        lc.Neighborhood.load_npz(io.BytesIO(damage))


def test_a_neighborhood_file_that_holds_pickles_is_refused():
    stored = io.BytesIO()
    np.savez(stored, document=np.array([{"a": 1}], dtype=object))
    stored.seek(0)
    with pytest.raises(lc.LimeError, match="Not a readable neighborhood"):
        lc.Neighborhood.load_npz(stored)


def test_provenance_says_where_the_answers_came_from(image, classifier):
    provenance = lc.query(image, classifier, SPEC).provenance
    assert provenance.image_sha256 == image.sha256
    assert provenance.input_size == (61, 87)
    assert provenance.engine == "callable"
    assert {"python", "numpy", "scikit-image"} <= set(provenance.versions)
    assert provenance.timings.keys() == {"prepare", "query"}
    assert all(seconds >= 0 for seconds in provenance.timings.values())
