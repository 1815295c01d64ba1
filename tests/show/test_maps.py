"""Pictures of an explanation, on a small picture whose superpixels and coefficients are known."""

from __future__ import annotations

import dataclasses
import io
import math
from typing import Any

import numpy as np
import PIL.Image
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from lime_core.answers.neighborhood import Provenance
from lime_core.errors import SpecError
from lime_core.explanation.explanation import ClassExplanation, Explanation
from lime_core.judge.verdict import ClassTrust
from lime_core.picture.image import Image
from lime_core.settings.spec import ExplainSpec
from lime_core.show import render
from lime_core.colormaps import AGAINST, COLORMAPS, FOR, UNSIGNED, color_bar, colorize
from lime_core.show.drawing import innermost_points, lines

HEIGHT, WIDTH = 60, 90
COEFFICIENTS = np.array([0.4, -0.4, 0.1, 0.0, -0.2, 0.3])  # the last one is not sure
STD_ERRORS = np.array([0.01, 0.01, 0.01, 0.01, 0.01, 0.5])
TRUST = ClassTrust("solid", (), "", {}, np.ones(6), 1.0, 0.0, 17.0, 0.0, None)
NOTHING = np.zeros(6)

# Machado, Oliveira and Fernandes (2009), severity 1, in linear RGB.
MACHADO = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def grid_segments() -> np.ndarray:
    """Six superpixels of 30×30: two rows of three."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (rows // 30 * 3 + columns // 30).astype(np.int32)


def image() -> Image:
    return Image(np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def explain(*rows: np.ndarray, signed: bool = True, **settings: Any) -> Explanation:
    """An explanation of the classes 7, 8, ... with these coefficients."""
    classes = tuple(
        ClassExplanation(7 + place, "a", 0.5, row, STD_ERRORS, 0.0, 1.0, 1.0, 0.5, 0.5, TRUST)
        for place, row in enumerate(rows or (COEFFICIENTS,))
    )
    return Explanation(
        classes=classes,
        segments=grid_segments(),
        covariances=np.zeros((len(classes), len(classes), 6)),
        signed=signed,
        samples=100,
        stop_reason="budget",
        effective_sample_size=100.0,
        notes=(),
        spec=ExplainSpec(**settings),
        provenance=Provenance("none", None, "none", (60, 90), image().sha256, {}, {}),
    )


def inner(superpixel: int) -> tuple[slice, slice]:
    """The middle of a superpixel, away from every line."""
    row, column = divmod(superpixel, 3)
    return slice(row * 30 + 6, row * 30 + 24), slice(column * 30 + 6, column * 30 + 24)


def changed(picture: np.ndarray) -> set[int]:
    return {s for s in range(6) if not np.array_equal(picture[inner(s)], image().pixels[inner(s)])}


def as_seen_with(blindness: str, color: Any) -> np.ndarray:
    linear = ((np.asarray(color) / 255 + 0.055) / 1.055) ** 2.4
    seen = np.clip(np.array(MACHADO[blindness]) @ linear, 0, 1)
    return np.where(seen > 0.0031308, 1.055 * seen ** (1 / 2.4) - 0.055, 12.92 * seen)


VIEWS = {
    "overlay": lambda *subject: render.overlay(*subject),
    "outline": lambda *subject: render.outline(*subject),
    "hide_rest": lambda *subject: render.hide_rest(*subject),
    "hide_rest blurred": lambda *subject: render.hide_rest(*subject, rest="blurred"),
    "heatmap": lambda *subject: render.heatmap(*subject),
    "smooth_jet": lambda *subject: render.smooth_jet(*subject),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_every_view_is_rgb_of_the_same_size_and_leaves_its_inputs_alone(view: Any) -> None:
    picture, explanation = image(), explain()
    before = picture.pixels.copy(), explanation.segments.copy(), COEFFICIENTS.copy()
    shown = view(picture, explanation, 7)
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert shown.dtype == np.uint8
    assert shown.flags.writeable
    assert np.array_equal(picture.pixels, before[0])
    assert np.array_equal(explanation.segments, before[1])
    assert np.array_equal(COEFFICIENTS, before[2])


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_every_view_refuses_another_size_and_another_class(view: Any) -> None:
    with pytest.raises(SpecError, match=r"The picture is 60×60, its superpixels are 90×60; .* same size"):
        view(image().center_crop(), explain(), 7)
    with pytest.raises(SpecError, match=r"Class 3 was not explained; explained are \[7\]"):
        view(image(), explain(), 3)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_an_explanation_of_nothing_can_be_shown(view: Any) -> None:
    assert view(image(), explain(NOTHING), 7).shape == (HEIGHT, WIDTH, 3)


def test_opacity_zero_gives_the_picture_back() -> None:
    for view in (render.overlay, render.heatmap, render.smooth_jet):
        assert np.array_equal(view(image(), explain(), 7, opacity=0), image().pixels)


@pytest.mark.parametrize("opacity", [-0.1, 1.1, math.nan, "0.5", True, None])
def test_an_opacity_outside_its_range_is_refused(opacity: Any) -> None:
    for view in (render.overlay, render.heatmap, render.smooth_jet):
        with pytest.raises(SpecError, match=r"opacity must be in 0\.\.1; got"):
            view(image(), explain(), 7, opacity=opacity)


@pytest.mark.parametrize(
    ("k", "sign", "expected"),
    [
        (1, "positive", {0}),
        (9, "positive", {0, 2}),
        (1, "negative", {1}),
        (9, "negative", {1, 4}),
        (3, "both", {0, 1, 4}),
        (9, "both", {0, 1, 2, 4}),
    ],
)
def test_views_show_the_k_strongest_that_are_sure(k: int, sign: Any, expected: set[int]) -> None:
    explanation = explain()
    assert changed(render.overlay(image(), explanation, 7, k=k, sign=sign)) == expected
    assert changed(render.hide_rest(image(), explanation, 7, k=k, sign=sign)) == set(range(6)) - expected


def test_the_unsure_are_shown_when_asked_for() -> None:
    assert changed(render.overlay(image(), explain(hide_unsure=False), 7, k=9, sign="positive")) == {0, 2, 5}


def test_the_overlay_changes_only_the_strongest_and_their_boundaries() -> None:
    shown = render.overlay(image(), explain(), 7, k=1, sign="positive")
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[:36, :36] = False  # superpixel 0 and a line of a few pixels around it
    assert np.array_equal(shown[outside], image().pixels[outside])


def test_the_overlay_tints_azure_for_and_vermilion_against() -> None:
    shown = render.overlay(image(), explain(), 7, opacity=0.5).astype(float)
    before = image().pixels.astype(float)
    assert np.abs(shown[inner(0)] - (before[inner(0)] + FOR) / 2).max() <= 1
    towards = (shown[inner(1)] - before[inner(1)]).sum(axis=(0, 1))
    assert np.allclose(towards / np.abs(towards).max(), _towards(before[inner(1)], AGAINST), atol=0.05)


def _towards(before: np.ndarray, color: Any) -> np.ndarray:
    step = (np.asarray(color) - before).sum(axis=(0, 1))
    return step / np.abs(step).max()


def test_against_is_hatched_so_that_it_can_be_told_apart_without_colour() -> None:
    grey = Image(np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    shown = render.overlay(grey, explain(), 7)
    assert np.ptp(shown[inner(0)].mean(axis=-1)) == 0
    assert np.ptp(shown[inner(1)].mean(axis=-1)) >= 8


def test_importance_without_a_sign_is_violet() -> None:
    shown = render.overlay(image(), explain(np.abs(COEFFICIENTS), signed=False), 7, opacity=1.0)
    assert (shown[inner(1)] == UNSIGNED).all()
    heat = render.heatmap(image(), explain(np.abs(COEFFICIENTS), signed=False), 7, opacity=1.0)
    assert (heat[inner(0)] == COLORMAPS["sequential"][-1]).all()
    assert (heat[inner(3)] == COLORMAPS["sequential"][0]).all()


def test_the_outline_draws_lines_only() -> None:
    shown = render.outline(image(), explain(), 7, k=1)
    assert not changed(shown)
    assert (shown[10:20, 29:31].astype(int) > 170).all()


@pytest.mark.parametrize(("rest", "value"), [("grey", 128), ("black", 0)])
def test_the_rest_is_hidden_exactly(rest: Any, value: int) -> None:
    shown = render.hide_rest(image(), explain(), 7, k=1, rest=rest)
    assert np.array_equal(shown[:30, :30], image().pixels[:30, :30])
    assert (shown[30:] == value).all()
    assert (shown[:, 30:] == value).all()


def test_a_blurred_rest_keeps_the_brightness_but_not_the_detail() -> None:
    shown = render.hide_rest(image(), explain(), 7, k=1, rest="blurred")
    assert np.array_equal(shown[:30, :30], image().pixels[:30, :30])
    assert shown[30:].std() < image().pixels[30:].std() / 4
    assert abs(shown[30:].mean() - image().pixels[30:].mean()) < 3


def test_only_three_ways_to_hide_the_rest() -> None:
    with pytest.raises(SpecError, match="rest must be one of grey, black, blurred; got 'white'"):
        render.hide_rest(image(), explain(), 7, rest="white")  # type: ignore[arg-type]


@pytest.mark.parametrize("k", [0, -1, 2.5, True, None])
def test_k_must_be_a_whole_number(k: Any) -> None:
    for view in (render.overlay, render.outline, render.hide_rest):
        with pytest.raises(SpecError, match="k must be a whole number, at least 1; got"):
            view(image(), explain(), 7, k=k)


def test_a_sign_by_another_name_is_refused() -> None:
    with pytest.raises(SpecError, match="sign must be one of positive, negative, both; got 'plus'"):
        render.overlay(image(), explain(), 7, sign="plus")  # type: ignore[arg-type]


def test_the_heatmap_mirrors_opposite_coefficients_and_leaves_zero_neutral() -> None:
    shown = render.heatmap(image(), explain(), 7, opacity=1.0)
    scale = COLORMAPS["diverging"]
    assert (shown[inner(0)] == scale[-1]).all()
    assert (shown[inner(1)] == scale[0]).all()
    assert (shown[inner(2)] == scale[127 + 32]).all()  # a quarter of the way
    for superpixel in (3, 5):  # zero, and not sure
        assert (shown[inner(superpixel)] == scale[127]).all()


def test_one_scale_serves_all_classes() -> None:
    explanation = explain(COEFFICIENTS, COEFFICIENTS / 4)
    assert render.shared_limit(explanation) == pytest.approx(0.4)
    own = render.heatmap(image(), explanation, 8, opacity=1.0)
    shared = render.heatmap(image(), explanation, 8, opacity=1.0, limit=render.shared_limit(explanation))
    assert (own[inner(0)] == COLORMAPS["diverging"][-1]).all()
    assert (shared[inner(0)] == COLORMAPS["diverging"][127 + 32]).all()
    assert render.shared_limit(explain(NOTHING)) == 0


@pytest.mark.parametrize("limit", [-1.0, math.inf, math.nan, "1"])
def test_a_limit_outside_its_range_is_refused(limit: Any) -> None:
    with pytest.raises(SpecError, match="limit must be a finite number, at least 0; got"):
        render.heatmap(image(), explain(), 7, limit=limit)


def test_the_jet_map_is_positive_smoothed_and_ends_in_jets_own_colours() -> None:
    sharp = render.smooth_jet(image(), explain(), 7, sigma=0, opacity=1)
    assert (sharp[inner(0)] == (128, 0, 0)).all()
    for superpixel in (1, 3, 4, 5):
        assert (sharp[inner(superpixel)] == (0, 0, 128)).all()
    assert (sharp[inner(2)] == colorize(np.array(0.25), "jet", 1)).all()
    smooth = render.smooth_jet(image(), explain(), 7, opacity=1)
    assert len(np.unique(smooth[15], axis=0)) > 20
    half = render.smooth_jet(image(), explain(), 7)
    assert np.abs(half.astype(float) - (smooth.astype(float) + image().pixels) / 2).max() <= 1


def test_the_gaussian_is_that_of_matlab() -> None:
    """One superpixel is a step; far from its corner the smoothed value is a sum of the truncated kernel."""
    sigma, explanation = 4.0, explain(np.array([0.4, 0, 0, 0.4, 0, 0]))
    offsets = np.arange(-8, 9)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    expected = 0.4 * kernel[offsets <= -3].sum() / kernel.sum()  # what column 32 sees of columns up to 29
    shown = render.smooth_jet(image(), explanation, 7, sigma=sigma, opacity=1)
    assert render.jet_limit(explanation, 7, sigma=sigma) == pytest.approx(0.4)
    assert np.array_equal(shown[30, 32], colorize(np.array(expected), "jet", 0.4))


@pytest.mark.parametrize("sigma", [-1, 101, math.nan, "8"])
def test_a_sigma_outside_its_range_is_refused(sigma: Any) -> None:
    with pytest.raises(SpecError, match=r"sigma must be a number of pixels in 0\.\.100; got"):
        render.smooth_jet(image(), explain(), 7, sigma=sigma)


def test_boundaries_lie_between_superpixels_only() -> None:
    shown = render.boundaries(image(), grid_segments())
    assert not changed(shown)
    assert not np.array_equal(shown[:, 28:32], image().pixels[:, 28:32])
    assert np.array_equal(shown[6:24, :24], image().pixels[6:24, :24])  # the edge of the picture is no boundary


def test_lines_get_thicker_with_the_picture() -> None:
    def across(scale: int) -> float:
        segments = np.repeat(np.repeat(grid_segments(), scale, axis=0), scale, axis=1)
        return float(lines(segments, [0, 1], 1.0)[10 * scale].sum())

    assert across(20) > 2.5 * across(1)


def test_each_number_stands_inside_its_superpixel() -> None:
    shown = render.numbered(image(), grid_segments())
    plain = render.boundaries(image(), grid_segments())
    different = (shown != plain).any(axis=-1)
    for superpixel in range(6):
        inside = different & (grid_segments() == superpixel)
        assert inside.sum() > 10
        written = shown[inside].astype(int)
        assert (written > 200).all(axis=-1).any()
        assert (written < 60).all(axis=-1).any()
    assert different.sum() == sum((different[inner(s)]).sum() for s in range(6))


def test_a_number_stays_inside_a_superpixel_that_bends() -> None:
    segments = np.ones((40, 50), np.int32)
    segments[5:35, 5:12] = segments[28:35, 5:45] = segments[5:35, 38:45] = 0  # a U: its centre is not part of it
    for superpixel, (row, column), room in innermost_points(segments):
        assert segments[row, column] == superpixel
        assert room >= 4
    assert [superpixel for superpixel, _, _ in innermost_points(np.array([[0, 2]], np.int32))] == [0, 2]


def test_a_perturbed_sample_shows_the_fill_where_the_mask_is_zero() -> None:
    fill = np.full((HEIGHT, WIDTH, 3), 9, np.uint8)
    mask = np.array([1, 0, 1, 1, 0, 1], np.uint8)
    shown = render.perturbed(image(), fill, grid_segments(), mask)
    hidden = np.isin(grid_segments(), [1, 4])
    assert (shown[hidden] == 9).all()
    assert np.array_equal(shown[~hidden], image().pixels[~hidden])


def test_a_perturbed_sample_of_other_sizes_is_refused() -> None:
    fill, mask = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.ones(6, np.uint8)
    with pytest.raises(SpecError, match="one entry for each of 6 superpixels; got"):
        render.perturbed(image(), fill, grid_segments(), mask[:5])
    with pytest.raises(SpecError, match=r"fill must be uint8 \(60, 90, 3\) like the picture; got"):
        render.perturbed(image(), fill[:5], grid_segments(), mask)
    with pytest.raises(SpecError, match="same size"):
        render.perturbed(image(), fill, grid_segments()[:, :5], mask)


@pytest.mark.parametrize("view", ["overlay", "outline", "hide_rest", "heatmap", "jet"])
def test_a_spec_chooses_the_view(view: Any) -> None:
    explanation = explain(view=view, top_k=2, sign="positive", opacity=0.3, smoothing=3.0)
    subject = (image(), explanation, 7)
    expected = {
        "overlay": lambda: render.overlay(*subject, k=2, sign="positive", opacity=0.3),
        "outline": lambda: render.outline(*subject, k=2, sign="positive"),
        "hide_rest": lambda: render.hide_rest(*subject, k=2, sign="positive"),
        "heatmap": lambda: render.heatmap(*subject, opacity=0.3),
        "jet": lambda: render.smooth_jet(*subject, sigma=3.0, opacity=0.3),
    }[view]()
    assert np.array_equal(render.render(*subject), expected)
    other = dataclasses.replace(explanation.spec, view="hide_rest", top_k=1)
    assert np.array_equal(render.render(*subject, spec=other), render.hide_rest(*subject, k=1))


def test_a_png_holds_the_same_pixels() -> None:
    shown = render.overlay(image(), explain(), 7)
    data = render.to_png(shown)
    assert data.startswith(b"\x89PNG")
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(data))), shown)


@pytest.mark.parametrize("blindness", MACHADO)
def test_for_and_against_differ_for_the_colour_blind(blindness: str) -> None:
    scale = COLORMAPS["diverging"]
    for one, other in ((FOR, AGAINST), (scale[-1], scale[0]), (scale[190], scale[64]), (scale[-1], scale[127])):
        seen = [rgb2lab(as_seen_with(blindness, color)[None, None]) for color in (one, other)]
        assert deltaE_ciede2000(*seen).item() > 25


def test_the_diverging_map_is_symmetric_in_lightness_and_grows_darker_outwards() -> None:
    lightness = rgb2lab(COLORMAPS["diverging"][None])[0, :, 0]
    assert np.abs(lightness - lightness[::-1]).max() < 1.5
    assert (np.diff(lightness[127:]) < 0.4).all()
    assert lightness[127] - lightness[-1] > 45
    assert np.ptp(COLORMAPS["diverging"][127].astype(int)) <= 2


def test_jet_begins_and_ends_as_in_matlab() -> None:
    jet = COLORMAPS["jet"]
    assert jet[0].tolist() == [0, 0, 128]
    assert jet[-1].tolist() == [128, 0, 0]
    assert colorize(np.array([0.125, 0.375, 0.625, 0.875]), "jet", 1.0).tolist() == pytest.approx(
        np.array([[0, 0, 255], [0, 255, 255], [255, 255, 0], [255, 0, 0]]), abs=3
    )


def test_values_beyond_the_scale_get_its_end_colours() -> None:
    assert np.array_equal(colorize(np.array([-9.0, 9.0]), "diverging", 1.0), COLORMAPS["diverging"][[0, -1]])
    assert np.array_equal(colorize(np.array([5.0]), "diverging", 0.0), COLORMAPS["diverging"][[127]])
    with pytest.raises(SpecError, match="colormap must be one of diverging, sequential, jet; got 'viridis'"):
        colorize(np.zeros(2), "viridis", 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("vertical", [True, False])
@pytest.mark.parametrize("name", COLORMAPS)
def test_a_colour_bar_runs_from_end_to_end_and_is_labelled(name: Any, vertical: bool) -> None:
    bar = color_bar(name, 0.25, length=240, vertical=vertical)
    along = bar if vertical else bar.swapaxes(0, 1)[::-1]
    assert along.shape[0] == 240
    strip = along[11:229, 10]
    assert np.array_equal(strip[0], COLORMAPS[name][-1])
    assert np.array_equal(strip[-1], COLORMAPS[name][0])
    labels = along[:, 20:]
    assert (labels < 90).all(axis=-1).any()
    assert (labels[:3] == 255).all() == vertical  # horizontal labels reach to the ends


def test_a_colour_bar_is_legible_on_a_dark_page() -> None:
    bar = color_bar("jet", 1.0, background=(14, 17, 23))
    assert (bar[0, 0] == (14, 17, 23)).all()
    assert (bar > 200).all(axis=-1).any()
    for length in (10, 5000, 99.5, True):
        with pytest.raises(SpecError, match=r"length must be a whole number in 64\.\.4096; got"):
            color_bar("jet", 1.0, length=length)  # type: ignore[arg-type]
