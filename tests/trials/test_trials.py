"""Trials against models whose answers can be worked out by hand."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from known_answers import colorful_image, known_answer, linear

import lime_core as lc
from lime_core import trials

WEIGHTS = np.array([0.3, 0.2, 0.1, 0.0, 0.0, -0.1])
SPEC = lc.ExplainSpec(
    segmentation=lc.Grid(rows=2, columns=3), samples=64, fill="black", top_k=2, alpha=0, target="probability"
)


@pytest.fixture(scope="module")
def image():
    return colorful_image()


@pytest.fixture(scope="module")
def asked(image):
    classifier = known_answer(linear(WEIGHTS, 0.2), image, SPEC)
    probe = lc.Probe(lc.prepare(image, classifier.input_size, SPEC), classifier)
    return probe, lc.explain(image, classifier, SPEC), classifier


def test_the_reality_check_of_a_linear_model_is_the_sum_of_its_weights(asked):
    probe, explanation, _ = asked
    check = trials.reality_check(probe, explanation, 0)
    assert check.features == (0, 1)
    assert check.kept.model == pytest.approx(0.2 + 0.5, abs=1e-6)
    assert check.kept.surrogate == pytest.approx(0.7, abs=1e-5)
    assert check.removed.model == pytest.approx(0.2 + 0.0, abs=1e-6)
    assert check.removed.surrogate == pytest.approx(0.2, abs=1e-5)
    sums = [0.2 + sum(pair) for pair in itertools.combinations(WEIGHTS, 2)]
    assert check.kept.random_mean == pytest.approx(np.mean(sums), abs=0.1)
    assert min(sums) - 1e-6 <= check.kept.random_low <= check.kept.random_high <= max(sums) + 1e-6


def test_without_a_superpixel_for_the_class_there_is_nothing_to_check(asked):
    probe, explanation, _ = asked
    against = replace(explanation.classes[0], scores=-np.ones(6))
    with pytest.raises(lc.SpecError, match="nothing to keep"):
        trials.reality_check(probe, replace(explanation, classes=(against,)), 0)


def test_curves_and_areas_of_a_linear_model_by_hand(asked):
    probe, explanation, _ = asked
    curves = trials.curves(probe, explanation, 0, draws=30)
    assert curves.step == 1
    assert curves.fill == "black"
    assert curves.share == pytest.approx(np.arange(7) / 6)
    assert curves.deletion == pytest.approx([0.7, 0.4, 0.2, 0.1, 0.1, 0.1, 0.2], abs=1e-6)
    assert curves.insertion == pytest.approx([0.2, 0.5, 0.7, 0.8, 0.8, 0.8, 0.7], abs=1e-6)
    assert curves.deletion_area == pytest.approx((0.45 + 0.4 + 0.2 + 0.1 + 0.1 + 0.1) / 6, abs=1e-6)
    assert curves.insertion_area == pytest.approx((0.45 + 0.5 + 0.7 + 0.8 + 0.8 + 0.8) / 6, abs=1e-6)
    assert curves.random_area == pytest.approx(0.45, abs=0.05)
    assert (curves.random_low <= curves.random_high).all()
    assert curves.random_low[[0, 6]] == pytest.approx([0.7, 0.2], abs=1e-6)


def test_many_superpixels_are_deleted_in_larger_steps(image):
    spec = replace(SPEC, segmentation=lc.Grid(rows=10, columns=15), samples=320)
    classifier = known_answer(linear(np.full(150, 0.005)), image, spec)
    probe = lc.Probe(lc.prepare(image, classifier.input_size, spec), classifier)
    calls = []
    curves = trials.curves(
        probe,
        lc.explain(image, classifier, spec),
        0,
        draws=2,
        on_progress=lambda done, total: calls.append((done, total)),
    )
    assert curves.step == 3
    assert len(curves.share) == 51
    assert curves.share[-1] == 1
    assert calls[-1] == (4 * 51, 4 * 51)


def test_a_linear_model_repeats_itself_whatever_the_seed(image, asked):
    _, _, classifier = asked
    (result,) = trials.repeat(image, classifier, SPEC, seeds=(0, 1, 2))
    assert result.jaccard == result.vsi == result.csi == 1
    assert result.mean == pytest.approx(WEIGHTS, abs=1e-5)
    assert result.spread == pytest.approx(0, abs=1e-6)
    assert result.kendall_tau > 0.7  # two weights are zero, and rounding orders them


def test_agreement_between_runs_by_hand(asked):
    _, explanation, _ = asked

    def run(coefficients, errors):
        one = replace(explanation.classes[0], scores=np.array(coefficients), std_errors=np.array(errors))
        return replace(explanation, classes=(one,))

    runs = [
        run([3.0, 2.0, 1.0, 0, 0, 0], [0.1] * 6),
        run([3.1, 1.0, 2.0, 0, 0, 0], [0.1] * 6),
        run([4.0, 3.0, 1.0, 0, 0, 0], [0.1] * 6),
    ]
    result = trials.agreement(runs, 0, (0, 1, 2))
    # Tops are {0,1}, {0,2}, {0,1}: intersections 1, 2, 1.
    assert result.vsi == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert result.jaccard == pytest.approx((1 / 3 + 1 + 1 / 3) / 3)
    # Shared superpixels: 0 in all three pairs of runs (overlapping only in the first), 1 in runs one and three (apart).
    assert result.csi == pytest.approx(1 / 4)
    assert result.top == ((0, 1), (0, 2), (0, 1))


def test_repeating_needs_two_seeds(image, asked):
    with pytest.raises(lc.SpecError, match="at least two different seeds"):
        trials.repeat(image, asked[2], SPEC, seeds=(3, 3))


def pixel_model(image):
    """A bright top left is evidence for the class, a bright bottom right against it, wherever superpixels lie."""

    def answer(pictures):
        height, width = pictures.shape[1:3]
        light = pictures.mean(axis=3) / 255
        top_left = light[:, : -(-height // 2), : width // 3].mean(axis=(1, 2))
        bottom_right = light[:, -(-height // 2) :, 2 * width // 3 :].mean(axis=(1, 2))
        return (0.5 + 0.4 * top_left - 0.4 * bottom_right)[:, None]

    return lc.CallableClassifier(answer, (61, 87))


def test_what_matters_in_the_picture_survives_other_superpixels_samples_and_kernels(image):
    spec = replace(SPEC, samples=128)
    variants = {
        "finer": replace(spec, segmentation=lc.Grid(rows=4, columns=6), top_k=8),
        "narrower": replace(spec, kernel_width=0.1),
        "seed": replace(spec, seed=5),
    }
    result = trials.what_if(image, pixel_model(image), spec, 0, variants=variants)
    assert result.survivors == (0, 5) or result.survivors == (5, 0)
    assert result.flips == ()
    assert [one.name for one in result.variants] == list(variants)
    assert result.variants[0].superpixels == 24
    for one in result.variants:
        assert one.agreement > 0.4  # four of the six weights are nothing, and rounding orders them
        assert one.probability_hidden == pytest.approx(0.5, abs=1e-6)
        assert one.sign[0] > 0.5
        assert one.sign[5] < -0.5


def test_a_fill_that_turns_the_answer_round_is_found(image):
    dark = lc.Image(np.full((61, 87, 3), 60, np.uint8))
    spec = replace(SPEC, samples=64)
    variants = {"white": replace(spec, fill="color", fill_color=(255, 255, 255))}
    result = trials.what_if(dark, pixel_model(dark), spec, 0, variants=variants)
    assert set(result.flips) == {0, 5}


def test_a_sign_that_nobody_can_be_sure_of_has_not_turned(image):
    noise = np.random.default_rng(0)
    quiet = known_answer(lambda masks: (masks @ WEIGHTS + noise.normal(0, 0.05, len(masks)))[:, None], image, SPEC)
    spec = replace(SPEC, samples=512)
    found = trials.what_if(image, quiet, spec, 0, variants={"few": replace(spec, samples=10)})
    # Ten samples, five pairs: no sign of six superpixels can be sure.
    assert not found.variants[0].sign.any()
    assert found.flips == ()


class Counted:
    """The pixel model, and how many pictures it was asked about."""

    def __init__(self, image):
        self.pictures = 0
        self._inner = pixel_model(image)
        self.classifier = lc.CallableClassifier(self._answer, (61, 87))

    def _answer(self, pictures):
        self.pictures += len(pictures)
        return self._inner.predict(pictures)


def test_questions_asked_already_are_not_asked_again(image):
    counted, spec = Counted(image), replace(SPEC, samples=64)
    variants = {"wide": replace(spec, kernel_width=1), "half": replace(spec, samples=32)}
    alone = trials.what_if(image, counted.classifier, spec, 0, variants=variants)
    assert counted.pictures <= 64 + 6  # the original and the hidden picture for either number of samples
    known = lc.query(image, counted.classifier, spec)
    counted.pictures = 0
    again = trials.what_if(image, counted.classifier, spec, 0, variants=variants, known=known)
    assert counted.pictures <= 6
    for one, other in zip(alone.variants, again.variants, strict=True):
        assert one.agreement == other.agreement
        assert np.array_equal(one.sign, other.sign)


def test_the_run_that_is_repeated_is_not_asked_again(image):
    counted, spec = Counted(image), replace(SPEC, samples=64)
    (alone,) = trials.repeat(image, counted.classifier, spec, seeds=(0, 1))
    known = lc.query(image, counted.classifier, spec)
    counted.pictures = 0
    (again,) = trials.repeat(image, counted.classifier, spec, seeds=(0, 1), known=known)
    assert counted.pictures <= 64 + 2
    assert again.top == alone.top
    assert np.array_equal(again.mean, alone.mean)


def test_the_usual_variants_are_valid_settings():
    variants = trials.usual_variants(lc.ExplainSpec())
    assert len(variants) == 10
    assert lc.ExplainSpec() not in variants.values()
    assert "fill: grey" not in trials.usual_variants(replace(lc.ExplainSpec(), fill="grey"))


@pytest.fixture(scope="module")
def small_network():
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((24, 24, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(8, 3, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    dense = network.layers[-1]
    dense.set_weights([weight * 20 for weight in dense.get_weights()])
    return network


@pytest.mark.slow
def test_a_model_that_forgets_is_explained_at_each_stage_and_remembers_afterwards(image, small_network):
    before = [weight.copy() for weight in small_network.get_weights()]

    def classify(network):
        return lc.CallableClassifier(lambda pictures: np.asarray(network(pictures.astype("float32"))), 24)

    calls = []
    check = trials.sanity_check(
        image, small_network, classify, SPEC, 1, steps=2, on_progress=lambda *progress: calls.append(progress)
    )
    assert [stage.layers for stage in check.steps] == [1, 2]
    assert check.steps[0].lowest == small_network.layers[-1].name
    assert all(-1 <= stage.agreement <= 1 for stage in check.steps)
    assert all(np.array_equal(one, other) for one, other in zip(before, small_network.get_weights(), strict=True))
    assert calls[-1] == (3 * 64, 3 * 64)


@pytest.mark.slow
def test_a_network_that_answers_alike_with_shuffled_weights_fails_the_sanity_check(image, small_network):
    def deaf(network):
        network.get_weights()
        return pixel_model(image)

    check = trials.sanity_check(image, small_network, deaf, SPEC, 0, steps=1)
    assert check.steps[0].agreement == pytest.approx(1)
    assert not check.passed


def test_every_result_is_ready_for_json(image, asked):
    probe, explanation, classifier = asked
    results = [
        trials.reality_check(probe, explanation, 0),
        trials.curves(probe, explanation, 0, draws=2),
        trials.repeat(image, classifier, SPEC, seeds=(0, 1)),
        trials.what_if(image, classifier, SPEC, 0, variants={"seed": replace(SPEC, seed=1)}),
    ]
    text = json.dumps(trials.to_json_ready(results), allow_nan=False)
    assert json.loads(text)[0]["features"] == [0, 1]


@pytest.mark.parametrize(("superpixels", "comparable"), [(6, False), (7, True), (5, False)])
def test_sets_of_superpixels_are_compared_with_random_ones_where_there_are_more_of_these_than_are_drawn(
    superpixels, comparable
):
    """Of 7 there are 21 sets of five and 20 are drawn; of 6 there are 6, and of 5 one."""
    image, size = colorful_image(24, 84), (24, 84)
    spec = lc.ExplainSpec(
        segmentation=lc.Grid(rows=1, columns=superpixels), samples=64, fill="black", target="probability"
    )
    classifier = known_answer(linear(np.linspace(0.15, 0.1, superpixels)), image, spec, size)
    explanation = lc.explain(image, classifier, spec)
    check = trials.reality_check(lc.Probe(lc.prepare(image, size, spec), classifier), explanation, 0, 5)
    assert check.comparable == comparable
