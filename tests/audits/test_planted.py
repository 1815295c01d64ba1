"""A shortcut that a model has learned is found, and nothing where there is none: the short form of the benchmark."""

from __future__ import annotations

import pytest

from tests.benchmarks.audit_sets import Controls, DataSet
from tests.benchmarks.audits import measure_one

pytestmark = [
    pytest.mark.slow,
    # Keras reads TensorFlow's variables in a way that NumPy 2 complains of.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def test_a_learned_sticker_is_found_and_nothing_else(tmp_path):
    row = measure_one(DataSet("sticker", 1.0, "shapes", 0, 24), tmp_path, Controls(tmp_path), samples=128)
    assert row.moves, row.learned
    assert row.found, row.candidates
    assert row.false == 0, row.candidates


def test_a_control_is_clean(tmp_path):
    row = measure_one(DataSet(None, 0.0, "shapes", 0, 24), tmp_path, Controls(tmp_path), samples=128)
    assert row.candidates == []
    assert row.pictures == 72
