"""Lines and points on superpixels."""

from __future__ import annotations

import numpy as np
from known_attributions import grid_segments

from lime_core.picture.image import Image
from lime_core.show.canvas import Canvas
from lime_core.show.drawing import innermost_points


def test_lines_get_thicker_with_the_picture() -> None:
    def across(scale: int) -> float:
        segments = np.repeat(np.repeat(grid_segments(), scale, axis=0), scale, axis=1)
        blank = np.zeros((*segments.shape, 3), np.uint8)
        drawing = blank.copy()
        Canvas(Image(blank), segments).stroke(drawing, [0, 1])
        return float(drawing[10 * scale].sum())

    assert across(20) > 2.5 * across(1)


def test_a_number_stays_inside_a_superpixel_that_bends() -> None:
    segments = np.ones((40, 50), np.int32)
    segments[5:35, 5:12] = segments[28:35, 5:45] = segments[5:35, 38:45] = 0  # a U: its centre is not part of it
    for superpixel, (row, column), room in innermost_points(segments):
        assert segments[row, column] == superpixel
        assert room >= 4
    assert [superpixel for superpixel, _, _ in innermost_points(np.array([[0, 2]], np.int32))] == [0, 2]
