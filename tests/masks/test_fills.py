from __future__ import annotations

import numpy as np
import pytest
from known_answers import colorful_image
from skimage import data

import lime_core as lc
from lime_core.masks.fills import (
    FILLS,
    Black,
    Blur,
    Color,
    Grey,
    ImageMean,
    Inpaint,
    Noise,
    SegmentMean,
    hidden_energy,
    hide,
)
from lime_core.superpixels import segment


@pytest.fixture(scope="module")
def scene():
    pixels = colorful_image(41, 63).pixels
    return pixels, segment(pixels, lc.Grid(rows=3, columns=4))


@pytest.mark.parametrize("name", FILLS)
def test_every_fill_is_a_picture_of_the_same_size_and_repeats_itself(name, scene):
    pixels, labels = scene
    before = pixels.copy(), labels.copy()
    fill = FILLS[name]().paint(pixels, labels, seed=3)
    assert fill.dtype == np.uint8
    assert fill.shape == pixels.shape
    assert np.array_equal(fill, FILLS[name]().paint(pixels, labels, seed=3))
    assert np.array_equal(pixels, before[0])
    assert np.array_equal(labels, before[1])


def test_constant_fills_have_their_colour(scene):
    pixels, labels = scene
    assert (Grey().paint(pixels, labels) == 128).all()
    assert (Black().paint(pixels, labels) == 0).all()
    assert (Color((1, 2, 3)).paint(pixels, labels) == (1, 2, 3)).all()
    assert (ImageMean().paint(pixels, labels) == np.rint(pixels.mean(axis=(0, 1)))).all()


def test_segment_mean_is_truncated_as_the_lime_package_does(scene):
    pixels, labels = scene
    fill = SegmentMean().paint(pixels, labels)
    for index in range(labels.max() + 1):
        expected = [pixels[labels == index][:, channel].mean() for channel in range(3)]
        assert (fill[labels == index] == np.array(expected).astype(np.uint8)).all()


def test_noise_depends_on_the_seed(scene):
    pixels, labels = scene
    one, other = (Noise().paint(pixels, labels, seed) for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_blur_keeps_a_flat_picture_and_smooths_another(scene):
    pixels, labels = scene
    flat = np.full_like(pixels, 77)
    assert np.array_equal(Blur().paint(flat, labels), flat)
    assert Blur().paint(pixels, labels).std() < pixels.std() / 5


def test_inpainting_continues_a_gradient_across_the_hole():
    ramp = np.repeat(np.linspace(0, 255, 60).astype(np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)
    labels = segment(ramp, lc.Grid(rows=4, columns=6))
    fill = Inpaint().paint(ramp, labels)
    inner = labels == 8  # surrounded on all sides
    assert np.abs(fill[inner].astype(int) - ramp[inner]).max() <= 3


def test_inpainting_a_real_picture_leaves_no_superpixel_as_it_was():
    pixels = data.chelsea()[:150, :200]
    labels = segment(pixels, lc.Slic(n_segments=12))
    fill = Inpaint().paint(pixels, labels)
    changed = [np.abs(fill[labels == i].astype(int) - pixels[labels == i]).mean() for i in range(labels.max() + 1)]
    assert min(changed) > 1


def test_hiding_shows_the_fill_exactly_where_the_mask_is_zero(scene):
    pixels, labels = scene
    fill = Black().paint(pixels, labels)
    masks = np.random.default_rng(0).integers(0, 2, (5, 12), dtype=np.uint8)
    perturbed = hide(pixels, fill, labels, masks)
    for mask, picture in zip(masks, perturbed, strict=True):
        shown = mask[labels] == 1
        assert np.array_equal(picture[shown], pixels[shown])
        assert (picture[~shown] == 0).all()


def test_energy_adds_up_to_the_mean_squared_difference_of_the_pictures(scene):
    pixels, labels = scene
    fill = ImageMean().paint(pixels, labels)
    energy = hidden_energy(pixels, fill, labels)
    mask = np.array([[1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0]], np.uint8)
    difference = (hide(pixels, fill, labels, mask)[0] / 255.0) - pixels / 255.0
    assert ((1 - mask[0]) @ energy) == pytest.approx((difference**2).mean(), rel=1e-12)
