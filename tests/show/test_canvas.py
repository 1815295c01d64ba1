"""Every view against a slow drawing, pixel by pixel; boundaries where the label map changes, and nowhere else."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import known_attributions
import numpy as np
import pytest

import lime_core as lc
from lime_core import show
from lime_core.colormaps import AGAINST, COLORMAPS, FOR
from lime_core.show.canvas import Canvas
from lime_core.show.certainty import by_certainty_and_sign
from lime_core.show.drawing import LIGHT
from lime_core.surrogates.order import Estimates, Order

HEIGHT, WIDTH, SUPERPIXELS = 60, 84, 9
CLOSE = 2  # of 255
FAR = 4.0  # pixels: a line of a picture of this size reaches less far


def ragged_segments(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Superpixels with slanted and curved boundaries: the nearest of nine points, of which one row is bent."""
    rng = np.random.default_rng(3)
    points = rng.random((SUPERPIXELS, 2)) * (height, width)
    rows, columns = np.indices((height, width))
    rows = rows + 3 * np.sin(columns / 7)
    distance = (rows[..., None] - points[:, 0]) ** 2 + (columns[..., None] - points[:, 1]) ** 2
    _, labels = np.unique(distance.argmin(axis=-1), return_inverse=True)
    return labels.reshape(height, width).astype(np.int32)


