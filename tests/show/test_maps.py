"""Maps of an attribution, on a small picture whose superpixels and scores are known."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import PIL.Image
import pytest
from known_attributions import (
    COEFFICIENTS,
    HEIGHT,
    NOTHING,
    STD_ERRORS,
    WIDTH,
    changed,
    explain,
    grid_segments,
    image,
    inner,
    of_pixels,
)

import lime_core as lc
from lime_core import show
from lime_core.colormaps import AGAINST, COLORMAPS, FOR, UNSIGNED, colorize
from lime_core.errors import SpecError

NAMES = ("overlay", "outline", "hide_rest", "heatmap", "jet")
SUPERPIXEL_VIEWS = ("overlay", "outline", "hide_rest")
HALF = lc.View(opacity=0.5)
OPAQUE = lc.View(opacity=1.0)


def drawn(picture: np.ndarray, name: str) -> set[int]:
    """The superpixels that a map drawn with opacity 1 shows, by what is drawn inside them or around them."""
    if name == "outline":  # neighbours of what is outlined may be surrounded too
        return {s for s in range(6) if _has_line_around(picture, s)}
    if name == "hide_rest":
        return set(range(6)) - changed(picture)
    blank = {
        "overlay": lambda s: image().pixels[inner(s)],
        "heatmap": lambda s: COLORMAPS["diverging"][127],
        "jet": lambda s: COLORMAPS["jet"][0],
    }[name]
    return {s for s in range(6) if not (picture[inner(s)] == blank(s)).all()}


def _has_line_around(picture: np.ndarray, superpixel: int) -> bool:
    """Whether all edges that the superpixel shares with others are drawn."""
    row, column = divmod(superpixel, 3)
    middle = row * 30 + 15, column * 30 + 15
    edges = [(row * 30 if row else 30, middle[1])]
    edges += [(middle[0], edge) for edge in (column * 30, column * 30 + 30) if 0 < edge < WIDTH]
    return all(not np.array_equal(picture[edge], image().pixels[edge]) for edge in edges)


@pytest.mark.parametrize("name", NAMES)
def test_every_view_is_rgb_of_the_same_size_and_leaves_its_inputs_alone(name: Any) -> None:
    picture, explanation = image(), explain()
    before = picture.pixels.copy(), explanation.segments.copy(), COEFFICIENTS.copy()
    result = show.render(picture, explanation, 7, lc.View(name))
    assert result.shape == (HEIGHT, WIDTH, 3)
    assert result.dtype == np.uint8
    assert result.flags.writeable
    assert np.array_equal(picture.pixels, before[0])
    assert np.array_equal(explanation.segments, before[1])
    assert np.array_equal(COEFFICIENTS, before[2])


@pytest.mark.parametrize("name", NAMES)
def test_every_view_refuses_another_size_and_another_class(name: Any) -> None:
    with pytest.raises(SpecError, match=r"The picture is 60×60, its superpixels are 90×60; .* same size"):
        show.render(image().center_crop(), explain(), 7, lc.View(name))
    with pytest.raises(SpecError, match=r"Class 3 was not explained; explained are \[7\]"):
        show.render(image(), explain(), 3, lc.View(name))


@pytest.mark.parametrize("name", NAMES)
def test_an_explanation_of_nothing_can_be_shown(name: Any) -> None:
    assert show.render(image(), explain(NOTHING), 7, lc.View(name)).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", ["overlay", "heatmap", "jet"])
def test_opacity_zero_gives_the_picture_back(name: Any) -> None:
    assert np.array_equal(show.render(image(), explain(), 7, lc.View(name, opacity=0)), image().pixels)


@pytest.mark.parametrize("opacity", [-0.1, 1.1, math.nan, "0.5", True, None])
def test_an_opacity_outside_its_range_is_refused(opacity: Any) -> None:
    with pytest.raises(SpecError, match=r"opacity must be (a number )?in 0\.\.1; got"):
        lc.View(opacity=opacity)


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
@pytest.mark.parametrize("name", NAMES)
def test_every_view_shows_the_k_strongest_of_a_sign_that_are_sure(
    name: Any, k: int, sign: Any, expected: set[int]
) -> None:
    view = lc.View(name, top_k=k, sign=sign, opacity=1.0, smoothing=0.0)
    if name == "jet" and sign == "both":  # its scale has no colour for evidence against
        expected = expected - {1, 4}
    result = drawn(show.render(image(), explain(), 7, view), name)
    assert result >= expected if name == "outline" else result == expected


@pytest.mark.parametrize("name", NAMES)
def test_the_unsure_are_shown_when_asked_for(name: Any) -> None:
    with_unsure, without = (
        show.render(image(), explain(), 7, lc.View(name, 9, "positive", hide, opacity=1.0, smoothing=0.0))
        for hide in (False, True)
    )
    assert 5 in drawn(with_unsure, name)
    assert 5 not in drawn(without, name)
    if name != "outline":
        assert drawn(with_unsure, name) == {0, 2, 5}


def test_an_outline_surrounds_exactly_what_is_shown() -> None:
    only_first = show.outline(image(), explain(), 7, lc.View(top_k=1, sign="positive"))
    single = show.outline(image(), explain(np.array([1.0, 0, 0, 0, 0, 0])), 7)
    assert np.array_equal(only_first, single)


def test_the_overlay_changes_only_the_strongest_and_their_boundaries() -> None:
    picture = show.overlay(image(), explain(), 7, lc.View(top_k=1, sign="positive"))
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[:36, :36] = False  # superpixel 0 and a line of a few pixels around it
    assert np.array_equal(picture[outside], image().pixels[outside])


def test_the_overlay_tints_blue_for_and_orange_against() -> None:
    picture = show.overlay(image(), explain(), 7, HALF).astype(float)
    before = image().pixels.astype(float)
    assert np.abs(picture[inner(0)] - (before[inner(0)] + FOR) / 2).max() <= 1
    towards = (picture[inner(1)] - before[inner(1)]).sum(axis=(0, 1))
    assert np.allclose(towards / np.abs(towards).max(), _towards(before[inner(1)], AGAINST), atol=0.05)


def _towards(before: np.ndarray, color: Any) -> np.ndarray:
    step = (np.asarray(color) - before).sum(axis=(0, 1))
    return step / np.abs(step).max()


def test_against_is_hatched_so_that_it_can_be_told_apart_without_colour() -> None:
    grey = lc.Image(np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    picture = show.overlay(grey, explain(), 7)
    assert np.ptp(picture[inner(0)].mean(axis=-1)) == 0
    assert np.ptp(picture[inner(1)].mean(axis=-1)) >= 8


def test_importance_without_a_sign_is_violet() -> None:
    importance = explain(np.abs(COEFFICIENTS), signed=False)
    assert (show.overlay(image(), importance, 7, OPAQUE)[inner(1)] == UNSIGNED).all()
    heat = show.heatmap(image(), importance, 7, OPAQUE)
    assert (heat[inner(0)] == COLORMAPS["sequential"][-1]).all()
    assert (heat[inner(3)] == COLORMAPS["sequential"][0]).all()


@pytest.mark.parametrize("name", NAMES)
def test_importance_without_a_sign_is_drawn_whatever_sign_is_asked_for(name: Any) -> None:
    importance = explain(np.abs(COEFFICIENTS), signed=False)
    negative, both = (show.render(image(), importance, 7, lc.View(name, sign=sign)) for sign in ("negative", "both"))
    assert np.array_equal(negative, both)
    assert not np.array_equal(both, show.render(image(), explain(NOTHING, signed=False), 7, lc.View(name)))


def test_the_outline_draws_lines_only() -> None:
    picture = show.outline(image(), explain(), 7, lc.View(top_k=1))
    assert not changed(picture)
    assert (picture[10:20, 29:31].astype(int) > 170).all()


def test_the_rest_is_hidden_exactly() -> None:
    picture = show.hide_rest(image(), explain(), 7, lc.View(top_k=1))
    assert np.array_equal(picture[:30, :30], image().pixels[:30, :30])
    assert (picture[30:] == 128).all()
    assert (picture[:, 30:] == 128).all()


@pytest.mark.parametrize("k", [0, -1, 2.5, True, None])
def test_k_must_be_a_whole_number(k: Any) -> None:
    with pytest.raises(SpecError, match=r"top_k must be (a whole number )?in 1\.\.1023; got"):
        lc.View(top_k=k)


def test_a_sign_by_another_name_is_refused() -> None:
    with pytest.raises(SpecError, match="sign must be one of positive, negative, both; got 'plus'"):
        lc.View(sign="plus")  # type: ignore[arg-type]


def test_the_heatmap_mirrors_opposite_coefficients_and_leaves_zero_neutral() -> None:
    picture = show.heatmap(image(), explain(), 7, OPAQUE)
    scale = COLORMAPS["diverging"]
    assert (picture[inner(0)] == scale[-1]).all()
    assert (picture[inner(1)] == scale[0]).all()
    assert (picture[inner(2)] == scale[127 + 32]).all()  # a quarter of the way
    for superpixel in (3, 5):  # zero, and not sure
        assert (picture[inner(superpixel)] == scale[127]).all()


def test_one_scale_serves_all_classes() -> None:
    explanation = explain(COEFFICIENTS, COEFFICIENTS / 4)
    assert show.shared_limit(explanation) == pytest.approx(0.4)
    separate = show.heatmap(image(), explanation, 8, OPAQUE)
    alike = show.heatmap(image(), explanation, 8, OPAQUE, limit=show.shared_limit(explanation))
    assert (separate[inner(0)] == COLORMAPS["diverging"][-1]).all()
    assert (alike[inner(0)] == COLORMAPS["diverging"][127 + 32]).all()
    assert show.shared_limit(explain(NOTHING)) == 0


def test_the_shared_scale_ends_at_what_the_view_shows() -> None:
    explanation = explain(np.array([0.4, -0.6, 0.1, 0.0, -0.2, 0.9]))
    assert show.shared_limit(explanation) == pytest.approx(0.6)
    assert show.shared_limit(explanation, lc.View(sign="positive")) == pytest.approx(0.4)
    assert show.shared_limit(explanation, lc.View(hide_unsure=False)) == pytest.approx(0.9)
    assert show.shared_limit(explanation, lc.View(sign="negative", top_k=1)) == pytest.approx(0.6)


@pytest.mark.parametrize("name", ["heatmap", "jet"])
def test_render_takes_the_end_of_the_scale(name: Any) -> None:
    view = lc.View(name, opacity=1.0, smoothing=0.0)
    explanation = explain(COEFFICIENTS, COEFFICIENTS / 4)
    draw = {"heatmap": show.heatmap, "jet": show.jet}[name]
    assert np.array_equal(
        show.render(image(), explanation, 8, view, limit=0.2), draw(image(), explanation, 8, view, limit=0.2)
    )
    assert not np.array_equal(
        show.render(image(), explanation, 8, view, limit=0.2), show.render(image(), explanation, 8, view)
    )


@pytest.mark.parametrize("name", ["heatmap", "jet"])
@pytest.mark.parametrize("limit", [-1.0, math.inf, math.nan, "1"])
def test_a_limit_outside_its_range_is_refused(limit: Any, name: Any) -> None:
    with pytest.raises(SpecError, match="limit must be a finite number, at least 0; got"):
        show.render(image(), explain(), 7, lc.View(name), limit=limit)


def test_the_jet_map_is_positive_smoothed_and_ends_in_jets_own_colours() -> None:
    sharp = show.jet(image(), explain(), 7, lc.View(smoothing=0, opacity=1))
    assert (sharp[inner(0)] == (128, 0, 0)).all()
    for superpixel in (1, 3, 4, 5):
        assert (sharp[inner(superpixel)] == (0, 0, 128)).all()
    assert (sharp[inner(2)] == colorize(np.array(0.25), "jet", 1)).all()
    smooth = show.jet(image(), explain(), 7, OPAQUE)
    assert len(np.unique(smooth[15], axis=0)) > 20
    half = show.jet(image(), explain(), 7, HALF)
    assert np.abs(half.astype(float) - (smooth.astype(float) + image().pixels) / 2).max() <= 1


def test_the_jet_map_of_negative_scores_shows_how_strong_they_are() -> None:
    picture = show.jet(image(), explain(), 7, lc.View(sign="negative", smoothing=0, opacity=1))
    assert (picture[inner(1)] == (128, 0, 0)).all()
    assert (picture[inner(4)] == colorize(np.array(0.5), "jet", 1)).all()
    assert (picture[inner(0)] == (0, 0, 128)).all()


def test_the_gaussian_is_that_of_matlab() -> None:
    """One superpixel is a step; far from its corner the smoothed value is a sum of the truncated kernel."""
    sigma, explanation = 4.0, explain(np.array([0.4, 0, 0, 0.4, 0, 0]))
    offsets = np.arange(-8, 9)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    expected = 0.4 * kernel[offsets <= -3].sum() / kernel.sum()  # what column 32 sees of columns up to 29
    view = lc.View(smoothing=sigma, opacity=1)
    picture = show.jet(image(), explanation, 7, view)
    assert np.array_equal(picture, show.jet(image(), explanation, 7, view, limit=0.4))  # where its scale ends
    assert np.array_equal(picture[30, 32], colorize(np.array(expected), "jet", 0.4))


@pytest.mark.parametrize("sigma", [-1, 101, math.nan, "8"])
def test_a_smoothing_outside_its_range_is_refused(sigma: Any) -> None:
    with pytest.raises(SpecError, match=r"smoothing must be (a number )?in 0\.\.100; got"):
        lc.View(smoothing=sigma)


@pytest.mark.parametrize("name", NAMES)
def test_a_view_chooses_the_map(name: Any) -> None:
    view = lc.View(name, top_k=2, sign="positive", opacity=0.3, smoothing=3.0)
    draw = {
        "overlay": show.overlay,
        "outline": show.outline,
        "hide_rest": show.hide_rest,
        "heatmap": show.heatmap,
        "jet": show.jet,
    }[name]
    subject = (image(), explain(), 7)
    assert np.array_equal(show.render(*subject, view), draw(*subject, view))
    other = lc.View("hide_rest", top_k=1)
    assert np.array_equal(show.render(*subject, view=other), show.hide_rest(*subject, other))


def test_without_a_view_it_is_the_default_one() -> None:
    assert np.array_equal(show.render(image(), explain(), 7), show.render(image(), explain(), 7, lc.View()))
    assert np.array_equal(show.render(image(), explain(), 7), show.overlay(image(), explain(), 7))


def pixel_scores() -> np.ndarray:
    return np.linspace(-1, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)


@pytest.mark.parametrize("name", ["heatmap", "jet"])
def test_scores_of_pixels_are_drawn_pixel_by_pixel(name: Any) -> None:
    view = lc.View(name, top_k=1, opacity=1.0, smoothing=0.0)
    picture = show.render(image(), of_pixels(pixel_scores()), 7, view)
    scale = COLORMAPS["diverging" if name == "heatmap" else "jet"]
    assert np.array_equal(picture[-1, -1], scale[-1])
    assert np.array_equal(picture[0, 0], scale[0])
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100


@pytest.mark.parametrize("name", ["heatmap", "jet"])
def test_scores_of_pixels_obey_sign_and_error_bars(name: Any) -> None:
    def blank(std_errors: np.ndarray | None, **settings: Any) -> np.ndarray:
        view = lc.View(name, opacity=1.0, smoothing=0.0, **settings)
        picture = show.render(image(), of_pixels(pixel_scores(), std_errors), 7, view)
        return (picture == COLORMAPS["diverging" if name == "heatmap" else "jet"][127 if name == "heatmap" else 0]).all(
            axis=-1
        )

    assert blank(None, sign="positive")[: HEIGHT // 2].all()
    assert not blank(None, sign="positive")[-1].any()
    assert blank(None, sign="negative")[HEIGHT // 2 :].all()
    assert not blank(None, sign="negative")[0].any()
    unsure = np.full((HEIGHT, WIDTH), 9.0)
    assert blank(unsure).all()
    assert not blank(unsure, hide_unsure=False)[-1].any()


@pytest.mark.parametrize("name", SUPERPIXEL_VIEWS)
def test_scores_of_pixels_have_no_superpixels_to_draw(name: Any) -> None:
    with pytest.raises(
        SpecError, match=f"view '{name}' draws superpixels, and the method 'gradient' .* 'heatmap' or 'jet'"
    ):
        show.render(image(), of_pixels(pixel_scores()), 7, lc.View(name))


def test_scores_of_pixels_belong_to_a_picture_of_their_size() -> None:
    with pytest.raises(SpecError, match=r"The picture is 60×60, its scores are 90×60; .* same size"):
        show.render(image().center_crop(), of_pixels(pixel_scores()), 7, lc.View("heatmap"))


def test_a_contrast_is_drawn_like_any_class() -> None:
    explanation = explain(COEFFICIENTS, COEFFICIENTS[::-1])
    contrast = explanation.contrast(7, 8)
    drawable = show.difference_attribution(contrast, explanation, name="7 rather than 8")
    assert [item.name for item in drawable.classes] == ["7 rather than 8"]
    view = lc.View("heatmap", opacity=1.0, hide_unsure=False)
    picture = show.render(image(), drawable, 7, view)
    strongest = int(np.abs(contrast.coefficients).argmax())
    pole = -1 if contrast.coefficients[strongest] > 0 else 0
    assert (picture[inner(strongest)] == COLORMAPS["diverging"][pole]).all()
    assert drawable.classes[0].verdict is None


def test_a_difference_between_models_has_a_sign_even_where_importance_has_none() -> None:
    importances = [explain(np.abs(COEFFICIENTS), signed=False), explain(np.abs(COEFFICIENTS[::-1]), signed=False)]
    difference = lc.compare(importances, 7).difference(0, 1)
    drawable = show.difference_attribution(difference, importances[0], name="more")
    assert drawable.signed
    assert np.array_equal(drawable.scores(difference.a), difference.coefficients)
    assert np.allclose(drawable[difference.a].std_errors, np.hypot(STD_ERRORS, STD_ERRORS))
    assert np.array_equal(drawable.segments, grid_segments())


def test_a_png_holds_the_same_pixels() -> None:
    picture = show.overlay(image(), explain(), 7)
    data = show.to_png(picture)
    assert data.startswith(b"\x89PNG")
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(data))), picture)
