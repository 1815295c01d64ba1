"""What is asked, of whom and how often: classes, batches, sizes, and answers that are kept."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc
from lime_core.answers import growing
from lime_core.answers import query as query_module
from lime_core.answers.classes import chosen_classes
from lime_core.answers.neighborhood import check_neighborhood, first_samples
from lime_core.answers.probe import BATCH_SIZE, Probe
from lime_core.answers.scene import prepare

SPEC = lc.ExplainSpec(segmentation=lc.Grid(rows=3, columns=4), samples=50, fill="black", target="probability")
WEIGHTS = np.stack([np.linspace(-0.03, 0.04, 12), np.linspace(0.03, -0.02, 12)])


@pytest.fixture(scope="module")
def image():
    return colorful_image()


class Counted:
    """A classifier that writes down the size of each batch."""

    def __init__(self, image, spec=SPEC):
        self.batches = []
        self._inner = known_answer(linear(WEIGHTS), image, spec)
        self.classifier = lc.CallableClassifier(self._answer, self._inner.input_size, outputs="probabilities")

    def _answer(self, pictures):
        self.batches.append(len(pictures))
        return self._inner.predict(pictures)


# Classes


OUTPUTS = np.array([0.1, 0.4, 0.1, 0.3, 0.1], np.float32)


def test_the_top_classes_come_by_falling_output_and_equal_ones_in_their_order():
    assert chosen_classes(OUTPUTS, replace(SPEC, top_classes=4)) == [1, 3, 0, 2]
    assert chosen_classes(OUTPUTS, replace(SPEC, top_classes=1)) == [1]
    assert chosen_classes(OUTPUTS, replace(SPEC, top_classes=9)) == [1, 3, 0, 2, 4]
    assert chosen_classes(OUTPUTS, replace(SPEC, classes=(4, 3, 0))) == [3, 0, 4]


def test_the_last_class_exists_and_the_next_does_not():
    assert chosen_classes(OUTPUTS, replace(SPEC, classes=(4,))) == [4]
    with pytest.raises(lc.SpecError, match=r"must be in 0\.\.4 for this model; got \[5, 9\]"):
        chosen_classes(OUTPUTS, replace(SPEC, classes=(5, 1, 9)))


# Batches


def test_a_probe_asks_in_batches_of_32_and_about_each_mask_once(image):
    counted = Counted(image)
    probe = Probe(prepare(image, (61, 87), SPEC), counted.classifier)
    assert counted.batches == [1]
    masks = ((np.arange(70)[:, None] >> np.arange(12)) & 1).astype(np.uint8)
    twice = np.concatenate([masks, masks[::-1]])
    answers = probe.ask(twice)
    assert BATCH_SIZE == 32
    assert counted.batches[1:] == [32, 32, 6]
    assert answers == pytest.approx(0.1 + twice @ WEIGHTS.T, abs=1e-6)
    assert answers.dtype == np.float32
    counted.batches.clear()
    probe.ask(masks, batch_size=35)
    assert counted.batches == [35, 35]


def test_a_model_that_changes_its_number_of_classes_is_refused(image):
    sizes = iter([2, 3])
    fickle = lc.CallableClassifier(lambda pictures: np.zeros((len(pictures), next(sizes))), (61, 87), outputs="values")
    with pytest.raises(lc.ModelError, match="3 outputs a picture where it has 2 classes"):
        lc.query(image, fickle, SPEC)


def test_outputs_may_be_whole_numbers_or_truth_values(image):
    for kind in (int, bool, np.uint8, np.float16):
        model = lc.CallableClassifier(lambda pictures, kind=kind: np.ones((len(pictures), 2), kind), (61, 87))
        answers = lc.query(image, model, SPEC)
        assert answers.outputs.dtype == np.float32
        assert (answers.outputs == 1).all()


# Sizes


def test_a_run_may_hold_twenty_million_entries_and_no_more():
    allowed = replace(SPEC, samples=20_000)
    query_module._check_size(allowed, 1000)
    with pytest.raises(lc.SpecError, match=r"20,000 samples of 1,001 superpixels .* at most 19,980 samples"):
        query_module._check_size(allowed, 1001)


def test_a_sampler_that_rounds_up_is_told_a_number_that_fits_after_rounding():
    asked = []

    def size(samples, superpixels):
        asked.append(samples)
        return samples + samples % 2

    spec = SimpleNamespace(samples=9, sampler=SimpleNamespace(size=size))
    with pytest.raises(lc.SpecError, match=r"10 samples of 6,000,000 superpixels .* at most 2 samples"):
        query_module._check_size(spec, 6_000_000)
    assert asked == [9, 3, 2]


def test_outputs_of_64_mebibytes_are_kept_in_memory_and_larger_ones_in_a_file():
    assert not isinstance(growing._buffer(2**14, 1024), np.memmap)
    beyond = growing._buffer(2**14 + 1, 1024)
    assert isinstance(beyond, np.memmap)
    assert (beyond.shape, beyond.dtype) == ((2**14 + 1, 1024), np.float32)


# Answers that are kept


def test_known_answers_that_are_enough_ask_nothing_but_the_picture(image):
    counted = Counted(image)
    long = lc.query(image, counted.classifier, SPEC)
    counted.batches.clear()
    for samples in (20, 50):
        short = lc.query(image, counted.classifier, replace(SPEC, samples=samples), known=long)
        assert short.samples == samples
        assert short.stop_reason == "budget"
        assert np.array_equal(short.outputs, long.outputs[:samples])
    assert counted.batches == [1, 1]


def test_a_stream_of_known_answers_begins_with_them(image):
    counted = Counted(image)
    known = lc.query(image, counted.classifier, replace(SPEC, samples=20))
    steps = list(lc.stream(image, counted.classifier, SPEC, known=known, batch_size=20))
    assert [step.samples for step in steps] == [20, 40, 50]
    assert [step.stop_reason for step in steps] == ["stopped", "stopped", "budget"]
    fresh = list(lc.stream(image, counted.classifier, SPEC))
    assert [step.samples for step in fresh] == [32, 50]


def test_notes_of_known_answers_are_kept(image):
    counted = Counted(image)
    known = replace(lc.query(image, counted.classifier, replace(SPEC, samples=20)), notes=("Asked in haste.",))
    assert lc.query(image, counted.classifier, SPEC, known=known).notes == ("Asked in haste.",)
    assert lc.query(image, counted.classifier, SPEC).notes == ()


def test_a_rule_looks_at_known_answers_before_more_are_asked(image):
    early = replace(SPEC, early_stop=True, samples=500, alpha=0)
    counted = Counted(image)
    whole = lc.query(image, counted.classifier, replace(early, early_stop=False))
    stopped = lc.query(image, counted.classifier, early)
    assert stopped.samples < 500
    counted.batches.clear()
    again = lc.query(image, counted.classifier, early, known=whole)
    assert counted.batches == [1]
    assert (again.samples, again.stop_reason) == (stopped.samples, stopped.stop_reason)


def test_a_shorter_query_is_the_beginning_of_a_longer_one(image):
    answers = lc.query(image, Counted(image).classifier, SPEC)
    assert first_samples(answers, 50) is answers
    assert first_samples(answers, 51) is answers
    cut = first_samples(answers, 49)
    assert (cut.samples, cut.spec.samples, len(cut.pairs), len(cut.outputs)) == (49, 49, 49, 49)
    assert np.array_equal(cut.masks, answers.masks[:49])
    assert (answers.samples, answers.superpixels) == (50, 12)


def test_a_first_sample_counts_as_two_in_the_settings_of_a_shorter_run(image):
    first = next(lc.stream(image, Counted(image).classifier, SPEC, batch_size=1))
    assert (first.samples, first.spec.samples) == (1, 2)


@pytest.mark.parametrize("samples", [49, 51])
def test_arrays_that_are_too_short_or_too_long_do_not_fit_together(image, samples):
    answers = lc.query(image, Counted(image).classifier, SPEC)
    check_neighborhood(answers)
    pairs = np.arange(samples, dtype=np.int32)
    with pytest.raises(lc.LimeError, match=rf"pairs has the shape \({samples},\) where N = 50"):
        check_neighborhood(replace(answers, pairs=pairs))


def test_segments_have_to_number_the_columns_of_the_masks(image):
    answers = lc.query(image, Counted(image).classifier, SPEC)
    with pytest.raises(lc.LimeError, match=r"segments must hold each of 0\.\.11, one for each column of the masks"):
        check_neighborhood(replace(answers, segments=np.zeros((4, 5), np.int32)))


def test_timings_are_seconds_between_two_looks_at_the_clock(image, monkeypatch):
    clock = itertools.count(10.0)
    monkeypatch.setattr(query_module.time, "perf_counter", lambda: next(clock))
    timings = next(lc.stream(image, Counted(image).classifier, SPEC)).provenance.timings
    assert timings == {"prepare": 1.0, "query": 1.0}


class Trap:
    """Unpickling it makes a folder."""

    def __init__(self, folder):
        self._folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self._folder),)


def test_no_pickle_of_a_file_is_ever_run(tmp_path):
    np.savez(tmp_path / "trap.npz", document=np.array([Trap(tmp_path / "sprung")], dtype=object))
    with pytest.raises(lc.LimeError, match="Not a readable neighborhood"):
        lc.Neighborhood.load_npz(tmp_path / "trap.npz")
    assert not (tmp_path / "sprung").exists()


def test_the_original_among_the_samples_is_a_pair_of_its_own(image):
    answers = lc.query(image, Counted(image).classifier, replace(SPEC, include_original=True))
    assert answers.masks[0].all()
    assert answers.outputs[0] == pytest.approx(answers.original_outputs)
    assert answers.pairs[:4].tolist() == [0, 1, 1, 2]


# The scene


def test_a_scene_is_framed_and_cut_and_its_fill_depends_on_the_seed(image):
    scene = prepare(image, (32, 40), SPEC)
    assert scene.superpixels == 12
    assert scene.pixels.shape == scene.fill.shape == (32, 40, 3)
    assert scene.labels.shape == (32, 40)
    assert scene.energy.sum() == pytest.approx(((scene.pixels / 255.0) ** 2).mean())
    masks = np.ones((2, 12), np.uint8)
    masks[1] = 0
    whole, nothing = scene.perturbed(masks)
    assert np.array_equal(whole, scene.pixels)
    assert not nothing.any()
    noise = [prepare(image, (32, 40), replace(SPEC, fill="noise", seed=seed)).fill for seed in (0, 0, 1)]
    assert np.array_equal(noise[0], noise[1])
    assert not np.array_equal(noise[0], noise[2])
    assert scene != prepare(image, (32, 40), SPEC)
