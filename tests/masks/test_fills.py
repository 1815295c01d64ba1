from __future__ import annotations

import inspect

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
    Fill,
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


@pytest.mark.parametrize("fill", [Fill, *FILLS.values()])
def test_every_fill_draws_with_seed_nought_unless_told_otherwise(fill):
    assert inspect.signature(fill.paint).parameters["seed"].default == 0


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


def test_noise_is_made_of_every_level():
    fill = Noise().paint(np.zeros((60, 60, 3), np.uint8), np.zeros((60, 60), np.int32))
    assert np.array_equal(np.unique(fill), np.arange(256))
    assert np.array_equal(fill, Noise().paint(np.ones((60, 60, 3), np.uint8), np.zeros((60, 60), np.int32), seed=0))


def test_blur_is_a_gaussian_of_its_width_in_each_channel_rounded_to_whole_levels():
    pixels = np.zeros((21, 21, 3), np.uint8)
    pixels[10, 10] = (255, 0, 255)
    pixels[..., 1] = 200
    fill = Blur(sigma=1.0).paint(pixels, np.zeros((21, 21), np.int32))
    weights = np.exp(-(np.arange(-4, 5) ** 2) / 2)
    weights /= weights.sum()
    assert fill[6:15, 6:15, 0] == pytest.approx(np.rint(255 * np.outer(weights, weights)))
    assert np.array_equal(fill[..., 0], fill[..., 2])
    assert (fill[..., 1] == 200).all()
    assert Blur().sigma == 12.0
    # Beyond the border the picture goes on as it ends.
    edge = np.zeros((5, 30, 3), np.uint8)
    edge[:, 15:] = 100
    assert (Blur(sigma=2.0).paint(edge, np.zeros((5, 30), np.int32))[:, -1] == 100).all()


def test_the_width_of_a_blur_has_a_range():
    assert [Blur(sigma=inside).sigma for inside in (0.5, 200)] == [0.5, 200]
    for outside in (0.49, 201):
        with pytest.raises(lc.SpecError, match="sigma"):
            Blur(sigma=outside)


def test_constant_fills_are_rounded_and_can_be_written_to():
    pixels = np.zeros((1, 4, 3), np.uint8)
    pixels[0, :3] = 1  # a mean of three quarters
    fill = ImageMean().paint(pixels, np.zeros((1, 4), np.int32))
    assert (fill == 1).all()
    fill[0, 0] = 7  # of its own
    assert Color().color == (128, 128, 128)


def test_inpainting_goes_by_what_lies_right_around_a_superpixel():
    labels = np.zeros((40, 40), np.int32)
    labels[18:22, 16:24] = 1
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    fill = Inpaint().paint(pixels, labels)
    hole = labels == 1
    for margin, alike in ((4, True), (0, False)):
        box = np.zeros((40, 40), bool)
        box[18 - margin : 22 + margin, 16 - margin : 24 + margin] = True
        far = np.where(box[..., None], pixels, 0).astype(np.uint8)
        assert np.array_equal(Inpaint().paint(far, labels)[hole], fill[hole]) is alike


def test_inpainting_stays_inside_the_picture_and_fills_a_lonely_superpixel_with_the_mean():
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[:, :6] = 1  # a mean of three quarters
    assert (Inpaint().paint(pixels, np.zeros((4, 8), np.int32)) == 1).all()
    ramp = np.repeat(np.arange(0, 200, 10, dtype=np.uint8)[None, :, None], 20, axis=0).repeat(3, axis=2)
    corner = np.zeros((20, 20), np.int32)
    corner[:3, :3] = 1
    fill = Inpaint().paint(ramp, corner)
    assert np.abs(fill[:3, :3].astype(int) - ramp[:3, :3]).max() <= 30


def test_inpainting_reaches_black_and_white():
    for level in (0, 255):
        flat = np.full((20, 20, 3), level, np.uint8)
        labels = np.zeros((20, 20), np.int32)
        labels[8:12, 8:12] = 1
        assert (Inpaint().paint(flat, labels)[labels == 1] == level).all()


def test_the_energy_of_a_superpixel_is_its_share_of_the_mean_square():
    pixels, fill = np.full((2, 2, 3), 255, np.uint8), np.zeros((2, 2, 3), np.uint8)
    fill[1, 1] = 204  # a fifth away
    energy = hidden_energy(pixels, fill, np.array([[0, 0], [1, 2]], np.int32))
    assert energy == pytest.approx([0.5, 0.25, 0.04 / 4])


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
