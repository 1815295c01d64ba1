from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics

from lime_core.errors import SpecError
from lime_core.masks.kernels import KERNELS, Flat, Gaussian, LimeKernel, distances, effective_sample_size


def test_distances_by_their_formulas():
    masks = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], np.uint8)
    energy = np.array([0.1, 0.2, 0.3, 0.04])
    assert distances(masks, energy, "cosine") == pytest.approx([0, 0.5, 1])
    assert distances(masks, energy, "hidden_fraction") == pytest.approx([0, 0.75, 1])
    assert distances(masks, energy, "l2_pixels") == pytest.approx([0, np.sqrt(0.54), np.sqrt(0.64)])
    ones = np.ones((1, 4))
    expected = sklearn.metrics.pairwise_distances(masks[:2], ones, metric="cosine").ravel()
    assert distances(masks[:2], energy, "cosine") == pytest.approx(expected)


def test_kernels_by_their_formulas():
    distance = np.array([0.0, 0.25, 0.5])
    assert Gaussian(width=0.25).weights(distance) == pytest.approx(np.exp([0, -1, -4]))
    assert LimeKernel(width=0.25).weights(distance) == pytest.approx(np.sqrt(np.exp([0, -1, -4])))
    assert Flat().weights(distance) == pytest.approx(1)


def test_effective_sample_size_of_equal_and_of_lonely_weights():
    assert effective_sample_size(np.full(40, 0.3)) == pytest.approx(40)
    assert effective_sample_size(np.array([1.0, 0, 0])) == pytest.approx(1)


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_gives_the_picture_itself_full_weight_and_no_sample_more(name):
    distance = np.linspace(0, 1, 11)
    before = distance.copy()
    weights = KERNELS[name]().weights(distance)
    assert weights.shape == distance.shape
    assert weights[0] == 1
    assert (np.diff(weights) <= 0).all()
    assert (weights >= 0).all()
    assert np.array_equal(distance, before)
    assert KERNELS[name].local == (weights[-1] < 1)


def test_effective_sample_size_of_weights_whose_squares_are_smaller_than_any_number():
    assert effective_sample_size(np.full(40, 1e-300)) == pytest.approx(40)
    assert effective_sample_size(np.zeros(3)) == 0


@pytest.mark.parametrize("kernel", [LimeKernel, Gaussian])
def test_the_width_of_a_kernel_has_a_range_and_is_a_quarter_by_default(kernel):
    assert kernel().width == 0.25
    assert [kernel(width=inside).width for inside in (0.001, 100)] == [0.001, 100]
    for outside in (0.0009, 101):
        with pytest.raises(SpecError, match="width"):
            kernel(width=outside)


def test_the_effective_sample_size_of_unequal_weights_by_hand():
    assert effective_sample_size(np.array([0.5, 0.25])) == pytest.approx(0.75**2 / 0.3125)
    assert effective_sample_size(np.array([3.0, 1.0, 1.0])) == pytest.approx(25 / 11)


def test_a_rounding_error_below_nothing_is_no_distance():
    masks = np.array([[1, 0]], np.uint8)
    assert distances(masks, np.array([0.5, -1e-20]), "l2_pixels").tolist() == [0.0]
