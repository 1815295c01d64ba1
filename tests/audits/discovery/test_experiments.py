"""The experiments with a concept: against SciPy's tests, and against models whose answer to each change is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

import lime_core as lc
from lime_core.audits.discovery.effects import benjamini_hochberg, experiment, unpaired
from lime_core.audits.discovery.proof import Bench, Held, Peer
from lime_core.audits.discovery.views import View, painted_over, random_region, touching

SIDE = 48
SPEC = lc.ExplainSpec(target="probability")


def view_of(pixels, path="a.png"):
    rows, columns = np.indices((SIDE, SIDE)) // 8
    labels = (rows * (SIDE // 8) + columns).astype(np.int32)
    return View(path, pixels, labels, pixels, labels, touching(labels))


def noisy_view(seed, red=None):
    pixels = np.random.default_rng(seed).integers(60, 120, (SIDE, SIDE, 3), dtype=np.uint8)
    if red is not None:
        pixels[red // 6 * 8 : red // 6 * 8 + 8, red % 6 * 8 : red % 6 * 8 + 8] = (255, 0, 0)
    return view_of(pixels, f"{seed}.png")


def share_of_red(images):
    red = (images[..., 0] > 200) & (images[..., 1] < 50)
    p = red.mean(axis=(1, 2)) * 36  # 1 for one superpixel
    return np.stack([p, 1 - p], axis=1)


RED = lc.CallableClassifier(share_of_red, SIDE, ["red", "other"], id="red", outputs="values")


def test_an_experiment_is_students_t_test_of_paired_differences():
    rows = np.random.default_rng(0).normal((0.5, 0.1), 0.4, (12, 2))
    found = experiment(rows[:, 0], rows[:, 1], "log-odds")
    expected = stats.ttest_1samp(rows[:, 0] - rows[:, 1], 0, alternative="greater")
    both = stats.ttest_1samp(rows[:, 0] - rows[:, 1], 0).confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx((both.low, both.high))
    assert found.effect == pytest.approx(found.concept_effect - found.random_effect)
    assert found.pictures == 12


def test_three_pictures_are_too_few():
    assert experiment(np.ones(3), np.zeros(3), "log-odds") is None
    assert experiment(np.ones(4), np.zeros(4), "log-odds") is not None
    assert unpaired(np.ones(3), np.zeros(9), "log-odds") is None
    assert unpaired(np.ones(9), np.zeros(3), "log-odds") is None


@pytest.mark.parametrize(("pictures", "p", "least"), [(4, 1 / 16, 0), (5, 1 / 32, 0), (6, 1 / 64, 1), (20, 2**-20, 1)])
def test_differences_that_are_all_the_same_prove_no_more_than_their_number_does(pictures, p, least):
    found = experiment(np.ones(pictures) + 1e-13 * np.arange(pictures), np.zeros(pictures), "log-odds")
    assert found.p == pytest.approx(p)
    assert found.interval == (pytest.approx(least), pytest.approx(1))


def test_pictures_that_are_no_pairs_are_compared_by_welchs_t_test():
    rng = np.random.default_rng(2)
    concept, random = rng.normal(0.6, 0.5, 9), rng.normal(0.1, 0.2, 6)
    found = unpaired(concept, random, "log-odds")
    expected = stats.ttest_ind(concept, random, equal_var=False, alternative="greater")
    both = stats.ttest_ind(concept, random, equal_var=False).confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.interval == pytest.approx((both.low, both.high))
    assert found.pictures == 9


def test_the_adjusted_p_is_that_of_scipy():
    p = np.random.default_rng(1).random(20) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p.tolist()), stats.false_discovery_control(p))
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize("parts", [[0], [5, 30, 35], list(range(12))])
def test_a_region_is_its_superpixels_and_three_pixels_around_them(parts):
    view = noisy_view(0)
    expected = ndimage.binary_dilation(np.isin(view.labels, parts), iterations=3)
    np.testing.assert_array_equal(view.region(parts), expected)


def test_what_is_hidden_does_not_show_through_its_fill():
    one, other = noisy_view(0, red=7), noisy_view(0)
    region = one.region([7])
    np.testing.assert_array_equal(painted_over(one.pixels, region), painted_over(other.pixels, region))
    assert painted_over(one.pixels, np.ones((SIDE, SIDE), bool)).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize("parts", [[0], [7, 8, 13], list(range(12))])
def test_random_superpixels_are_about_as_large_and_lie_elsewhere(parts):
    view = noisy_view(0)
    region = view.region(parts)
    for seed in range(20):
        found = random_region(view, region, np.random.default_rng(seed))
        assert not (found & region).any()
        assert 0.5 <= found.sum() / region.sum() <= 1.6  # whole superpixels


def test_where_there_is_no_room_random_superpixels_are_drawn_from_the_whole_picture():
    view = noisy_view(0)
    region = view.region(range(30))
    found = random_region(view, region, np.random.default_rng(0))
    assert 0.5 <= found.sum() / region.sum() <= 1.5


def test_taking_away_what_a_model_looks_at_takes_its_whole_output():
    held = [Held(view, view.region([7])) for view in (noisy_view(seed, red=7) for seed in range(6))]
    bench = Bench(RED, SPEC)
    found = bench.take_away(held, [], 0, np.random.default_rng(0))
    # Once taken away there is no red, in the whole picture and behind half of its superpixels alike.
    assert found.concept_effect == pytest.approx(1)
    assert found.random_effect == pytest.approx(0, abs=1e-6)
    assert found.unit == "probability"
    assert found.p == pytest.approx(2**-6)
    assert bench.calls > 0


def test_taking_away_what_a_model_does_not_look_at_does_nothing():
    held = [Held(view, view.region([21])) for view in (noisy_view(seed, red=7) for seed in range(6))]
    found = Bench(RED, SPEC).take_away(held, [], 0, np.random.default_rng(0))
    assert found.concept_effect == pytest.approx(0, abs=1e-6)
    assert found.effect <= 0


def test_a_large_concept_is_compared_with_the_same_place_in_pictures_without_it():
    red = np.full((SIDE, SIDE, 3), (255, 0, 0), np.uint8)
    whole = [Held(view_of(red), np.arange(SIDE)[:, None] * np.ones(SIDE, int) < 30) for _ in range(4)]
    peers = [Peer(noisy_view(seed), 0) for seed in range(4)]
    found = Bench(RED, SPEC).take_away(whole, peers, 0, np.random.default_rng(0))
    assert found.random_effect == 0


def test_a_picture_of_another_class_is_asked_about_its_own():
    """Hiding a place that every class lives on proves nothing of it, whatever class the pictures without it have."""

    def by_blue(images):
        shown = (images[:, :30, :, 2] > 200).mean(axis=(1, 2))
        first = images[:, 40:, :, 0].mean(axis=(1, 2)) > 128  # of the place that is never hidden
        return np.where(first[:, None], np.stack([shown, 1 - shown], 1), np.stack([1 - shown, shown], 1))

    def blue(red):
        pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
        pixels[:30, :, 2], pixels[30:, :, 0] = 255, red
        return view_of(pixels)

    upper = np.arange(SIDE)[:, None] * np.ones(SIDE, int) < 30
    classifier = lc.CallableClassifier(by_blue, SIDE, ["a", "b"], id="blue", outputs="values")
    held, peers = [Held(blue(255), upper) for _ in range(6)], [Peer(blue(0), 1) for _ in range(6)]
    found = Bench(classifier, SPEC).take_away(held, peers, 0, np.random.default_rng(0))
    assert found.concept_effect > 0.5
    assert found.effect == pytest.approx(0, abs=0.2)


def test_laying_a_concept_into_other_pictures_gives_them_its_class():
    held = [Held(view, view.region([7])) for view in (noisy_view(seed, red=7) for seed in range(6))]
    others = [noisy_view(seed) for seed in range(10, 20)]
    found = Bench(RED, SPEC).add(held, others, others, 0, np.random.default_rng(0))
    assert found.concept_effect == pytest.approx(1)
    assert found.random_effect == pytest.approx(0)
    assert found.pictures == 6, "no more than gave it"


def test_a_few_patches_laid_into_many_pictures_are_a_few_cases():
    """Each donor has an effect of its own, which all its recipients share: without one on average few tests say so."""
    rng = np.random.default_rng(3)
    views = [view_of(np.full((SIDE, SIDE, 3), value, np.uint8), str(value)) for value in range(100)]

    def share_of_patch(images):
        effects = rng_of_donor[images[:, 0, 0, 0].astype(int)]  # the region holds the top left pixel
        return np.stack([effects, 1 - effects], axis=1)

    classifier = lc.CallableClassifier(share_of_patch, SIDE, ["a", "b"], id="donors", outputs="values")
    region = np.zeros((SIDE, SIDE), bool)
    region[:8, :8] = True
    values = []
    for _ in range(200):
        rng_of_donor = rng.normal(0, 1, 256)
        held = [Held(view, region) for view in views[:4]]
        values.append(Bench(classifier, SPEC).add(held, views[60:], views[10:60], 0, rng).p)
    assert np.mean(np.array(values) <= 0.05) < 0.1


def test_every_picture_gives_its_concept_equally_often():
    held = [Held(view_of(np.full((SIDE, SIDE, 3), value, np.uint8)), np.ones((SIDE, SIDE), bool)) for value in range(4)]
    others = [view_of(np.full((SIDE, SIDE, 3), value, np.uint8)) for value in range(100, 110)]
    seen = []

    def outputs(images):
        seen.extend(images[:, 0, 0, 0].tolist())
        return np.tile([0.4, 0.6], (len(images), 1))

    classifier = lc.CallableClassifier(outputs, SIDE, ["a", "b"], id="counts", outputs="values")
    Bench(classifier, SPEC).add(
        held, [view_of(np.full((SIDE, SIDE, 3), 200, np.uint8))] * 10, others, 0, np.random.default_rng(0)
    )
    assert [seen.count(value) for value in range(4)] == [5, 5, 5, 5]
    assert [seen.count(value) for value in range(100, 110)] == [2] * 10


def test_what_is_hidden_already_stays_hidden_whatever_else_is():
    """Beside a strong thing nothing moves the class any more, once that is gone."""
    held, alone = [], []
    for seed in range(6):
        view = noisy_view(seed, red=7)
        held.append(Held(view, view.region([8])))  # its margin takes an edge of the red superpixel beside it
        gone = view.region([7])
        alone.append(Held(view, held[-1].region & ~gone, gone=gone))
    echo, rest = (Bench(RED, SPEC).take_away(each, [], 0, np.random.default_rng(0)) for each in (held, alone))
    assert echo.concept_effect > 0.1
    assert rest.concept_effect == pytest.approx(0, abs=1e-6)
    assert rest.random_effect == pytest.approx(0, abs=1e-6)


def test_a_control_stays_away_from_what_is_hidden_already():
    view = noisy_view(0)
    region, gone = view.region([7]), view.region([20, 21])
    for seed in range(20):
        assert not (random_region(view, region, np.random.default_rng(seed), gone) & (region | gone)).any()


def test_a_model_that_answers_nan_is_an_error():
    broken = lc.CallableClassifier(lambda images: np.full((len(images), 2), np.nan), SIDE, ["a", "b"], outputs="values")
    with pytest.raises(lc.ModelError, match="finite"):
        Bench(broken, SPEC).ask([np.zeros((SIDE, SIDE, 3), np.uint8)], 0)
