"""Occlusion and RISE against their formulas, written out, and against models whose explanation is known."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from known_answers import TWELVE, colorful_image, known_answer, linear
from scipy.special import logit

import lime_core as lc
from lime_core.masks.pixel_designs import MOST_WINDOWS, SlidingWindow
from lime_core.settings.flags import add_spec_flags, command_line, flags_of, spec_from_flags
from lime_core.trials.suite import Subject, attempt, calls_of

SIZE = (60, 84)
SPEC = lc.ExplainSpec(segmentation=TWELVE, samples=300, fill="black", target="probability", seed=3)
both_methods = pytest.mark.parametrize("name", ["occlusion", "rise"])


@pytest.fixture(scope="module")
def image():
    return colorful_image(60, 84)


def weighing(image, weights, intercept=0.0, spec=SPEC):
    """A model (h, w) whose output is a weighted mean of how far each pixel of the picture is shown, and its complement.

    It reads that off the pictures it is given: with a black fill, a pixel is as bright as it is shown.
    """
    original = lc.prepare(image, SIZE, spec).pixels.astype(np.float64)

    def function(images):
        shown = images.sum(axis=3) / original.sum(axis=2)
        score = intercept + (shown * weights).sum(axis=(1, 2))
        return np.column_stack([score, 1 - score])

    return lc.CallableClassifier(function, SIZE, ("it", "not it"), outputs="probabilities")


def spot(top=20, left=42, height=12, width=16, total=0.8):
    weights = np.zeros(SIZE)
    weights[top : top + height, left : left + width] = total / (height * width)
    return weights


# Formulas


@pytest.mark.parametrize("target", ["probability", "log_odds"])
def test_occlusion_is_the_mean_fall_over_the_windows_that_cover_a_pixel(image, target):
    spec = replace(SPEC, samples=130, target=target)
    classifier = weighing(image, spot(), 0.1)
    attribution = lc.attribute(image, classifier, method="occlusion", spec=spec)
    pixels = lc.prepare(image, SIZE, spec).pixels
    side = 11  # the square of 11 is the largest up to 130
    unit = (lambda p: p) if target == "probability" else logit
    falls, windows = np.zeros(SIZE), np.zeros(SIZE)
    for row in range(side):
        for column in range(side):
            occluded = pixels.copy()
            inside = slice(row * 5, row * 5 + 10), slice(column * 7, column * 7 + 14)
            occluded[inside] = 0
            outputs = unit(classifier.predict(np.stack([pixels, occluded]))[:, 0].astype(np.float64))
            falls[inside] += outputs[0] - outputs[1]
            windows[inside] += 1
    assert attribution[0].scores == pytest.approx(falls / windows, abs=1e-4)
    assert (attribution.calls, attribution.signed) == (side**2 + 1, True)
    assert attribution.unit == ("probability" if target == "probability" else "log-odds")
    (note,) = attribution.notes
    assert note.startswith("11×11 windows were hidden one after another, half a window apart; each covers 17% of the ")


def test_rise_is_the_mean_of_outputs_weighted_by_how_far_each_mask_shows_a_pixel(image):
    classifier = weighing(image, spot(), 0.1)
    attribution = lc.attribute(image, classifier, method="rise", spec=SPEC)
    answers = lc.query(image, classifier, lc.METHODS["rise"].asked(SPEC))
    original = lc.prepare(image, SIZE, SPEC).pixels
    total, visible = np.zeros((2, *SIZE)), np.zeros(SIZE)
    for mask in answers.masks:
        shown = answers.cover.shown(mask[None], SIZE)[0].astype(np.float64)
        output = classifier.predict(np.rint(original * shown[..., None]).astype(np.uint8)[None])[0]
        total += output[:, None, None].astype(np.float64) * shown
        visible += shown
    expected = total / visible
    for item in attribution.classes:
        assert item.scores == pytest.approx(expected[item.index], abs=1e-4)
    assert (attribution.calls, attribution.signed) == (SPEC.samples + 1, False)
    assert attribution.unit == "mean output while shown"


# Known answers


def test_occlusion_of_a_linear_model_is_what_its_windows_weigh(image):
    weights = np.random.default_rng(4).normal(0, 1e-4, SIZE)
    attribution = lc.attribute(image, weighing(image, weights, 0.5), method="occlusion", spec=replace(SPEC, samples=16))
    # Four windows along each axis, five strides of 12×16.8 px.
    rows, columns = ((np.arange(length) + 0.5) / length * 5 for length in SIZE)
    expected, count = np.zeros(SIZE), np.zeros(SIZE)
    for row in range(4):
        for column in range(4):
            inside = np.outer((rows >= row) & (rows < row + 2), (columns >= column) & (columns < column + 2))
            expected += inside * weights[inside].sum()
            count += inside
    assert attribution[0].scores == pytest.approx(expected / count, abs=2e-5)
    assert attribution[1].scores == pytest.approx(-expected / count, abs=2e-5)


def test_rise_of_a_linear_model_is_its_mean_while_a_pixel_is_shown(image):
    """E[f | pixel] of a linear model differs from E[f] by the covariance of the pixel with what the model looks at."""
    spec = replace(SPEC, samples=4000)
    attribution = lc.attribute(image, weighing(image, spot(total=0.8), 0.1), method="rise", spec=spec)
    score = attribution[0].scores
    assert score.mean() == pytest.approx(0.1 + 0.8 / 2, abs=0.03)
    inside = spot() > 0
    assert np.unravel_index(score.argmax(), SIZE) in [tuple(each) for each in np.argwhere(inside)]
    far = score[:, :15].mean()
    # The spot is about one cell large, so it is shown for the most part where its middle is.
    assert 0.1 < score[26, 50] - far < 0.4


@both_methods
def test_the_pixels_that_the_model_looks_at_score_highest_and_so_does_their_superpixel(image, name):
    attribution = lc.attribute(image, weighing(image, spot(20, 42, 20, 21), 0.1), method=name, spec=SPEC)
    assert attribution[0].scores.shape == SIZE
    assert attribution[0].scores.dtype == np.float64
    assert attribution.superpixels == 12
    assert attribution.top_features(0, 1) == (6,)
    labels = attribution.segments
    expected = [attribution[0].scores[labels == label].mean() for label in range(12)]
    assert attribution.scores(0) == pytest.approx(expected, abs=1e-12)
    assert attribution.heatmap(0).shape == SIZE


def test_a_model_that_answers_the_same_to_everything_has_no_occlusion_and_a_flat_rise(image):
    classifier = weighing(image, np.zeros(SIZE), 0.25)
    occlusion = lc.attribute(image, classifier, method="occlusion", spec=SPEC)
    assert not occlusion[0].scores.any()
    assert occlusion[0].trust.level == "meaningless"
    rise = lc.attribute(image, classifier, method="rise", spec=SPEC)
    assert rise[0].scores == pytest.approx(np.full(SIZE, rise[0].output), abs=1e-6)
    assert rise[0].trust.level == "meaningless"


def test_outputs_below_nothing_do_not_turn_the_order_of_rise_around(image):
    inner = weighing(image, spot(20, 42, 20, 21), 0.1)
    below = lc.CallableClassifier(lambda images: inner.predict(images)[:, :1] - 3.0, SIZE, outputs="values")
    found = lc.attribute(image, below, method="rise", spec=SPEC)
    assert found.top_features(0, 1) == (6,)
    assert (found[0].scores >= 0).all()
    assert any("counted from its smallest" in note for note in found.notes)


def test_a_pixel_that_no_mask_shows_gets_the_mean_of_all_answers(image):
    answers = lc.query(image, weighing(image, spot(), 0.1), lc.METHODS["rise"].asked(SPEC))
    hidden = replace(answers, masks=np.zeros_like(answers.masks))
    scores = lc.METHODS["rise"].from_answers(hidden, SPEC)[0].scores
    assert scores == pytest.approx(np.full(SIZE, answers.outputs[:, 0].mean()), abs=1e-6)


# How they ask


@pytest.mark.parametrize(("samples", "side"), [(2, 1), (3, 1), (4, 2), (24, 4), (25, 5), (1000, 31), (100_000, 31)])
def test_occlusion_has_as_many_windows_as_the_budget_allows(samples, side):
    method, spec = lc.METHODS["occlusion"], replace(SPEC, samples=samples)
    asked = method.asked(spec)
    assert asked.sampler == SlidingWindow(side)
    assert asked.sampler.size(asked.samples, 12) == side**2 <= samples
    assert method.planned_calls(spec, 12) == side**2 + 1
    assert method.asked(asked) == asked
    assert side <= MOST_WINDOWS


def test_one_window_hides_everything(image):
    attribution = lc.attribute(image, weighing(image, spot(), 0.1), method="occlusion", spec=replace(SPEC, samples=2))
    assert attribution[0].scores == pytest.approx(np.full(SIZE, 0.8), abs=1e-6)


def test_answers_to_other_windows_are_no_beginning_of_finer_ones(image):
    method, classifier = lc.METHODS["occlusion"], weighing(image, spot(), 0.1)
    coarse = lc.query(image, classifier, method.asked(replace(SPEC, samples=16)))
    assert not coarse.spec.begins_like(method.asked(replace(SPEC, samples=100)))
    with pytest.raises(lc.LimeError, match="another picture, model or setting"):
        method.attribute(image, classifier, replace(SPEC, samples=100), known=coarse)


def test_occlusion_draws_nothing_at_random_but_a_random_fill():
    method = lc.METHODS["occlusion"]
    assert method.asked(replace(SPEC, seed=1)) == method.asked(replace(SPEC, seed=2))
    assert method.asked(replace(SPEC, seed=1, fill="noise")) != method.asked(replace(SPEC, seed=2, fill="noise"))


def test_a_longer_rise_begins_with_a_shorter_one_and_goes_on_from_it(image):
    classifier, method = weighing(image, spot(), 0.1), lc.METHODS["rise"]
    short = lc.query(image, classifier, method.asked(replace(SPEC, samples=100)))
    whole = method.attribute(image, classifier, SPEC)
    assert np.array_equal(method.attribute(image, classifier, SPEC, known=short)[0].scores, whole[0].scores)


def test_batches_do_not_matter_and_partial_answers_are_valid(image):
    classifier = weighing(image, spot(), 0.1)
    for name in ("occlusion", "rise"):
        method = lc.METHODS[name]
        whole = method.from_answers(lc.query(image, classifier, method.asked(SPEC), batch_size=7), SPEC)
        assert whole[0].scores == pytest.approx(method.attribute(image, classifier, SPEC)[0].scores, abs=1e-12)
    method = lc.METHODS["occlusion"]
    begun = next(lc.stream(image, classifier, method.asked(SPEC), batch_size=20))
    attribution = method.from_answers(begun, SPEC)
    # 17 positions along each axis: 20 windows are one row and three of the next.
    assert not attribution[0].scores[12:].any()
    assert "269 windows have not been hidden yet" in attribution.notes[1]


@both_methods
def test_a_model_that_hides_superpixels_itself_is_shown_pictures(image, name):
    inner = weighing(image, spot(), 0.1)

    class Masked(lc.CallableClassifier):
        def masked_predictor(self, *_):
            raise AssertionError("masks of pixels are no masks of superpixels")

    masked = Masked(inner.predict, SIZE, outputs="probabilities")
    attribution = lc.METHODS[name].attribute(image, masked, SPEC)
    assert np.array_equal(attribution[0].scores, lc.METHODS[name].attribute(image, inner, SPEC)[0].scores)


@both_methods
@pytest.mark.parametrize("changes", [{"framing": "center_crop"}, {"resolution": "model"}, {"fill": "segment_mean"}])
def test_pixels_are_those_of_the_framed_picture_at_viewing_size(name, changes):
    spec = replace(SPEC, samples=100, **changes)
    picture = colorful_image(50, 90)
    classifier = lc.CallableClassifier(lambda images: images[:, :, :12].mean(axis=(1, 2)) / 300, (20, 24))
    attribution = lc.attribute(picture, classifier, method=name, spec=spec)
    framed = lc.frame(picture, spec).pixels.shape[:2]
    assert framed == ((50, 50) if "framing" in changes else (50, 90))
    assert attribution.segments.shape == framed
    assert all(item.scores.shape == framed for item in attribution.classes)
    if spec.fill.name == "segment_mean":
        return  # it leaves the mean of the half as it is
    halves = attribution.classes[0].scores[:, : framed[1] // 2], attribution.classes[0].scores[:, framed[1] // 2 :]
    assert halves[0].mean() > halves[1].mean()


# What becomes of the answers


@both_methods
def test_answers_survive_a_file_and_other_masks_are_refused(image, name):
    method, classifier = lc.METHODS[name], weighing(image, spot(), 0.1)
    answers = lc.query(image, classifier, method.asked(SPEC))
    assert (answers.superpixels, answers.energy.shape) == (12, (12,))
    file = io.BytesIO()
    answers.save_npz(file)
    file.seek(0)
    back = lc.Neighborhood.load_npz(file)
    assert back == answers
    assert np.array_equal(method.from_answers(back, SPEC)[0].scores, method.from_answers(answers, SPEC)[0].scores)
    file = io.BytesIO()
    replace(answers, masks=answers.masks[:, :20]).save_npz(file)
    file.seek(0)
    with pytest.raises(lc.LimeError, match=rf"masks has the shape .* where K = {answers.cover.columns}"):
        lc.Neighborhood.load_npz(file)


@both_methods
def test_a_method_refuses_answers_to_masks_that_it_cannot_use(image, name):
    classifier = weighing(image, spot(), 0.1)
    of_superpixels = lc.query(image, classifier, SPEC)
    with pytest.raises(lc.SpecError, match=r"needs masks of its own; .*sampler 'balanced'"):
        lc.METHODS[name].from_answers(of_superpixels, SPEC)
    with pytest.raises(lc.SpecError, match="LIME needs masks of its own"):
        lc.fit(lc.query(image, classifier, lc.METHODS[name].asked(SPEC)), SPEC)


@both_methods
def test_the_settings_of_a_result_lead_to_the_same_query_and_to_the_users_superpixels(image, name):
    method = lc.METHODS[name]
    attribution = lc.attribute(image, weighing(image, spot(), 0.1), method=name, spec=SPEC)
    assert method.asked(attribution.spec) == replace(method.asked(SPEC), view=lc.View())
    assert np.array_equal(lc.prepare(image, SIZE, attribution.spec).segments, attribution.segments)
    command = command_line(attribution.spec, "cat.jpg", method=name)
    assert "sampler" not in command
    assert method.asked(spec_from_flags(flags_of(SPEC))) == method.asked(SPEC)


def test_what_is_not_offered_has_no_flag():
    import argparse

    parser = argparse.ArgumentParser()
    add_spec_flags(parser)
    assert "sliding" not in parser.format_help()


@both_methods
def test_every_trial_can_be_made(image, name):
    spec = replace(SPEC, samples=30)
    calls = []
    inner = weighing(image, spot(20, 42, 20, 21), 0.1)

    def function(images):
        calls.append(len(images))
        return inner.predict(images)

    classifier = lc.CallableClassifier(function, SIZE, outputs="probabilities")
    method = lc.METHODS[name]
    answers = lc.query(image, classifier, method.asked(spec))
    attribution = lc.attribute(image, classifier, method=name, spec=spec)
    subject = Subject(image, "own", classifier, attribution, 0, answers, top_k=3)
    for trial in ("reality", "curves", "what-if", "repeat"):
        calls.clear()
        result = attempt(trial, subject, lambda *_: None)
        if name == "occlusion" and trial == "repeat":
            assert "draws nothing at random" in result.error
            continue
        assert not hasattr(result, "error"), result
        assert sum(calls) <= calls_of(trial, attribution)
        if trial == "reality":
            assert 6 in result.features
            assert result.removed.model < result.removed.random_mean


@both_methods
def test_superpixels_that_are_hidden_whole_are_found_by_windows_and_grids_alike(image, name):
    weights = np.zeros((2, 12))
    weights[:, 5] = 0.5, -0.5
    # A superpixel is hidden as soon as any of its pixels is another.
    classifier = known_answer(linear(weights, 0.5), image, SPEC, SIZE)
    attribution = lc.attribute(image, classifier, method=name, spec=replace(SPEC, samples=900))
    if name == "occlusion":
        assert attribution.top_features(0, 1) == (5,)
    assert np.isfinite(attribution[0].scores).all()
