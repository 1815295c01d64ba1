"""The small pictures of the Folder screen, against a slow drawing."""

from __future__ import annotations

import numpy as np
import pytest

from lime_core.audits.report.thumbnails import Thumbnail
from lime_core.colormaps import colorize
from pages.screens.folder import drawing
from pages.state.opened_audit import SmallPicture


@pytest.mark.parametrize("scores", [[0.4, -0.2, 0.0, 0.1], [0.0] * 4, [-3.0, 1e-9, 2.0, -0.5]])
def test_evidence_lies_over_the_picture_without_its_colour(scores: list[float]) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    segments = rng.integers(0, 4, (9, 7), dtype=np.int32)
    small = SmallPicture(Thumbnail(pixels, (1.0, 1.0), lambda: segments), np.array(scores))
    pair = drawing.pair(small).astype(int)
    np.testing.assert_array_equal(pair[:, :7], pixels)
    evidence = pair[:, -7:]
    largest = max(map(abs, scores))
    for row in range(9):
        for column in range(7):
            grey = sum(int(value) for value in pixels[row, column]) / 3
            color = colorize(np.array([scores[segments[row, column]]]), "diverging", largest or 1.0)[0]
            expected = [grey + (int(value) - grey) * 0.72 for value in color]
            np.testing.assert_allclose(evidence[row, column], expected, atol=1)
