"""What stopping early leaves of the 95 % intervals."""

from __future__ import annotations

import numpy as np
import pytest
from known_neighborhoods import additive, answers_to_masks
from scipy.stats import norm

import lime_core as lc
from lime_core.answers.neighborhood import first_samples
from lime_core.answers.stopping import RunningFit, StoppingRule, apart

RUNS = 150


def stopped(neighborhood):
    rule = StoppingRule(RunningFit(neighborhood.spec, neighborhood.energy, [0]))
    stop = rule.look(neighborhood.masks, neighborhood.outputs, neighborhood.pairs)
    return first_samples(neighborhood, stop[0] if stop else neighborhood.samples)


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


def test_the_error_of_all_looks_together_is_the_error_of_one():
    spent = [2 * norm.sf(apart(look, 1)) for look in range(1, 2000)]
    assert sum(spent) == pytest.approx(0.05, rel=1e-3)
    assert apart(1, 1) == pytest.approx(norm.isf(0.05 / 4))
    assert apart(1, 5) == pytest.approx(norm.isf(0.05 / 20))
