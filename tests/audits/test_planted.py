"""A shortcut that a model has learned comes first, and a control has none; the rest is for the benchmark."""

from __future__ import annotations

import pytest

from tests.benchmarks.audit_sets import Controls, DataSet
from tests.benchmarks.audits import measure_one

pytestmark = [
    pytest.mark.slow,
    # Keras reads TensorFlow's variables in a way that NumPy 2 complains of.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A folder for the data sets, and the model without a shortcut, which both tests need."""
    folder = tmp_path_factory.mktemp("sets")
    return folder, Controls(folder)


def test_a_learned_sticker_is_the_strongest_candidate(sets):
    row = measure_one(DataSet("sticker", 1.0, "shapes", 0, 14), *sets, samples=64)
    assert row.moves, row.learned
    assert row.found, row.candidates
    assert row.candidates[0]["matches"], row.candidates


def test_a_control_is_clean(sets):
    row = measure_one(DataSet(None, 0.0, "shapes", 0, 14), *sets, samples=64)
    assert row.candidates == []
    assert row.pictures == 42
