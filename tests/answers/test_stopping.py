from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc
from lime_core.answers import growing
from lime_core.answers.stopping import RunningFit, block_length

SUPERPIXELS = 12
SPEC = lc.ExplainSpec(
    target="probability",
    segmentation=lc.Grid(rows=3, columns=4),
    samples=2000,
    fill="black",
    early_stop=True,
    stop_top_k=3,
    alpha=0,
)
WEIGHTS = np.array([0.2, 0.15, 0.1] + [0.01] * 9)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


def noisy(masks):
    """No superpixel matters, but every mask gets an answer of its own."""
    code = (masks @ 2 ** np.arange(SUPERPIXELS)).astype(int)
    return np.random.default_rng(0).random((2**SUPERPIXELS, 1))[code]


def test_a_linear_model_is_settled_as_soon_as_there_are_pairs_enough_to_believe_it(image):
    neighborhood = lc.query(image, known_answer(linear(WEIGHTS), image, SPEC), SPEC)
    assert block_length(SUPERPIXELS) == 32  # 16 pairs for 12 superpixels would be called few
    assert neighborhood.samples == 64
    assert not any("few" in reason for reason in lc.fit(neighborhood)[0].trust.reasons)
    assert neighborhood.stop_reason == "separated"
    assert lc.fit(neighborhood).stop_reason == "separated"


def test_strongest_superpixels_that_stand_apart_end_the_run(image):
    def model(masks):
        return linear(WEIGHTS)(masks) + 0.1 * (noisy(masks) - 0.5)

    spec = replace(SPEC, stop_tolerance=0.001)
    neighborhood = lc.query(image, known_answer(model, image, spec), spec)
    assert neighborhood.stop_reason == "separated"
    assert neighborhood.samples < 2000
    assert set(lc.fit(neighborhood).top_features(0, 3)) == {0, 1, 2}


def test_superpixels_that_tie_for_the_last_place_end_the_run_too(image):
    """For K = 4 nine alike superpixels compete for one place; with exact answers they are certain to tie."""
    spec = replace(SPEC, stop_top_k=4)
    neighborhood = lc.query(image, known_answer(linear(WEIGHTS), image, spec), spec)
    assert neighborhood.samples == 64
    assert neighborhood.stop_reason == "tied"


def test_noise_is_asked_about_until_the_budget_is_spent(image):
    neighborhood = lc.query(image, known_answer(noisy, image, SPEC), replace(SPEC, samples=320, stop_top_k=2))
    assert neighborhood.samples == 320
    assert neighborhood.stop_reason == "budget"


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_where_a_run_stops_does_not_depend_on_the_batch_size(image, batch_size):
    def model(masks):
        return linear(WEIGHTS)(masks) + 0.1 * (noisy(masks) - 0.5)

    classifier = known_answer(model, image, SPEC)
    one, other = lc.query(image, classifier, SPEC), lc.query(image, classifier, SPEC, batch_size=batch_size)
    assert np.array_equal(one.outputs, other.outputs)
    assert one.stop_reason == other.stop_reason


def test_a_stopped_run_is_the_beginning_of_the_whole_one(image):
    classifier = known_answer(linear(WEIGHTS), image, SPEC)
    stopped = lc.query(image, classifier, SPEC)
    whole = lc.query(image, classifier, replace(SPEC, early_stop=False, samples=stopped.samples))
    assert np.array_equal(stopped.masks, whole.masks)
    assert np.array_equal(stopped.outputs, whole.outputs)
    assert whole.stop_reason == "budget"


def test_leaving_a_stream_leaves_a_run_marked_as_stopped(image):
    classifier = known_answer(noisy, image, SPEC)
    first = next(lc.stream(image, classifier, replace(SPEC, early_stop=False), batch_size=10))
    assert first.stop_reason == "stopped"


@pytest.mark.parametrize("sampler", ["balanced", "iid"])
def test_the_running_fit_ends_at_the_coefficients_and_near_the_error_bars_of_the_whole_fit(image, sampler):
    def model(masks):
        return linear(WEIGHTS)(masks) + 0.1 * (noisy(masks) - 0.5)

    spec = replace(SPEC, sampler=sampler, early_stop=False, samples=960, alpha=0.001)
    neighborhood = lc.query(image, known_answer(model, image, spec), spec)
    running = RunningFit(spec, neighborhood.energy, [0])
    for start in range(0, 960, 32):
        rows = slice(start, start + 32)
        running.update(neighborhood.masks[rows], neighborhood.outputs[rows], neighborhood.pairs[rows])
    whole = lc.fit(neighborhood)[0]
    assert running.coefficients[0] == pytest.approx(whole.coefficients, abs=1e-9)
    ratio = running.std_errors[0] / whole.std_errors
    assert 0.9 < np.median(ratio) < 1.3


def test_very_many_outputs_live_in_a_file_and_read_the_same(image, monkeypatch):
    spec = replace(SPEC, early_stop=False, samples=100)
    classifier = known_answer(linear(WEIGHTS), image, spec)
    in_memory = lc.query(image, classifier, spec)
    monkeypatch.setattr(growing, "_LARGEST_IN_MEMORY", 10)
    in_file = lc.query(image, classifier, spec)
    assert isinstance(in_file.outputs, np.memmap)
    assert np.array_equal(in_memory.outputs, in_file.outputs)
    assert lc.fit(in_memory).classes[0].coefficients == pytest.approx(lc.fit(in_file).classes[0].coefficients, abs=0)


# What decides when a query stops belongs to the query


@pytest.fixture(scope="module")
def separable(image):
    """One strong superpixel, two middling ones and many small ones, in some noise: K decides when they stand apart."""
    weights = np.array([0.3, 0.1, 0.09] + [0.01] * 9)

    def model(masks):
        return linear(weights)(masks) + 0.15 * (noisy(masks) - 0.5)

    return known_answer(model, image, SPEC)


def test_k_of_the_view_decides_nothing_about_the_samples(image, separable):
    for top_k in (1, 3, 8):
        spec = replace(SPEC, stop_tolerance=0.001, top_k=top_k)
        assert spec.digest("query") == replace(spec, top_k=5).digest("query")
        assert lc.query(image, separable, spec).samples == lc.query(image, separable, replace(spec, top_k=5)).samples


def test_k_of_the_stopping_rule_decides_and_is_part_of_the_key(image, separable):
    specs = [replace(SPEC, stop_tolerance=0.001, stop_top_k=k) for k in (1, 2, 3)]
    assert len({spec.digest("query") for spec in specs}) == 3
    counts = [lc.query(image, separable, spec).samples for spec in specs]
    assert counts[0] < counts[1]
    assert len(set(counts)) > 1


@pytest.mark.parametrize(
    "changes",
    [{"alpha": 1.0}, {"kernel": "none"}, {"distance": "hidden_fraction"}, {"classes": (0,)}, {"top_classes": 1}],
)
def test_settings_of_the_fit_count_in_the_key_of_a_query_only_where_they_may_end_it(changes):
    changed = replace(SPEC, **changes)
    assert changed.digest("query") != SPEC.digest("query")
    assert replace(changed, early_stop=False).digest("query") == replace(SPEC, early_stop=False).digest("query")


def test_queries_that_end_elsewhere_begin_alike(image, separable):
    short = lc.query(image, separable, replace(SPEC, early_stop=False, samples=64))
    spec = replace(SPEC, stop_top_k=7, stop_tolerance=0.5)
    assert short.spec.begins_like(spec)
    assert not short.spec.begins_like(replace(spec, seed=1))
    assert lc.query(image, separable, spec, known=short).samples >= 64
