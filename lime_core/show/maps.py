"""Maps: pictures of an attribution, uint8 RGB (H, W, 3) at the size of the picture that was explained.

Who draws many maps of one cut makes a `Canvas` once and passes it instead of the picture; the maps have its size.

Every map obeys its `View`: which superpixels it shows (`top_k`, `sign`, `hide_unsure`) and how strongly (`opacity`,
`smoothing`). The functions are pure.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian

from lime_core.colormaps import AGAINST, FOR, UNSIGNED, colorize
from lime_core.errors import SpecError
from lime_core.explanation.attribution import Attribution
from lime_core.picture.image import Image, PictureSource
from lime_core.settings.view import View
from lime_core.show.canvas import Canvas
from lime_core.show.certainty import by_certainty_and_sign
from lime_core.show.drawing import DARK, LIGHT, Pixels, Share, blend, check_same_size, to_bytes

Floats = NDArray[np.float64]

_GREY = 128
# For those of the K strongest that are not sure: share of the tint, and of the picture where the rest is hidden.
_PALE_TINT, _PALE = 0.4, 0.5
_FAINT = 0.25  # share of a line around those that may be among them, but at present are not


def render(
    image: Canvas | Image | PictureSource,
    attribution: Attribution,
    class_index: int,
    view: View | None = None,
    *,
    limit: float | None = None,
) -> Pixels:
    """Draw the map of one class that a view asks for.

    Parameters
    ----------
    image : Canvas, Image or what `load_image` takes
        The picture that was explained, after framing.
    attribution : Attribution
        The attribution of that picture.
    class_index : int
        One of the explained classes.
    view : View, optional
        The kind of map, and what it shows; the default view if left out.
    limit : float, optional
        Where the scale of a heat map or jet map ends. Without it a heat map takes `shared_limit`, and a jet map
        ends at its own largest value. The other maps have no scale.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        When the class was not explained, the picture has another size than the attribution, `limit` is negative or
        not finite, or the view draws superpixels and the attribution has none.
    """
    view = view or View()
    if view.name == "heatmap":
        limit = shared_limit(attribution, view) if limit is None else limit
        return heatmap(image, attribution, class_index, view, limit=limit)
    if view.name == "jet":
        return jet(image, attribution, class_index, view, limit=limit)
    draw = {"overlay": overlay, "outline": outline, "hide_rest": hide_rest}[view.name]
    return draw(image, attribution, class_index, view)


def overlay(
    image: Canvas | Image | PictureSource, attribution: Attribution, class_index: int, view: View | None = None
) -> Pixels:
    """Tint the K strongest superpixels, and draw their boundaries.

    Those that are not among them for sure (see `Attribution.certain_top`) are pale with a dashed boundary, and others
    that may be among them have a faint dashed boundary and no tint. Where a method cannot tell, all are tinted alike.

    Evidence for the class is blue with a light boundary. Evidence against it is orange and hatched with a dark
    boundary, so that the two can be told apart without colour. Importance without a sign is violet. With an opacity
    of 0 the picture comes back unchanged.

    Parameters, result and errors are those of `render`; the view's name does not matter.
    """
    view = view or View()
    canvas = _cut(image, attribution, "overlay")
    groups = by_certainty_and_sign(attribution, class_index, view)
    drawing = canvas.pixels.copy()
    stroke = min(1.0, 2 * view.opacity)  # the boundary stays crisp where the tint is faint
    color = FOR if attribution.signed else UNSIGNED
    for share, group in zip((1.0, _PALE_TINT), groups, strict=False):
        for superpixels, tint, hatched in zip(group, (color, AGAINST), (False, True), strict=True):
            if len(superpixels):
                canvas.copy(canvas.tinted(tint, view.opacity, hatched=hatched), drawing, superpixels, share)
    for group, share, dashed in zip(groups[::-1], (_FAINT, 1.0, 1.0), (True, True, False), strict=True):
        opacity = share * stroke
        for superpixels, line in zip(group[::-1], ((AGAINST, DARK), (color, LIGHT)), strict=True):
            canvas.stroke(drawing, superpixels, *line, casing_opacity=opacity, line_opacity=opacity, dashed=dashed)
    return drawing


def outline(
    image: Canvas | Image | PictureSource, attribution: Attribution, class_index: int, view: View | None = None
) -> Pixels:
    """Draw boundaries around the strongest superpixels, and leave the rest of the picture alone.

    Lines are whole around those that are among the K strongest for sure, dashed around the others of the K strongest,
    and faint and dashed around those that may be among them instead.

    Parameters, result and errors are those of `render`; the view's name and opacity do not matter.
    """
    canvas = _cut(image, attribution, "outline")
    drawing = canvas.pixels.copy()
    sure, pale, others = map(np.concatenate, by_certainty_and_sign(attribution, class_index, view or View()))
    _stroke_faintly(canvas, drawing, others)
    canvas.stroke(drawing, pale, dashed=True)
    canvas.stroke(drawing, sure)
    return drawing


def hide_rest(
    image: Canvas | Image | PictureSource, attribution: Attribution, class_index: int, view: View | None = None
) -> Pixels:
    """Show the strongest superpixels, and hide the rest behind grey.

    Those that are not among the K strongest for sure are pale with a dashed boundary; a faint dashed boundary is drawn
    around those that may be among them instead.

    Parameters, result and errors are those of `render`; the view's name and opacity do not matter.
    """
    canvas = _cut(image, attribution, "hide_rest")
    sure, pale, others = map(np.concatenate, by_certainty_and_sign(attribution, class_index, view or View()))
    drawing = np.full_like(canvas.pixels, _GREY)
    canvas.copy(canvas.pixels, drawing, pale, _PALE)
    _stroke_faintly(canvas, drawing, others)
    canvas.stroke(drawing, pale, dashed=True)
    canvas.copy(canvas.pixels, drawing, sure)
    return drawing


def _stroke_faintly(canvas: Canvas, drawing: Pixels, superpixels: NDArray[np.intp]) -> None:
    canvas.stroke(drawing, superpixels, casing_opacity=0.6 * _FAINT, line_opacity=0.9 * _FAINT, dashed=True)


def heatmap(
    image: Canvas | Image | PictureSource,
    attribution: Attribution,
    class_index: int,
    view: View | None = None,
    *,
    limit: float | None = None,
) -> Pixels:
    """Lay the scores that a view shows over the picture: blue for the class, orange against it.

    Scores without a sign are violet. With an opacity of 0 the picture comes back unchanged. Where an attribution has
    scores of pixels and no superpixels, `top_k` does not matter, as it counts superpixels.

    Parameters, result and errors are those of `render`, except for `limit`: without it the scale ends at the strongest
    score that this class shows. Pass `shared_limit` to make several classes comparable.
    """
    view = view or View()
    canvas = _canvas(image, attribution)
    scores = _shown_scores(attribution, class_index, view)
    limit = float(np.abs(scores).max(initial=0.0)) if limit is None else limit
    colors = colorize(scores, "diverging" if attribution.signed else "sequential", limit)
    # The picture loses its own colour as the map becomes opaque, so that blue and orange come from the map alone.
    below = canvas.faded(min(1.0, 2 * view.opacity))
    if attribution.segments is None:
        return to_bytes(blend(below, canvas.sampled(colors), view.opacity))
    return canvas.covered(below, colors, view.opacity)


def jet(
    image: Canvas | Image | PictureSource,
    attribution: Attribution,
    class_index: int,
    view: View | None = None,
    *,
    limit: float | None = None,
) -> Pixels:
    """Draw the map of the MATLAB blog: evidence for the class, smoothed, in the colours of jet.

    The scale has no sign: for a view of both signs the evidence against the class is left out; for a view of negative
    scores their strength is drawn. The Gaussian is `imgaussfilt`'s: cut off at two sigma, the border replicated.
    `top_k` as in `heatmap`. With an opacity of 0 the picture comes back unchanged.

    Parameters, result and errors are those of `render`.

    References
    ----------
    "Explainable AI with LIME", MATLAB Deep Learning blog, 2021.
    """
    view = view or View()
    canvas = _canvas(image, attribution)
    scores = _shown_map(attribution, class_index, view)
    strength = np.maximum(-scores if attribution.signed and view.sign == "negative" else scores, 0)
    smoothed = np.asarray(gaussian(strength, view.smoothing, mode="nearest", truncate=2.0), dtype=np.float32)
    limit = float(smoothed.max()) if limit is None else limit
    return to_bytes(blend(canvas.pixels, canvas.sampled(colorize(smoothed, "jet", limit)), view.opacity))


def shared_limit(attribution: Attribution, view: View | None = None) -> float:
    """Return the strongest score that any class shows: one scale on which all of them can be compared.

    Parameters
    ----------
    attribution : Attribution
        Of any method.
    view : View, optional
        Which scores are shown; the default view if left out.

    Returns
    -------
    float
        At least 0, in the unit of the attribution.
    """
    view = view or View()
    return max(
        (float(np.abs(_shown_scores(attribution, item.index, view)).max()) for item in attribution.classes), default=0.0
    )


def _canvas(image: Canvas | Image | PictureSource, attribution: Attribution) -> Canvas:
    canvas = image if isinstance(image, Canvas) else Canvas(image, attribution.segments)
    if attribution.segments is not None:
        check_same_size(canvas.picture_shape, attribution.segments.shape, "superpixels")
    elif attribution.classes:
        check_same_size(canvas.picture_shape, attribution.classes[0].scores.shape, "scores")
    return canvas


def _cut(image: Canvas | Image | PictureSource, attribution: Attribution, view_name: str) -> Canvas:
    if attribution.segments is None:
        raise SpecError(
            f"The view {view_name!r} draws superpixels, and the method {attribution.method!r} gives scores of pixels "
            "only; choose the view 'heatmap' or 'jet'."
        )
    return _canvas(image, attribution)


def _shown_scores(attribution: Attribution, class_index: int, view: View) -> Floats:
    """Return the scores that a view shows, 0 where it shows none: float64 (S,), or (H, W) for scores of pixels."""
    if attribution.segments is not None:
        return attribution.shown_scores(class_index, view)
    return np.asarray(_shown_map(attribution, class_index, view), dtype=np.float64)


def _shown_map(attribution: Attribution, class_index: int, view: View) -> Share:
    """Return the score of each pixel as a view shows it, float32 (H, W), 0 where it shows none."""
    if attribution.segments is not None:
        return attribution.heatmap(class_index, view)
    item = attribution[class_index]
    sign = view.sign if attribution.signed else "both"
    visible = {"positive": item.scores > 0, "negative": item.scores < 0, "both": item.scores != 0}[sign]
    if view.hide_unsure:
        visible = visible & item.sure
    return np.where(visible, item.scores, 0).astype(np.float32)
