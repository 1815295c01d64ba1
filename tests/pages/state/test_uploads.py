"""A file that a user gives is decoded once, and a refused one is refused again without decoding it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import lime_core as lc
from lime_core.show.encoding import to_png
from lime_core.superpixels import LabelMap
from pages.state import uploads
from tests.pages.conftest import FakeModel


@dataclass
class Upload:
    """Stand in for Streamlit's uploaded file; counts how often its bytes are taken."""

    file_id: str
    data: bytes
    taken: int = 0

    def getvalue(self) -> bytes:
        self.taken += 1
        return self.data


LABELS = np.repeat(np.arange(4, dtype=np.uint8)[:, None], 6, axis=1)
PNG = to_png(np.repeat(LABELS[..., None], 3, axis=2))
BOTH = [uploads.decoded, uploads.decoded_label_map]


@pytest.mark.parametrize("decode", BOTH)
def test_it_is_decoded_once(model: FakeModel, decode: Callable[[Any], Any]) -> None:
    file = Upload("a", PNG)
    assert decode(file) is decode(file)
    assert file.taken == 1


@pytest.mark.parametrize("decode", BOTH)
def test_a_file_that_cannot_be_used_is_refused_each_time(model: FakeModel, decode: Callable[[Any], Any]) -> None:
    file = Upload("b", b"no picture")
    for _ in range(2):
        with pytest.raises(lc.LimeError):
            decode(file)
    assert file.taken == 1


def test_one_file_may_be_both_a_picture_and_a_label_map(model: FakeModel) -> None:
    file = Upload("c", PNG)
    assert uploads.decoded(file).pixels.shape == (4, 6, 3)
    assert isinstance(uploads.decoded_label_map(file), LabelMap)
    assert uploads.decoded_label_map(file).labels.tolist() == LABELS.tolist()


def test_another_range_of_values_is_another_picture_and_decoded_once(model: FakeModel) -> None:
    file = Upload("d", PNG)
    dark = uploads.decoded(file)
    bright = uploads.decoded(file, (0, 3))
    assert dark.pixels.max() == 3
    assert bright.pixels.max() == 255
    assert uploads.decoded(file, (0, 3)) is bright
    assert uploads.decoded(file) is dark
    assert file.taken == 2
