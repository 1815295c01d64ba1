"""What all tests share: one loaded built-in model."""

from __future__ import annotations

import pytest

import lime_core as lc


@pytest.fixture(scope="session")
def lite0() -> lc.Classifier:
    """The built-in model with its real weights."""
    return lc.load_classifier("efficientnet_lite0")
