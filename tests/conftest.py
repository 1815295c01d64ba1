"""What all tests share: the folder's helpers on the path, and one loaded built-in model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

import lime_core as lc


@pytest.fixture(scope="session")
def lite0() -> lc.Classifier:
    """The built-in model with its real weights."""
    return lc.load_classifier("efficientnet_lite0")
