"""Whose answers may be taken for whose, what makes two neighborhoods equal, and what a stored one must hold."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image

import lime_core as lc
from lime_core.answers.neighborhood import ARRAYS, Provenance
from lime_core.answers.query import MOST_ENTRIES

SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=20, fill="black")
LONGER = replace(SPEC, samples=30)
IMAGE = colorful_image()
OTHERS = "The known answers belong to another picture, model or setting"


def colours(images):
    return images.reshape(len(images), -1, 3).mean(axis=1) / 256


def other_colours(images):
    return 1 - colours(images)


class Own:
    """A classifier of somebody's own class, with weights or a name."""

    engine, class_names = "callable", ("a", "b", "c")

    def __init__(self, name="callable", weights=None, size=(32, 32), identity=None):
        self.id, self.weights_sha256, self.input_size = name, weights, size
        if identity:
            self.identity = identity

    def predict(self, images):
        return colours(images).astype(np.float32)


class WithoutMarks(Own):
    """One that cannot be remembered by weak reference."""

    __slots__ = ()
    __hash__ = None


@pytest.fixture
def neighborhood():
    return lc.query(IMAGE, lc.CallableClassifier(colours, 32, id="colours"), SPEC)


def test_answers_of_another_function_are_not_taken_though_both_have_the_default_id():
    known = lc.query(IMAGE, lc.CallableClassifier(colours, 32), SPEC)
    with pytest.raises(lc.LimeError, match=OTHERS):
        lc.query(IMAGE, lc.CallableClassifier(other_colours, 32), LONGER, known=known)
    with pytest.raises(lc.LimeError, match=OTHERS):
        lc.attribute(IMAGE, lc.CallableClassifier(other_colours, 32), spec=LONGER, known=known)


def test_answers_of_the_same_object_are_taken():
    for classifier in (lc.CallableClassifier(colours, 32), Own()):
        known = lc.query(IMAGE, classifier, SPEC)
        assert lc.query(IMAGE, classifier, LONGER, known=known) == lc.query(IMAGE, classifier, LONGER)


def test_a_function_is_known_again_by_the_name_that_its_owner_gave_it(neighborhood):
    again = lc.CallableClassifier(colours, 32, id="colours")
    assert lc.query(IMAGE, again, LONGER, known=neighborhood).samples == 30
    with pytest.raises(lc.LimeError, match=OTHERS):
        lc.query(IMAGE, lc.CallableClassifier(colours, 32, id="others"), LONGER, known=neighborhood)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Own(), Own()),
        (WithoutMarks(), WithoutMarks()),
        (Own("net", "1" * 64), Own("net", "2" * 64)),
        (Own("net", "1" * 64), Own("net", "1" * 64, size=(31, 32))),
        (Own("net", "1" * 64, identity="tf"), Own("net", "1" * 64, identity="caffe")),
    ],
    ids=["two objects", "two that cannot be remembered", "weights", "input size", "preprocessing"],
)
def test_what_tells_two_classifiers_apart(one, other):
    known = lc.query(IMAGE, one, SPEC)
    with pytest.raises(lc.LimeError, match=OTHERS):
        lc.query(IMAGE, other, LONGER, known=known)


def test_weights_of_one_digest_are_one_model_also_in_files_that_say_no_more():
    known = lc.query(IMAGE, Own("net", "1" * 64), SPEC)
    assert known.provenance.identity is None
    assert lc.query(IMAGE, Own("net", "1" * 64, identity="tf"), LONGER, known=known).samples == 30


def test_provenance_of_an_older_document_is_read(neighborhood):
    values = asdict(neighborhood.provenance)
    del values["identity"]
    assert Provenance.from_dict(values) == neighborhood.provenance


def test_neighborhoods_are_equal_by_what_they_hold(neighborhood):
    classifier = lc.CallableClassifier(colours, 32, id="colours")
    assert neighborhood == lc.query(IMAGE, classifier, SPEC)  # which took another time
    assert neighborhood != lc.query(IMAGE, classifier, LONGER)
    assert neighborhood != "a neighborhood"
    for name in ARRAYS:
        changed = getattr(neighborhood, name).copy()
        changed.flat[0] += 1
        assert neighborhood != replace(neighborhood, **{name: changed})
    assert neighborhood != replace(neighborhood, class_names=("a", "b", "c"))
    assert neighborhood != replace(neighborhood, masks=neighborhood.masks.astype(np.int64))


def test_a_neighborhood_says_that_it_cannot_be_hashed(neighborhood):
    with pytest.raises(TypeError, match="unhashable type: 'Neighborhood'"):
        hash(neighborhood)


