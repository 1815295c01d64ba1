"""What stopping early leaves of the 95 % intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_neighborhoods import additive, answers_to_masks

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from lime_core.answers.stopping import RunningFit, StoppingRule

RUNS = 150
LOOKED_AT = 40


def stopped(neighborhood):
    rule = StoppingRule(RunningFit(neighborhood.spec, neighborhood.energy, [0]))
    stop = rule.look(neighborhood.masks, neighborhood.outputs, neighborhood.pairs)
    samples, reason = stop or (neighborhood.samples, "budget")
    return replace(first_samples(neighborhood, samples), stop_reason=reason)


@pytest.mark.parametrize(("superpixels", "scale"), [(12, 0.05), (20, 0.12), (49, 0.1)])
def test_after_an_early_stop_intervals_hold_as_often_as_they_say(superpixels, scale):
    random = np.random.default_rng(7)
    weights = np.zeros(superpixels)
    weights[:8] = 0.25 * 0.8 ** np.arange(8) * random.choice([-1, 1], 8)
    weights = random.permutation(weights)
    spec = lc.ExplainSpec(target="probability", kernel="none", early_stop=True, alpha=0, stop_tolerance=0.02)
    strongest, everywhere, calls = [], [], []
    for seed in range(RUNS):
        neighborhood = stopped(answers_to_masks(additive(weights, scale), superpixels, 2000, spec, seed))
        item = lc.fit(neighborhood).classes[0]
        inside = np.abs(item.coefficients - weights) <= item.half_widths
        strongest.append(inside[np.argmax(np.abs(item.coefficients))])
        everywhere.append(inside.mean())
        calls.append(neighborhood.samples)
    assert 0.93 <= np.mean(strongest) <= 0.99
    assert 0.93 <= np.mean(everywhere) <= 0.99
    assert np.mean(calls) < 2000


@pytest.mark.parametrize("sampler", ["balanced", "iid"])
@pytest.mark.parametrize(("last", "tolerance", "reason"), [(0.0, 0.001, "separated"), (-0.12, 0.1, "tied")])
def test_what_a_stop_says_of_the_strongest_is_true(sampler, last, tolerance, reason):
    """Looked at after every block: for the fourth and last place a superpixel has no rival, or one of its own size."""
    weights = np.r_[0.3, -0.25, 0.2, 0.12, last, np.zeros(7)]
    spec = lc.ExplainSpec(target="probability", kernel="none", alpha=0, sampler=sampler)
    spec = replace(spec, early_stop=True, stop_top_k=4, stop_tolerance=tolerance)
    wrong, reasons = [], []
    for seed in range(LOOKED_AT):
        neighborhood = stopped(answers_to_masks(additive(weights, 0.12), 12, 3000, spec, seed))
        chosen = list(lc.fit(neighborhood).top_features(0, 4, "both"))
        left = np.delete(np.abs(weights), chosen).max() - np.abs(weights[chosen]).min()
        wrong.append(left > (tolerance * np.ptp(weights) if neighborhood.stop_reason == "tied" else 0))
        reasons.append(neighborhood.stop_reason)
    assert np.mean(wrong) <= 0.05
    assert reasons.count(reason) > 0.8 * LOOKED_AT
