"""Masks that hide no superpixels: windows against their definition, smooth grids against another enlargement."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import resize

from lime_core.masks.covers import SmoothGrid, Windows
from lime_core.masks.fills import blend, hide
from lime_core.masks.pixel_designs import MOST_WINDOWS, SlidingWindow, SmoothRandom
from lime_core.masks.samplers import draw_masks
from lime_core.parameters import parameters_of

RANDOM = np.random.default_rng(0)


def each_hidden(columns):
    return (1 - np.eye(columns)).astype(np.uint8)


def masks_of(columns, count=20, seed=1):
    return np.random.default_rng(seed).integers(0, 2, (count, columns), dtype=np.uint8)


# Windows


def test_a_window_is_two_strides_wide_and_the_next_one_is_a_stride_further():
    windows = Windows(4)
    shown = windows.shown(each_hidden(16), (30, 60))  # strides of 6 and 12 px
    for row in range(4):
        for column in range(4):
            expected = np.ones((30, 60))
            expected[row * 6 : row * 6 + 12, column * 12 : column * 12 + 24] = 0
            assert np.array_equal(shown[row * 4 + column], expected)
    assert windows.size == 12 / 30 == 24 / 60


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (16, 33), (90, 64)])
@pytest.mark.parametrize("side", [1, 2, 5, 31])
def test_windows_cover_every_pixel_of_any_size(side, size):
    windows = Windows(side)
    hidden = 1 - windows.shown(each_hidden(windows.columns), size)
    assert (hidden.sum(axis=0) >= 1).all()
    assert (hidden.sum(axis=0) <= 4).all()
    # Far apart from rounding, a window lies where its centre says, at any size.
    rows, columns = ((np.arange(length) + 0.5) / length * (side + 1) for length in size)
    for index in range(0, windows.columns, 7):
        row, column = divmod(index, side)
        inside = np.outer((rows >= row) & (rows < row + 2), (columns >= column) & (columns < column + 2))
        assert np.array_equal(hidden[index] == 1, inside)


def test_windows_that_overlap_hide_together_what_each_hides():
    windows = Windows(3)
    masks = masks_of(9)
    alone = 1 - windows.shown(each_hidden(9), (24, 40))
    for mask, shown in zip(masks, windows.shown(masks, (24, 40)), strict=True):
        assert np.array_equal(shown == 0, alone[mask == 0].any(axis=0))
    assert windows.shown(np.ones((1, 9), np.uint8), (24, 40)).all()


def test_the_mean_is_over_the_windows_that_cover_a_pixel_and_have_a_value():
    windows, values = Windows(3), RANDOM.normal(size=9)
    present = np.array([1, 1, 0, 1, 1, 1, 0, 0, 1], bool)
    covers = 1 - windows.shown(each_hidden(9), (20, 28))
    mean = windows.mean_over(values, present, (20, 28))
    for row in range(20):
        for column in range(28):
            found = [values[index] for index in range(9) if present[index] and covers[index, row, column]]
            assert mean[row, column] == pytest.approx(np.mean(found) if found else 0, abs=1e-12)
    assert windows.mean_over(values, np.zeros(9, bool), (20, 28)).tolist() == np.zeros((20, 28)).tolist()


# Smooth grids


@pytest.mark.parametrize(("height", "width"), [(56, 84), (224, 112), (35, 70)])
def test_a_smooth_grid_is_what_is_cut_out_of_the_enlarged_one(height, width):
    grid, masks = SmoothGrid(7, 3), masks_of(49, 200)
    down, right = grid.shifts(masks)
    # Of these a shift is a whole number of pixels.
    whole = (down * (height // 7) % 32 == 0) & (right * (width // 7) % 32 == 0)
    masks = masks[whole][:8]
    assert len(masks)
    shown = grid.shown(masks, (height, width))
    down, right = grid.shifts(masks)
    for mask, picture, y, x in zip(masks, shown, down, right, strict=True):
        cell_height, cell_width = height // 7, width // 7
        large = (height + cell_height, width + cell_width)
        enlarged = resize(mask.reshape(7, 7).astype(float), large, order=1, mode="edge")
        top, left = y * cell_height // 32, x * cell_width // 32
        assert picture == pytest.approx(enlarged[top : top + height, left : left + width], abs=1e-5)


def test_shifts_are_uniform_independent_of_any_point_and_differ_between_seeds():
    masks = masks_of(49, 64_000)
    down, right = SmoothGrid(7, 5).shifts(masks)
    for shifts in (down, right):
        counts = np.bincount(shifts, minlength=32)
        assert (np.abs(counts - 2000) < 5 * np.sqrt(2000)).all()
        for point in (0, 24, 48):
            correlation = np.corrcoef(shifts, masks[:, point])[0, 1]
            assert abs(correlation) < 5 / np.sqrt(64_000)
    assert abs(np.corrcoef(down, right)[0, 1]) < 5 / np.sqrt(64_000)
    assert not np.array_equal(down, SmoothGrid(7, 6).shifts(masks)[0])


def test_the_same_mask_is_the_same_picture_in_any_order():
    grid, masks = SmoothGrid(7, 2), masks_of(49, 9)
    order = RANDOM.permutation(9)
    assert np.array_equal(grid.shown(masks[order], (20, 30)), grid.shown(masks, (20, 30))[order])


def test_all_shown_is_the_picture_and_all_hidden_the_fill():
    pixels, fill = (RANDOM.integers(0, 256, (33, 47, 3), dtype=np.uint8) for _ in range(2))
    for cover in (SmoothGrid(7, 0), Windows(6)):
        both = np.stack([np.ones(cover.columns, np.uint8), np.zeros(cover.columns, np.uint8)])
        whole, nothing = blend(pixels, fill, cover.shown(both, (33, 47)))
        assert np.array_equal(whole, pixels)
        assert np.array_equal(nothing, fill)


def test_a_weighted_sum_is_that_of_the_masks_one_by_one():
    grid, masks, weights = SmoothGrid(7, 4), masks_of(49, 300), RANDOM.normal(size=300)
    expected = np.einsum("n,nhw->hw", weights, grid.shown(masks, (31, 43)).astype(np.float64))
    assert grid.weighted_sum(masks, weights, (31, 43)) == pytest.approx(expected, abs=1e-4)


# Blending and the designs


def test_blending_rounds_to_the_nearest_level_and_hiding_whole_pixels_is_hide():
    pixels, fill = (RANDOM.integers(0, 256, (20, 30, 3), dtype=np.uint8) for _ in range(2))
    shown = RANDOM.random((4, 20, 30)).astype(np.float32)
    expected = fill + shown[..., None].astype(np.float64) * (pixels.astype(np.float64) - fill)
    assert np.abs(blend(pixels, fill, shown) - expected).max() <= 0.5 + 1e-4
    labels = np.arange(600).reshape(20, 30).astype(np.int32) // 60
    masks = masks_of(10)
    assert np.array_equal(blend(pixels, fill, masks[:, labels].astype(np.float32)), hide(pixels, fill, labels, masks))


def test_a_sliding_window_has_as_many_masks_as_positions():
    sampler = SlidingWindow(5)
    masks = draw_masks(sampler, 2, 25)
    assert np.array_equal(masks, each_hidden(25))
    assert sampler.cover(0) == Windows(5)
    assert parameters_of(SlidingWindow)["side"].high == MOST_WINDOWS


def test_points_of_a_smooth_grid_are_shown_with_one_half():
    sampler = SmoothRandom()
    assert sampler.cover(8) == SmoothGrid(7, 8)
    masks = draw_masks(sampler, 4000, sampler.cover(8).columns, seed=8)
    assert masks.shape == (4000, 49)
    assert masks.mean(axis=0) == pytest.approx(np.full(49, 0.5), abs=5 * 0.5 / np.sqrt(4000))
    assert np.array_equal(masks[:100], draw_masks(sampler, 100, 49, seed=8))
