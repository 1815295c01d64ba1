"""`fit` against answers that are known, and what cannot be fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import (
    EXACT,
    SUPERPIXELS,
    all_masks,
    answers_of,
    colorful_image,
    curved_answers,
    explain,
    known_answer,
    linear,
)
from known_answers import UNPENALIZED as SPEC

import lime_core as lc


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.mark.parametrize("kernel", ["lime", "gaussian", "none"])
@pytest.mark.parametrize("distance", ["cosine", "hidden_fraction", "l2_pixels"])
@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired", "mixed_rate"])
def test_a_linear_model_is_recovered_exactly_under_any_kernel(image, kernel, distance, sampler):
    weights = np.linspace(-0.05, 0.06, SUPERPIXELS)
    spec = replace(EXACT, kernel=kernel, distance=distance, sampler=sampler)
    explained = explain(linear(np.stack([weights, -weights]), 0.3), image, spec).classes
    by_index = {one.index: one for one in explained}
    assert by_index[0].coefficients == pytest.approx(weights, abs=1e-6)
    assert by_index[1].coefficients == pytest.approx(-weights, abs=1e-6)
    assert by_index[0].intercept == pytest.approx(0.3, abs=1e-6)
    assert by_index[0].r2 == pytest.approx(1, abs=1e-9)
    assert by_index[0].r2_holdout == pytest.approx(1, abs=1e-9)
    assert by_index[0].surrogate_output == pytest.approx(by_index[0].model_output, abs=1e-6)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_and_of_p_superpixels_gives_two_to_the_one_minus_p_inside_and_zero_outside(image, parts):
    masks = all_masks(SUPERPIXELS)
    outputs = masks[:, :parts].all(axis=1).astype(float)[:, None]
    spec = replace(EXACT, kernel="none")
    coefficients = lc.fit(answers_of(outputs, masks, image, spec), spec).classes[0].coefficients
    assert coefficients[:parts] == pytest.approx(2.0 ** (1 - parts), abs=1e-12)
    assert coefficients[parts:] == pytest.approx(0, abs=1e-12)


def test_xor_of_two_superpixels_is_the_blind_spot_of_lime(image):
    masks = all_masks(SUPERPIXELS)
    outputs = (masks[:, 0] ^ masks[:, 1]).astype(float)[:, None]
    spec = replace(EXACT, kernel="none")
    explained = lc.fit(answers_of(outputs, masks, image, spec), spec).classes[0]
    assert explained.coefficients == pytest.approx(0, abs=1e-12)
    assert explained.r2 == pytest.approx(0, abs=1e-12)


def test_a_superpixel_that_the_model_ignores_gets_nothing_and_twins_get_the_same(image):
    def twins(masks):
        return (0.2 + 0.3 * masks[:, 2] * masks[:, 7])[:, None]

    coefficients = explain(twins, image, replace(EXACT, kernel="none")).classes[0].coefficients
    assert coefficients[2] == pytest.approx(coefficients[7], abs=1e-7)
    assert coefficients[2] == pytest.approx(0.15, abs=1e-6)
    assert np.delete(coefficients, [2, 7]) == pytest.approx(0, abs=1e-6)


def test_fewer_samples_than_superpixels_is_an_error_for_least_squares_and_a_note_for_ridge(image):
    few = replace(SPEC, samples=10)
    classifier = known_answer(linear(np.ones(SUPERPIXELS) / 20), image, few)
    with pytest.raises(lc.SpecError, match="10 samples cannot tell 12 superpixels apart"):
        lc.explain(image, classifier, replace(few, surrogate="least_squares"))
    explanation = lc.explain(image, classifier, replace(few, surrogate="ridge", alpha=0.01))
    assert any("10 samples cannot tell 12 superpixels apart" in note for note in explanation.notes)


def test_a_kernel_too_narrow_for_raw_weights_is_an_error_that_says_so():
    neighborhood, spec = curved_answers("tutorial")
    with pytest.raises(lc.SpecError, match="wider kernel"):
        lc.fit(neighborhood, replace(spec, kernel_width=0.001, normalize_weights=False))


def test_a_narrow_kernel_is_noted_with_the_samples_it_leaves():
    neighborhood, spec = curved_answers("default")
    explanation = lc.fit(neighborhood, replace(spec, kernel_width=0.02))
    assert explanation.effective_sample_size < SUPERPIXELS
    assert any("wider kernel" in note for note in explanation.notes)


def test_r2_of_a_constant_output_is_not_a_number(image):
    explained = explain(lambda masks: np.full((len(masks), 1), 0.25), image, SPEC).classes[0]
    assert np.isnan(explained.r2)
    assert np.isnan(explained.r2_holdout)
    assert explained.coefficients == pytest.approx(0, abs=1e-9)


def test_a_class_index_outside_the_model_is_an_error():
    neighborhood, spec = curved_answers("default")
    with pytest.raises(lc.SpecError, match=r"0\.\.3"):
        lc.fit(neighborhood, replace(spec, classes=(0, 4)))


def test_asked_classes_are_explained_by_falling_probability():
    neighborhood, spec = curved_answers("default")
    explanation = lc.fit(neighborhood, replace(spec, classes=(0, 3, 1)))
    assert {one.index for one in explanation.classes} == {0, 1, 3}
    assert list(explanation.classes) == sorted(explanation.classes, key=lambda one: -one.probability)


def test_fit_keeps_the_query_settings_that_made_the_neighborhood():
    neighborhood, spec = curved_answers("default")
    explanation = lc.fit(neighborhood, lc.preset("lime"))
    assert explanation.spec.sampler == spec.sampler
    assert explanation.spec.segmentation == spec.segmentation
    assert explanation.spec.surrogate.alpha == 1.0
