from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc

WEIGHTS = np.array([0.05, -0.04, 0.03, 0.0, 0.02, -0.01])
SPEC = lc.ExplainSpec(
    target="probability",
    segmentation=lc.Grid(rows=2, columns=3),
    samples=64,
    fill="black",
    surrogate="least_squares",
)


@pytest.fixture(scope="module")
def explanation():
    image = colorful_image()
    classifier = known_answer(linear(np.stack([WEIGHTS, -WEIGHTS, WEIGHTS**2])), image, SPEC)
    return lc.explain(image, classifier, SPEC)


def test_top_features_are_the_strongest_of_their_sign(explanation):
    exact = with_coefficients(explanation, WEIGHTS)
    assert exact.top_features(0, 2) == (0, 2)
    assert exact.top_features(0, 10) == (0, 2, 4)
    assert exact.top_features(0, 10, sign="negative") == (1, 5)
    assert exact.top_features(0, 3, sign="both") == (0, 1, 2)


def with_coefficients(explanation, coefficients, std_errors=None):
    std_errors = np.zeros_like(coefficients) if std_errors is None else std_errors
    changed = replace(explanation[0], scores=coefficients, std_errors=std_errors)
    return replace(explanation, classes=(changed,))


def test_the_heatmap_shows_what_the_other_views_show_the_k_strongest_of_the_chosen_sign(explanation):
    for k, sign, expected in ((2, "both", (0, 1)), (2, "positive", (0, 2)), (9, "negative", (1, 5))):
        view = lc.View(top_k=k, sign=sign)
        assert explanation.shown_features(0, view) == expected
        painted = np.unique(explanation.segments[explanation.heatmap(0, view=view) != 0])
        assert painted.tolist() == sorted(expected)


def test_the_heatmap_paints_each_superpixel_with_its_coefficient_and_hides_the_unsure(explanation):
    view = lc.View(top_k=6)
    std_errors = np.array([0.001, 0.03, 0.001, 0.01, np.nan, 0.001])
    shown = with_coefficients(explanation, WEIGHTS, std_errors)
    heatmap = shown.heatmap(0, view=view)
    assert heatmap.dtype == np.float32
    assert heatmap.shape == explanation.segments.shape
    expected = np.where(np.isnan(std_errors) | (np.abs(WEIGHTS) > 1.96 * std_errors), WEIGHTS, 0)
    assert expected[1] == 0
    assert expected[4] == WEIGHTS[4]
    for index, value in enumerate(expected):
        assert (heatmap[explanation.segments == index] == np.float32(value)).all()
    everything = shown.heatmap(0, view=replace(view, hide_unsure=False))
    assert (everything[explanation.segments == 1] == np.float32(WEIGHTS[1])).all()


def test_contrast_of_a_linear_model_is_the_difference_of_its_weights(explanation):
    contrast = explanation.contrast(0, 1)
    assert contrast.coefficients == pytest.approx(2 * WEIGHTS, abs=1e-6)
    assert explanation.contrast(1, 0).coefficients == pytest.approx(-2 * WEIGHTS, abs=1e-6)
    assert explanation.contrast(2, 2).std_errors == pytest.approx(0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda e: e.top_features(7, 1),
        lambda e: e.top_features(0, 0),
        lambda e: e.top_features(0, 1, sign="up"),
        lambda e: e.heatmap(-1),
        lambda e: e.contrast(0, 9),
        lambda e: replace(e, signed=False).contrast(0, 1),
    ],
)
def test_wrong_questions_get_a_spec_error(explanation, wrong):
    with pytest.raises(lc.SpecError):
        wrong(explanation)


def test_json_and_npz_give_back_the_same_explanation(explanation, tmp_path):
    unknown = with_coefficients(explanation, WEIGHTS, np.full(6, np.nan))
    for one in (explanation, unknown):
        text = one.to_json()
        assert "NaN" not in text
        assert lc.Explanation.from_json(text).to_json() == text
        one.save_npz(tmp_path / "explanation.npz")
        assert lc.Explanation.load_npz(tmp_path / "explanation.npz").to_json() == text


def test_the_json_is_complete_enough_to_repeat_the_run(explanation):
    document = json.loads(explanation.to_json())
    spec = lc.ExplainSpec.from_dict(document["spec"])
    image = colorful_image()
    assert document["provenance"]["image_sha256"] == image.sha256
    classifier = known_answer(linear(np.stack([WEIGHTS, -WEIGHTS, WEIGHTS**2])), image, spec)
    again = lc.explain(image, classifier, spec)
    for one, other in zip(explanation.classes, again.classes, strict=True):
        assert np.array_equal(one.coefficients, other.coefficients)
        assert np.array_equal(one.std_errors, other.std_errors)
    assert {"model", "weights_sha256", "engine", "versions", "timings"} <= document["provenance"].keys()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"format": "other"}', '{"segments": {"shape": [1e9]}}'])
def test_a_damaged_json_is_a_plain_error(text):
    with pytest.raises(lc.LimeError):
        lc.Explanation.from_json(text)


def test_a_json_whose_array_unpacks_to_more_than_it_states_is_refused(explanation):
    document = json.loads(explanation.to_json())
    document["segments"]["shape"] = [1, 1]
    with pytest.raises(lc.LimeError, match="holds"):
        lc.Explanation.from_json(json.dumps(document))


def test_a_damaged_npz_is_a_plain_error():
    with pytest.raises(lc.LimeError, match="Not a readable explanation"):
        lc.Explanation.load_npz(io.BytesIO(b"PK\x03\x04 nothing"))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("segments", lambda a: a.astype(np.int64), "segments must be int32"),
        ("segments", lambda a: a.ravel(), r"segments must be int32 of shape \(H, W\)"),
        ("segments", lambda a: a * 2, r"segments must hold superpixels 0\.\.S-1 without gaps"),
        (
            "covariances",
            lambda a: a[..., :2],
            r"covariances must be float64 of shape \(3, 3, 6\); got float64 of shape",
        ),
        ("coefficients", lambda a: a[:, :5], "coefficients must hold 6 numbers .* for each of 3 classes"),
        ("std_errors", lambda a: a[:2], "std_errors must hold 6 numbers .* for each of 3 classes"),
        ("degrees_of_freedom", lambda a: a.astype(np.float32), r"degrees_of_freedom must hold 6 numbers \(float64\)"),
    ],
)
def test_a_stored_explanation_whose_arrays_do_not_fit_is_refused_in_words(explanation, name, change, message):
    file = io.BytesIO()
    explanation.save_npz(file)
    file.seek(0)
    with np.load(file) as stored:
        contents = {key: stored[key] for key in stored.files}
    file = io.BytesIO()
    np.savez(file, **{**contents, name: change(contents[name])})
    file.seek(0)
    with pytest.raises(lc.LimeError, match=rf"^Not a readable explanation \(NPZ\): {message}"):
        lc.Explanation.load_npz(file)
