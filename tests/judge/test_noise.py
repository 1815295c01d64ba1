"""Noise is called noise, and superpixels that do not act together are not said to."""

from __future__ import annotations

import numpy as np
import pytest
from known_neighborhoods import additive, answers_to_masks, noise

import lime_core as lc

RUNS = 60


def share_of(happens) -> float:
    return float(np.mean(list(happens)))


@pytest.mark.parametrize("target", ["log_odds", "probability"])
@pytest.mark.parametrize("sampler", ["balanced", "iid", "paired", "mixed_rate", "lime"])
@pytest.mark.parametrize(("superpixels", "samples"), [(10, 512), (49, 512), (200, 700)])
def test_pure_noise_is_meaningless_and_no_superpixel_is_sure(superpixels, samples, sampler, target):
    spec = lc.ExplainSpec(sampler=sampler, target=target)
    runs = [lc.fit(answers_to_masks(noise, superpixels, samples, spec, seed)).classes[0] for seed in range(RUNS)]
    assert share_of(run.trust.level == "meaningless" for run in runs) >= 0.95
    assert share_of(run.sure.any() for run in runs) <= 0.05


@pytest.mark.parametrize("width", [1.0, 0.25, 0.1, 0.05])
@pytest.mark.parametrize("sampler", ["balanced", "iid"])
def test_an_additive_model_has_no_pair_that_acts_together_at_any_kernel_width(width, sampler):
    weights = np.random.default_rng(0).normal(size=49) * 0.05
    spec = lc.ExplainSpec(sampler=sampler, target="probability", kernel_width=width)
    clear = []
    for seed in range(RUNS):
        pair = lc.fit(answers_to_masks(additive(weights, 0.02), 49, 512, spec, seed)).classes[0].trust.interaction
        clear.append(pair is not None and pair.clear)
    assert share_of(clear) <= 0.05


def test_a_pair_that_does_act_together_is_found():
    def both(masks, random):
        return (0.3 + 0.3 * masks[:, 3] * masks[:, 17] + 0.05 * random.normal(size=len(masks)))[:, None]

    for seed in range(10):
        pair = (
            lc.fit(answers_to_masks(both, 49, 512, lc.ExplainSpec(target="probability"), seed))
            .classes[0]
            .trust.interaction
        )
        assert (pair.a, pair.b, pair.clear) == (3, 17, True)


def test_strong_superpixels_are_still_sure():
    weights = np.zeros(49)
    weights[:5] = 0.1
    for seed in range(10):
        spec = lc.ExplainSpec(target="probability")
        item = lc.fit(answers_to_masks(additive(weights, 0.1), 49, 512, spec, seed)).classes[0]
        assert item.sure[:5].all()


@pytest.mark.parametrize("samples", [64, 256])
def test_intervals_hold_95_percent_with_few_and_with_many_degrees_of_freedom(samples):
    weights = np.random.default_rng(1).normal(size=20) * 0.1
    spec = lc.ExplainSpec(target="probability", kernel="none", alpha=0)
    covered = []
    for seed in range(200):
        item = lc.fit(answers_to_masks(additive(weights, 0.1), 20, samples, spec, seed)).classes[0]
        covered.append(np.abs(item.coefficients - weights) <= item.half_widths)
    assert 0.935 <= np.mean(covered) <= 0.965


def test_a_hundred_classes_of_a_thousand_superpixels_fit_into_little_memory():
    import tracemalloc

    def many(masks, random):
        return random.random((len(masks), 100))

    spec = lc.ExplainSpec(sampler="iid", target="probability", top_classes=100)
    neighborhood = answers_to_masks(many, 1023, 1024, spec)
    tracemalloc.start()
    try:
        lc.fit(neighborhood)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= 150e6
