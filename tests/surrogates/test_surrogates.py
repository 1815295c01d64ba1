"""The contract that every surrogate keeps under every selection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_answers import curved_answers

import lime_core as lc
from lime_core.surrogates.families import SURROGATES
from lime_core.surrogates.selection import All, Auto, Backward, Forward, HighestWeights, LassoPath

SUPERPIXELS = 12
SELECTIONS = {
    "none": All(),
    "auto": Auto(max_features=5),
    "highest_weights": HighestWeights(max_features=5),
    "forward": Forward(max_features=5),
    "backward": Backward(max_features=5),
    "lasso_path": LassoPath(max_features=5),
}
COMBINATIONS = [
    (surrogate, selection)
    for surrogate in SURROGATES
    for selection in SELECTIONS
    if surrogate != "tree" or selection == "none"
]


@pytest.mark.parametrize(("surrogate", "selection"), COMBINATIONS)
@pytest.mark.parametrize("target", ["probability", "log_odds"])
def test_every_surrogate_keeps_the_contract(surrogate, selection, target):
    neighborhood, spec = curved_answers("default")
    before = neighborhood.masks.copy(), neighborhood.outputs.copy()
    spec = replace(spec, surrogate=surrogate, selection=SELECTIONS[selection], target=target)
    explanation = lc.fit(neighborhood, spec)
    probabilities = [item.probability for item in explanation.classes]
    assert probabilities == sorted(probabilities, reverse=True)
    for one in explanation.classes:
        assert one.coefficients.shape == one.std_errors.shape == (SUPERPIXELS,)
        assert one.coefficients.dtype == one.std_errors.dtype == np.float64
        assert np.isfinite(one.coefficients).all()
        used = one.coefficients != 0
        assert used.any()
        assert selection == "none" or used.sum() <= 5
        if surrogate != "tree":
            assert (one.std_errors[used] > 0).all()
        assert one.r2 <= 1
        assert -1 < one.r2_holdout <= one.r2
    assert explanation.to_json() == lc.fit(neighborhood, spec).to_json()
    assert np.array_equal(neighborhood.masks, before[0])
    assert np.array_equal(neighborhood.outputs, before[1])