def stored(neighborhood, document=None, **arrays):
    """The file of a neighborhood with some arrays, or entries of its document, replaced."""
    file = io.BytesIO()
    neighborhood.save_npz(file)
    file.seek(0)
    with np.load(file) as whole:
        contents = {name: whole[name] for name in whole.files}
    contents |= arrays
    if document is not None:
        contents["document"] = np.array(json.dumps(json.loads(str(contents["document"])) | document))
    file = io.BytesIO()
    np.savez(file, **contents)
    file.seek(0)
    return file


def test_a_stored_neighborhood_comes_back_equal(neighborhood):
    assert lc.Neighborhood.load_npz(stored(neighborhood)) == neighborhood


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "masks",
            lambda a: a.astype(np.int64),
            r"masks must be uint8 of shape \(N, S\); got int64 of shape \(20, 12\)",
        ),
        ("masks", lambda a: a[0], r"masks must be uint8 of shape \(N, S\); got uint8 of shape \(12,\)"),
        ("masks", lambda a: a[:, :5], r"energy has the shape \(12,\) where S = 5"),
        ("masks", lambda a: a * 2, "masks must be 0 or 1"),
        ("masks", lambda a: a[:0], r"masks has the shape \(0, 12\) where N = at least 1"),
        ("outputs", lambda a: a[:7], r"outputs has the shape \(7, 3\) where N = 20"),
        ("outputs", lambda a: a.astype(np.float64), "outputs must be float32"),
        ("outputs", lambda a: a * np.float32(np.nan), "outputs must be finite"),
        ("original_outputs", lambda a: a[:2], r"original_outputs has the shape \(2,\) where C = 3"),
        ("pairs", lambda a: a.astype(np.float32), "pairs must be int32"),
        ("pairs", lambda a: a[:3], r"pairs has the shape \(3,\) where N = 20"),
        ("segments", lambda a: a + 1, r"segments must hold each of 0\.\.11"),
        ("segments", lambda a: a // 2, r"segments must hold each of 0\.\.11"),
        ("segments", lambda a: a.ravel(), r"segments must be int32 of shape \(H, W\)"),
        ("energy", lambda a: a[:4], r"energy has the shape \(4,\) where S = 12"),
        ("energy", lambda a: a * np.inf, "energy must be finite"),
    ],
)
def test_a_stored_neighborhood_whose_arrays_do_not_fit_is_refused_in_words(neighborhood, name, change, message):
    with np.errstate(invalid="ignore"):
        file = stored(neighborhood, **{name: change(getattr(neighborhood, name))})
    with pytest.raises(lc.LimeError, match=rf"^Not a readable neighborhood file \(NPZ\): {message}"):
        lc.Neighborhood.load_npz(file)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"format": "limelight-neighborhood/9"}, "The file holds 'limelight-neighborhood/9'; expected"),
        ({"stop_reason": "tired"}, "stop_reason is 'tired'"),
        ({"class_names": "abc"}, "Class names are several texts"),
        ({"spec": {"samples": 0}}, "samples must be in"),
        ({"provenance": 3}, "Not a readable"),
    ],
)
def test_a_stored_neighborhood_with_a_strange_document_is_refused_in_words(neighborhood, document, message):
    with pytest.raises(lc.LimeError, match=message):
        lc.Neighborhood.load_npz(stored(neighborhood, document))


def test_no_damage_to_a_stored_neighborhood_is_more_than_a_plain_error(neighborhood):
    file = io.BytesIO()
    neighborhood.save_npz(file)
    data = file.getvalue()
    for position in range(0, len(data), 37):
        broken = bytearray(data)
        broken[position] ^= 0xFF
        try:
            lc.Neighborhood.load_npz(io.BytesIO(broken))
        except lc.LimeError as error:
            assert "object at" not in str(error)  # noqa: PT017 - either outcome is right, a crash is not


@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired", "lime"])
def test_a_query_too_large_for_a_fit_is_refused_before_the_model_is_asked(sampler):
    image = colorful_image(300, 400)
    spec = lc.ExplainSpec(segmentation=lc.Grid(rows=31, columns=33), samples=100_000, sampler=sampler)
    with pytest.raises(lc.SpecError, match=r"too many to fit; .* at most ([\d,]+) samples") as refused:
        lc.query(image, lc.CallableClassifier(pytest.fail, (300, 400)), spec)
    fitting = int(str(refused.value).split("at most ")[1].split(" ")[0].replace(",", ""))
    assert spec.sampler.size(fitting, 1023) * 1023 <= MOST_ENTRIES < spec.sampler.size(fitting + 2, 1023) * 1023
    with pytest.raises(StopIteration):
        next(stop_at_the_first_call(image, replace(spec, samples=fitting)))


def stop_at_the_first_call(image, spec):
    """A stream that ends where the model is asked, which is after all that may be refused has been."""

    def end(images):
        raise KeyboardInterrupt

    try:
        next(lc.stream(image, lc.CallableClassifier(end, (300, 400)), spec))
    except KeyboardInterrupt:
        return
    yield