SEGMENTS = ragged_segments()
PICTURE = lc.Image(np.random.default_rng(4).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))
SCORES = np.linspace(-1.0, 1.3, int(SEGMENTS.max()) + 1)
SCORES[len(SCORES) // 2] = 0.0


@pytest.fixture(scope="module")
def explanation() -> lc.Explanation:
    count = len(SCORES)
    (item,) = known_attributions.explain().classes
    item = replace(item, scores=SCORES, std_errors=np.full(count, 1e-6), degrees_of_freedom=np.full(count, 1e9))
    return replace(
        known_attributions.explain(), classes=(item,), segments=SEGMENTS, covariances=np.zeros((1, 1, count))
    )


def view(name: Any, **changes: Any) -> lc.View:
    return lc.View(name=name, top_k=5, sign="both", hide_unsure=False, opacity=0.4, **changes)


def shown() -> set[int]:
    """The five superpixels with the largest scores, either sign."""
    return set(np.argsort(-np.abs(SCORES))[:5].tolist())


def mix(below: np.ndarray, above: Any, share: float) -> np.ndarray:
    return below + (np.asarray(above, float) - below) * min(max(share, 0.0), 1.0)


def slow_drawing(
    name: str, pixels: np.ndarray, segments: np.ndarray, filled: set[int], pale: frozenset[int] | set[int] = frozenset()
) -> np.ndarray:
    """Draw a view without its boundaries, one pixel after another, as its description says."""
    drawing = np.zeros(pixels.shape)
    height, width = segments.shape
    largest = max(abs(SCORES[each]) for each in shown())
    for row in range(height):
        for column in range(width):
            own = pixels[row, column].astype(float)
            superpixel = int(segments[row, column])
            score = SCORES[superpixel] if superpixel in filled | pale else 0.0
            tint = 0.4 if superpixel in filled else 0.4 * 0.4
            if name == "overlay":
                wave = abs((row + column) / max(6.0, max(height, width) / 45) % 1 - 0.5) * 2
                steep = (wave - 0.5) * max(6.0, max(height, width) / 45) / 2 + 0.5
                stripes = 0.45 + 0.95 * min(max(steep, 0.0), 1.0)
                if score > 0:
                    own = mix(own, FOR, tint)
                elif score < 0:
                    own = mix(own, AGAINST, tint * stripes)
            elif name == "hide_rest":
                own = mix(own, 128.0, 0.0 if superpixel in filled and score else 0.5 if score else 1.0)
            elif name == "heatmap":
                grey = float(own @ (0.2125, 0.7154, 0.0721))
                color = COLORMAPS["diverging"][round((score / largest + 1) / 2 * 254)]
                own = mix(mix(own, grey, 0.8), color, 0.4)
            drawing[row, column] = own
    return drawing


def distance_to_changes(segments: np.ndarray, superpixels: set[int]) -> np.ndarray:
    """How far the middle of each pixel is from the nearest border between one of some superpixels and another."""
    height, width = segments.shape
    borders = []
    for row in range(height):
        for column in range(width):
            for down, right in ((1, 0), (0, 1)):
                if row + down < height and column + right < width:
                    pair = {int(segments[row, column]), int(segments[row + down, column + right])}
                    if len(pair) == 2 and pair & superpixels:
                        borders.append((row + down / 2, column + right / 2, down))
    rows, columns = np.indices(segments.shape, dtype=float)
    nearest = np.full(segments.shape, np.inf)
    for middle_row, middle_column, lies in borders:
        down, right = rows - middle_row, columns - middle_column
        along, across = (right, down) if lies else (down, right)
        nearest = np.minimum(nearest, np.hypot(np.maximum(np.abs(along) - 0.5, 0), across))
    return nearest


@pytest.mark.parametrize("name", ["overlay", "outline", "hide_rest", "heatmap"])
@pytest.mark.parametrize("width", [None, 50])
def test_what_is_filled_and_hidden_is_that_of_a_slow_drawing(
    name: Any, width: int | None, explanation: lc.Explanation
) -> None:
    canvas = Canvas(PICTURE, SEGMENTS, width)
    assert canvas.segments is not None
    assert canvas.pixels.shape[1] == (width or WIDTH)
    drawing = show.render(canvas, explanation, explanation.classes[0].index, view(name))
    expected = slow_drawing(name, canvas.pixels, canvas.segments, shown())
    lined = name in ("overlay", "outline")
    judged = distance_to_changes(canvas.segments, shown() if lined else set()) > FAR
    assert judged.mean() > 0.3
    assert np.abs(drawing[judged] - expected[judged]).max() <= CLOSE


def with_order(explanation: lc.Explanation, *, tied: bool) -> lc.Explanation:
    """Let the scores be known to 1e-6, or let all but the two strongest be tied for the other places."""
    errors = np.full(len(SCORES), 1e-6)
    if tied:
        errors[np.argsort(-np.abs(SCORES))[2:]] = 0.16
    order = Estimates(SCORES, np.diag(errors**2), np.full(len(SCORES), np.nan)).order()
    item = replace(explanation.classes[0], std_errors=errors, order=order)
    return replace(explanation, classes=(item,))


@pytest.mark.parametrize("hide_unsure", [False, True])
@pytest.mark.parametrize("name", ["overlay", "outline", "hide_rest"])
def test_sure_superpixels_are_filled_others_of_the_strongest_are_pale_and_possible_ones_are_outlined(
    name: Any, hide_unsure: bool, explanation: lc.Explanation
) -> None:
    tied = with_order(explanation, tied=True)
    top = tied.certain_top(tied.classes[0].index, 5, "both")
    assert top is not None
    sure, perhaps = set(top.sure), {each for each in top.possible if SCORES[each]}
    assert len(sure) >= 2
    assert len(sure) + len(perhaps) > 5
    pale = shown() - sure
    assert pale
    if hide_unsure:
        assert not tied.classes[0].sure[sorted(perhaps)].all()
        perhaps = {each for each in perhaps if tied.classes[0].sure[each]}
        pale &= perhaps
    canvas = Canvas(PICTURE, SEGMENTS)
    drawing = show.render(canvas, tied, tied.classes[0].index, replace(view(name), hide_unsure=hide_unsure))
    expected = slow_drawing(name, canvas.pixels, SEGMENTS, sure, pale)
    judged = distance_to_changes(SEGMENTS, perhaps if name == "hide_rest" else sure | perhaps) > FAR
    assert np.abs(drawing[judged] - expected[judged]).max() <= CLOSE
    # Every possible one has a boundary, which leaves gaps.
    for superpixel in perhaps:
        beside = distance_to_changes(SEGMENTS, {superpixel}) <= 0.5
        beside &= distance_to_changes(SEGMENTS, (sure | perhaps) - {superpixel}) > FAR
        if beside.sum() > 20:
            lined = np.abs(drawing[beside] - expected[beside]).max(axis=-1) > CLOSE
            assert 0.2 < lined.mean() < 0.9


@pytest.mark.parametrize("sign", ["positive", "negative"])
def test_a_view_of_one_sign_draws_no_superpixel_of_the_other_however_open_the_order_is(
    sign: Any, explanation: lc.Explanation
) -> None:
    item = replace(explanation.classes[0], order=Order.unknown(len(SCORES)))
    open_order = replace(explanation, classes=(item,))
    groups = by_certainty_and_sign(open_order, item.index, replace(view("overlay"), sign=sign))
    drawn = np.concatenate([superpixels for group in groups for superpixels in group])
    assert len(drawn)
    assert ((SCORES[drawn] > 0) == (sign == "positive")).all()


@pytest.mark.parametrize("name", ["overlay", "outline", "hide_rest"])
def test_where_the_order_is_certain_a_view_is_that_of_the_strongest(name: Any, explanation: lc.Explanation) -> None:
    index = explanation.classes[0].index
    certain = with_order(explanation, tied=False)
    one, other = (show.render(PICTURE, each, index, view(name)) for each in (certain, explanation))
    assert np.array_equal(one, other)


def test_a_dashed_line_is_a_part_of_the_whole_line() -> None:
    canvas = Canvas(PICTURE, SEGMENTS)
    whole, dashed = canvas.pixels.copy(), canvas.pixels.copy()
    canvas.stroke(whole, [1, 4])
    canvas.stroke(dashed, [1, 4], dashed=True)
    drawn = (whole != canvas.pixels).any(axis=-1)
    kept = (dashed != canvas.pixels).any(axis=-1)
    assert np.array_equal(dashed[kept], whole[kept])
    assert not (kept & ~drawn).any()
    assert 0.35 < kept.sum() / drawn.sum() < 0.65


def test_the_jet_map_is_that_of_a_slow_drawing(explanation: lc.Explanation) -> None:
    sigma, radius = 2.0, 4
    drawing = show.render(PICTURE, explanation, explanation.classes[0].index, view("jet", smoothing=sigma), limit=1.0)
    weights = np.array([[math.exp(-(i * i + j * j) / (2 * sigma**2)) for j in range(-4, 5)] for i in range(-4, 5)])
    positive = np.where(np.isin(SEGMENTS, list(shown())), np.maximum(SCORES[SEGMENTS], 0), 0)
    padded = np.pad(positive, radius, mode="edge")
    for row in range(0, HEIGHT, 7):
        for column in range(WIDTH):
            window = padded[row : row + 9, column : column + 9]
            smooth = min(float((window * weights).sum() / weights.sum()), 1.0)
            color = COLORMAPS["jet"][round(smooth * 255)]
            expected = mix(PICTURE.pixels[row, column].astype(float), color, 0.4)
            # A step of the table is up to 4 of 255, of which the opacity leaves 2.
            assert np.abs(drawing[row, column] - expected).max() <= CLOSE


@pytest.mark.parametrize("chosen", [{0}, {1, 4}, set(range(len(SCORES)))])
def test_lines_lie_where_the_label_map_changes_and_nowhere_else(chosen: set[int]) -> None:
    canvas = Canvas(lc.Image(np.full((HEIGHT, WIDTH, 3), 90, np.uint8)), SEGMENTS)
    drawing = canvas.pixels.copy()
    canvas.stroke(drawing, sorted(chosen))
    distance = distance_to_changes(SEGMENTS, chosen)
    beside = distance <= 0.5
    # The pixels on both sides of a border carry the line: nine tenths of white over a casing.
    assert beside.any()
    assert (drawing[beside] > 0.9 * np.array(LIGHT)).all()
    casing = (distance >= 1.5) & (distance < 2)
    assert (drawing[casing] < 90).any()
    assert (drawing[distance > FAR] == 90).all()


def test_lines_are_alike_in_all_directions() -> None:
    def lined(segments: np.ndarray) -> np.ndarray:
        canvas = Canvas(lc.Image(np.full((*segments.shape, 3), 90, np.uint8)), segments)
        drawing = canvas.pixels.copy()
        canvas.stroke(drawing, [0, 3])
        return drawing

    drawing = lined(SEGMENTS)
    assert np.array_equal(lined(SEGMENTS.T.copy()), drawing.transpose(1, 0, 2))
    assert np.array_equal(lined(SEGMENTS[::-1].copy()), drawing[::-1])
    assert np.array_equal(lined(SEGMENTS[:, ::-1].copy()), drawing[:, ::-1])


def test_a_picture_and_its_canvas_give_the_same_maps(explanation: lc.Explanation) -> None:
    canvas, index = Canvas(PICTURE, SEGMENTS), explanation.classes[0].index
    for name in ("overlay", "outline", "hide_rest", "heatmap", "jet"):
        for _ in range(2):
            again = show.render(canvas, explanation, index, view(name))
            assert np.array_equal(again, show.render(PICTURE, explanation, index, view(name))), name
    assert np.array_equal(canvas.pixels, PICTURE.pixels)


@pytest.mark.parametrize("chosen", [[], [2], list(range(len(SCORES)))])
def test_few_and_many_superpixels_are_copied_alike(chosen: list[int]) -> None:
    canvas = Canvas(PICTURE, SEGMENTS)
    drawing, source = np.zeros_like(PICTURE.pixels), PICTURE.pixels
    canvas.copy(source, drawing, chosen)
    assert np.array_equal(drawing, np.where(np.isin(SEGMENTS, chosen)[..., None], source, 0))


def test_a_canvas_is_never_larger_than_its_picture_and_keeps_its_proportions() -> None:
    assert Canvas(PICTURE, SEGMENTS, 4000).pixels.shape == PICTURE.pixels.shape
    assert Canvas(PICTURE, SEGMENTS, 42).pixels.shape == (30, 42, 3)
    assert Canvas(PICTURE, SEGMENTS, 1).pixels.shape == (1, 1, 3)


def test_a_canvas_of_another_size_is_refused(explanation: lc.Explanation) -> None:
    with pytest.raises(lc.SpecError, match="84×60, its superpixels are 84×59"):
        Canvas(PICTURE, SEGMENTS[:-1])
    with pytest.raises(lc.SpecError, match="at least 1; got 0"):
        Canvas(PICTURE, SEGMENTS, 0)
    other = Canvas(lc.Image(PICTURE.pixels[:-1]), SEGMENTS[:-1])
    with pytest.raises(lc.SpecError, match="must be of the same size"):
        show.render(other, explanation, explanation.classes[0].index)


def test_no_more_tinted_pictures_are_kept_than_a_view_needs() -> None:
    canvas = Canvas(PICTURE, SEGMENTS)
    for percent in range(50):
        canvas.tinted(FOR, percent / 100)
    assert len(canvas._tinted) <= 3
