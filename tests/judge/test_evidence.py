"""What a verdict rests on, derived from the answers."""

from __future__ import annotations

import numpy as np
import pytest
from judge.hand_made import evidence


def test_the_range_is_the_largest_target_less_the_smallest():
    assert evidence(targets=np.array([3.0, -1.0, 2.0])).target_range == 4.0


@pytest.mark.parametrize(("spread", "varies"), [(0.9e-6, False), (1.2e-6, True)])
def test_outputs_vary_beyond_a_millionth_of_the_largest(spread, varies):
    outputs = np.array([-8.0, -8.0 * (1 - spread)])
    assert evidence(outputs=outputs).outputs_vary is varies


@pytest.mark.parametrize(
    ("outputs", "expected"), [([0, 1], True), ([0.2, 0.3], True), ([-0.01, 1], False), ([0, 1.01], False)]
)
def test_probabilities_lie_between_nothing_and_one(outputs, expected):
    assert evidence(outputs=outputs).are_probabilities is expected


def test_with_a_fit_what_varies_has_an_r2():
    assert evidence().varies
    assert not evidence(r2=np.nan).varies


@pytest.mark.parametrize(
    ("outputs", "targets", "varies"),
    [([0.1, 0.2], [1.0, 2.0], True), ([0.1, 0.2], [1.0, 1.0], False), ([0.1, 0.1], [1.0, 2.0], False)],
)
def test_without_a_fit_outputs_and_targets_have_to_vary(outputs, targets, varies):
    assert evidence(fit=None, outputs=outputs, targets=np.array(targets)).varies is varies


def test_samples_are_counted_by_their_answers():
    assert evidence(outputs=[0.1, 0.2, 0.3]).samples == 3


def test_evidence_compares_by_identity_as_it_holds_arrays():
    one, other = evidence(), evidence()
    assert one != other
    assert one.fit != other.fit
    assert len({one, other}) == 2
