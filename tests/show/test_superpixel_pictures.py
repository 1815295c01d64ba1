"""Pictures of superpixels, on a small picture whose superpixels are known."""

from __future__ import annotations

import numpy as np
import pytest
from known_attributions import HEIGHT, WIDTH, changed, grid_segments, image, inner

from lime_core import show
from lime_core.errors import SpecError


def test_boundaries_lie_between_superpixels_only() -> None:
    picture = show.boundaries(image(), grid_segments())
    assert not changed(picture)
    assert not np.array_equal(picture[:, 28:32], image().pixels[:, 28:32])
    assert np.array_equal(picture[6:24, :24], image().pixels[6:24, :24])  # the edge of the picture is no boundary


def test_each_number_stands_inside_its_superpixel() -> None:
    picture = show.numbered(image(), grid_segments())
    plain = show.boundaries(image(), grid_segments())
    different = (picture != plain).any(axis=-1)
    for superpixel in range(6):
        inside = different & (grid_segments() == superpixel)
        assert inside.sum() > 10
        written = picture[inside].astype(int)
        assert (written > 200).all(axis=-1).any()
        assert (written < 60).all(axis=-1).any()
    assert different.sum() == sum((different[inner(s)]).sum() for s in range(6))


def test_a_perturbed_sample_shows_the_fill_where_the_mask_is_zero() -> None:
    fill = np.full((HEIGHT, WIDTH, 3), 9, np.uint8)
    mask = np.array([1, 0, 1, 1, 0, 1], np.uint8)
    picture = show.perturbed(image(), fill, grid_segments(), mask)
    hidden = np.isin(grid_segments(), [1, 4])
    assert (picture[hidden] == 9).all()
    assert np.array_equal(picture[~hidden], image().pixels[~hidden])


def test_a_perturbed_sample_of_other_sizes_is_refused() -> None:
    fill, mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.ones(6, np.uint8)
    with pytest.raises(SpecError, match="one entry for each of 6 superpixels; got"):
        show.perturbed(image(), fill, grid_segments(), mask[:5])
    with pytest.raises(SpecError, match=r"fill must be uint8 \(60, 90, 3\) like the picture; got"):
        show.perturbed(image(), fill[:5], grid_segments(), mask)
    with pytest.raises(SpecError, match="same size"):
        show.perturbed(image(), fill, grid_segments()[:, :5], mask)
