"""What all tests share: one loaded built-in model, and a cache folder of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lime_core as lc

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def lite0() -> lc.Classifier:
    """The built-in model with its real weights."""
    return lc.load_classifier("efficientnet_lite0")


@pytest.fixture(scope="session", autouse=True)
def cache_folder_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep converted models away from the user's own cache, and from those of other versions of the code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMELIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
