"""The held-out R², its error, and what is said of fits that select."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_neighborhoods import additive, answers_to_masks, noise
from sklearn.linear_model import Ridge

import lime_core as lc
from lime_core.methods.lime.workings import FOLDS

WEIGHTS = np.random.default_rng(2).normal(size=10) * 0.1
SPEC = lc.ExplainSpec(target="probability", alpha=0.05)


def held_out_predictions(neighborhood, alpha):
    """Fit each fold's complement with weights of sum 1, as the fit of all samples has them."""
    distance = 1 - np.sqrt(neighborhood.masks.mean(axis=1))
    weights = np.exp(-(distance**2) / 0.25**2 / 2)
    fold = np.unique(neighborhood.pairs, return_inverse=True)[1] % FOLDS
    predictions = np.empty(neighborhood.samples)
    for each in range(FOLDS):
        train = fold != each
        own = weights[train] / weights[train].sum()
        model = Ridge(alpha=alpha).fit(neighborhood.masks[train], neighborhood.outputs[train, 0], sample_weight=own)
        predictions[~train] = model.predict(neighborhood.masks[~train])
    return predictions, weights


def test_held_out_folds_keep_the_strength_of_the_penalty():
    neighborhood = answers_to_masks(additive(WEIGHTS, 0.05), 10, 128, SPEC)
    predictions, weights = held_out_predictions(neighborhood, 0.05)
    outputs = neighborhood.outputs[:, 0].astype(float)
    residual = weights @ (outputs - predictions) ** 2
    total = weights @ (outputs - np.average(outputs, weights=weights)) ** 2
    assert lc.fit(neighborhood).classes[0].r2_holdout == pytest.approx(1 - residual / total, abs=1e-6)


def test_the_error_of_the_held_out_r2_is_its_spread_between_seeds():
    spec = lc.ExplainSpec(target="probability", kernel="none")
    items = [lc.fit(answers_to_masks(additive(WEIGHTS, 0.3), 10, 300, spec, seed)).classes[0] for seed in range(100)]
    spread = np.std([item.r2_holdout for item in items])
    assert np.mean([item.r2_holdout_error for item in items]) == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize(
    "changes", [{"selection": "forward", "max_features": 5}, {"selection": "highest_weights"}, {"surrogate": "lasso"}]
)
def test_intervals_of_a_fit_that_selects_are_not_called_95_percent(changes):
    explanation = lc.fit(answers_to_masks(noise, 10, 200), replace(lc.ExplainSpec(), **changes))
    assert explanation.interval_label == "nominal"
    assert any("narrower than 95 % intervals" in note for note in explanation.notes)


def test_intervals_of_a_fit_of_all_superpixels_are_95_percent_intervals():
    explanation = lc.fit(answers_to_masks(noise, 10, 200))
    assert explanation.interval_label == "95 %"
    assert explanation.notes == ()
