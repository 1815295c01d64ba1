"""Maps at viewing size, against Pillow's and TensorFlow's bilinear resizing."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest

from lime_core.methods.gradients.maps import interpolated, spread

SIZES = [((7, 7), (40, 61)), ((6, 8), (24, 32)), ((5, 4), (5, 4)), ((12, 30), (31, 30)), ((9, 11), (10, 12))]


def resized(values, size):
    """Bilinear with antialiasing, in float32."""
    picture = PIL.Image.fromarray(values.astype(np.float32))
    return np.asarray(picture.resize(size[::-1], PIL.Image.Resampling.BILINEAR))


@pytest.mark.parametrize(("small", "large"), SIZES)
def test_interpolation_is_bilinear_both_ways(small, large):
    maps = np.random.default_rng(0).normal(size=(2, *small))
    for size in (large, (4, 3)):
        carried = interpolated(maps, size)
        assert carried.dtype == np.float64
        for given, result in zip(maps, carried, strict=True):
            np.testing.assert_allclose(result, resized(given, size), atol=1e-5)


@pytest.mark.parametrize(("small", "large"), [*SIZES, ((40, 61), (7, 7))])
def test_spreading_is_the_chain_rule_of_resizing_the_picture(small, large):
    """Each pixel's share is what its change by 1 changes in the small picture, by Pillow."""
    scores = np.random.default_rng(1).normal(size=small)
    carried = spread(scores, large)
    assert carried.sum() == pytest.approx(scores.sum(), abs=1e-9)
    for place in [(0, 0), (large[0] - 1, large[1] - 1), (large[0] // 2, 1)]:
        unit = np.zeros(large)
        unit[place] = 1
        assert carried[place] == pytest.approx((resized(unit, small) * scores).sum(), abs=1e-4)
