"""Which concepts are the background of their pictures."""

from __future__ import annotations

import numpy as np
import pytest

from lime_core.audits.discovery.suspicions import background, surrounds

SIDE = 40


def ring(width, *, open_sides=""):
    region = np.ones((SIDE, SIDE), bool)
    region[width : SIDE - width, width : SIDE - width] = False
    for side in open_sides:
        region[{"t": np.s_[: SIDE // 2], "l": np.s_[:, : SIDE // 2], "r": np.s_[:, SIDE // 2 :]}[side]] = False
    return region


def box(top, left, bottom, right):
    region = np.zeros((SIDE, SIDE), bool)
    region[top:bottom, left:right] = True
    return region


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (ring(4), True),
        (ring(11), True),  # it reaches into the middle, a little
        (ring(4, open_sides="t"), True),  # the lower half of a frame, with a bit more than half of the outermost pixels
        (ring(4, open_sides="tl"), False),
        (box(10, 10, 30, 30), False),  # a thing in the middle
        (box(0, 0, 40, 40), False),  # everything
        (box(0, 0, 40, 12), False),  # one side
        (box(0, 0, 20, 40), False),  # the sky: it reaches half of the middle
        (np.zeros((SIDE, SIDE), bool), False),
    ],
)
def test_what_is_on_most_of_the_edge_and_hardly_in_the_middle_surrounds_it(region, expected):
    assert surrounds(region) is expected


def test_it_is_the_background_where_it_surrounds_the_middle_in_four_pictures_of_five():
    assert background(8, 10) == ("It is around the middle of 8 of 10 pictures, where the background is.",)
    assert background(7, 10) == background(0, 0) == ()
