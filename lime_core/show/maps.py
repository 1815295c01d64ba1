"""Pictures of an explanation: uint8 RGB arrays (H, W, 3) at the size of the picture that was explained.

Every function is pure. Where an explanation is shown, ``explanation.spec.hide_unsure`` decides whether superpixels
whose coefficient may as well be zero take part.
"""

from __future__ import annotations

import io
import numbers
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from skimage.filters import gaussian

from lime_core.errors import SpecError
from lime_core.masks.fills import hide
from lime_core.colormaps import AGAINST, FOR, UNSIGNED, colorize
from lime_core.show.drawing import DARK, LIGHT, blend, greyed, hatching, innermost_points, lines, outlined, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lime_core.explanation.explanation import Explanation
    from lime_core.picture.image import Image
    from lime_core.settings.spec import ExplainSpec, Sign

    Pixels = NDArray[np.uint8]
    Labels = NDArray[np.int32]
    Share = NDArray[np.float32]

Rest = Literal["grey", "black", "blurred"]


def render(image: Image, explanation: Explanation, class_index: int, spec: ExplainSpec | None = None) -> Pixels:
    """Show one class as the view fields of a spec ask for.

    Parameters
    ----------
    image : Image
        The picture that was explained.
    explanation : Explanation
        What `fit` returned for it.
    class_index : int
        One of the explained classes.
    spec : ExplainSpec, optional
        Where `view`, `top_k`, `sign`, `opacity` and `smoothing` are taken from; the explanation's own by default.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If the class was not explained or the picture has another size than the explanation's.
    """
    view = spec or explanation.spec
    subject = (image, explanation, class_index)
    views: dict[str, Callable[[], Pixels]] = {
        "overlay": lambda: overlay(*subject, k=view.top_k, sign=view.sign, opacity=view.opacity),
        "outline": lambda: outline(*subject, k=view.top_k, sign=view.sign),
        "hide_rest": lambda: hide_rest(*subject, k=view.top_k, sign=view.sign),
        "heatmap": lambda: heatmap(*subject, limit=shared_limit(explanation), opacity=view.opacity),
        "jet": lambda: smooth_jet(*subject, sigma=view.smoothing, opacity=view.opacity),
    }
    return views[view.view]()


def overlay(
    image: Image, explanation: Explanation, class_index: int, *, k: int = 5, sign: Sign = "both", opacity: float = 0.5
) -> Pixels:
    """Tint the K strongest superpixels and draw their boundaries.

    For the class: azure with a light boundary. Against it: vermilion, hatched, with a dark boundary, so that the
    two can be told apart without colour. Importance without a sign is violet.

    Parameters
    ----------
    image, explanation, class_index
        As in `render`.
    k : int
        How many superpixels, at least 1.
    sign : {"positive", "negative", "both"}
        Which of them take part.
    opacity : float
        Of the tint, 0..1; at 0 the picture comes back unchanged.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If an argument is out of range.
    """
    pixels, segments = _subject(image, explanation.segments)
    _check_share("opacity", opacity)
    supporting, opposing = _strongest(explanation, class_index, k, sign)
    shown = pixels.astype(np.float32)
    stroke = min(1.0, 2 * opacity)  # the boundary stays crisp where the tint is faint
    for superpixels, color, line, hatched in (
        (opposing, AGAINST, DARK, True),
        (supporting, FOR if explanation.signed else UNSIGNED, LIGHT, False),
    ):
        inside = np.isin(segments, superpixels)
        tint = inside * (opacity * (hatching(segments.shape) if hatched else np.float32(1)))
        shown = blend(shown, color, tint)
        shown = blend(shown, color, stroke * lines(segments, superpixels, 2.2))
        shown = blend(shown, line, stroke * lines(segments, superpixels, 1.0))
    return to_bytes(shown)


def outline(image: Image, explanation: Explanation, class_index: int, *, k: int = 5, sign: Sign = "both") -> Pixels:
    """Draw boundaries around the K strongest superpixels and leave the rest of the picture alone.

    Parameters, result and errors are those of `overlay`.
    """
    pixels, segments = _subject(image, explanation.segments)
    superpixels = [feature for group in _strongest(explanation, class_index, k, sign) for feature in group]
    return outlined(pixels, segments, superpixels)


def hide_rest(
    image: Image,
    explanation: Explanation,
    class_index: int,
    *,
    k: int = 5,
    sign: Sign = "positive",
    rest: Rest = "grey",
) -> Pixels:
    """Show the K strongest superpixels and hide the rest behind grey (128), black, or a blurred picture.

    Parameters, result and errors are otherwise those of `overlay`.
    """
    pixels, segments = _subject(image, explanation.segments)
    if rest not in get_args(Rest):
        raise SpecError(f"rest must be one of {', '.join(get_args(Rest))}; got {rest!r}.")
    supporting, opposing = _strongest(explanation, class_index, k, sign)
    if rest == "blurred":
        hidden = to_bytes(gaussian(pixels.astype(np.float32), max(pixels.shape) / 40, channel_axis=-1))
    else:
        hidden = np.full_like(pixels, 128 if rest == "grey" else 0)
    return np.where(np.isin(segments, supporting + opposing)[..., None], pixels, hidden)


def shared_limit(explanation: Explanation) -> float:
    """Return the largest strength that any class shows: one scale on which all of them can be compared."""
    return max((_own_limit(explanation, explained.index) for explained in explanation.classes), default=0.0)


def _own_limit(explanation: Explanation, class_index: int) -> float:
    return float(np.abs(explanation.heatmap(class_index)).max())


def heatmap(
    image: Image, explanation: Explanation, class_index: int, *, limit: float | None = None, opacity: float = 0.6
) -> Pixels:
    """Lay the coefficient of every superpixel over the picture: azure for the class, vermilion against it.

    Parameters
    ----------
    image, explanation, class_index
        As in `render`.
    limit : float, optional
        The scale runs from −limit to limit (unsigned: from 0); without it, to the strongest of this class. Pass
        `shared_limit` to make several classes comparable.
    opacity : float
        Of the map, 0..1; at 0 the picture comes back unchanged.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If an argument is out of range.
    """
    pixels, _ = _subject(image, explanation.segments)
    _check_share("opacity", opacity)
    limit = _own_limit(explanation, class_index) if limit is None else limit
    colors = colorize(explanation.heatmap(class_index), "diverging" if explanation.signed else "sequential", limit)
    # Colour leaves the picture as the map comes in: what is left of either hue is then the map's alone.
    below = blend(pixels.astype(np.float32), greyed(pixels), min(1.0, 2 * opacity))
    return to_bytes(blend(below, colors, opacity))


def smooth_jet(
    image: Image, explanation: Explanation, class_index: int, *, sigma: float = 8.0, opacity: float = 0.5
) -> Pixels:
    """Draw the map of the MATLAB blog: positive coefficients only, smoothed, in jet at half opacity.

    The Gaussian is `imgaussfilt`'s: cut off at two sigma, the border replicated. The scale is that of
    `jet_limit`.

    Parameters
    ----------
    image, explanation, class_index
        As in `render`.
    sigma : float
        Width of the Gaussian in pixels of the picture, 0..100.
    opacity : float
        Of the map, 0..1; at 0 the picture comes back unchanged.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If an argument is out of range.

    References
    ----------
    "Explainable AI with LIME", MATLAB Deep Learning blog, 2021.
    """
    pixels, _ = _subject(image, explanation.segments)
    _check_share("opacity", opacity)
    smoothed = _smoothed(explanation, class_index, sigma)
    return to_bytes(blend(pixels.astype(np.float32), colorize(smoothed, "jet", float(smoothed.max())), opacity))


def jet_limit(explanation: Explanation, class_index: int, *, sigma: float = 8.0) -> float:
    """Return where the scale of `smooth_jet` ends: the largest smoothed coefficient. For its colour bar."""
    return float(_smoothed(explanation, class_index, sigma).max())


def _smoothed(explanation: Explanation, class_index: int, sigma: float) -> Share:
    if not _is_number(sigma) or not 0 <= sigma <= 100:
        raise SpecError(f"sigma must be a number of pixels in 0..100; got {sigma!r}.")
    positive = np.maximum(explanation.heatmap(class_index), 0)
    return np.asarray(gaussian(positive, sigma, mode="nearest", truncate=2.0), dtype=np.float32)


def boundaries(image: Image, segments: Labels) -> Pixels:
    """Draw all superpixel boundaries.

    Parameters
    ----------
    image : Image
        The picture.
    segments : int32 array (H, W)
        Superpixels 0..S-1.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If the two have different sizes.
    """
    pixels, segments = _subject(image, segments)
    return outlined(pixels, segments, np.unique(segments))


def numbered(image: Image, segments: Labels) -> Pixels:
    """Draw all superpixel boundaries and, inside each superpixel, its id.

    A number stands at the superpixel's innermost point, as large as there is room for. Parameters, result and
    errors are those of `boundaries`.
    """
    picture = PillowImage.fromarray(boundaries(image, segments))
    draw = ImageDraw.Draw(picture)
    largest = np.clip(max(segments.shape) / 32, 9, 22)
    fonts: dict[int, Any] = {}
    for superpixel, (row, column), room in innermost_points(segments):
        text = str(superpixel)
        size = round(float(np.clip(2.4 * room / max(2, len(text)), 9, largest)))
        if size not in fonts:
            fonts[size] = ImageFont.load_default(size=size)
        place = (column + 0.5, row + 0.5)
        draw.text(
            place, text, fill=LIGHT, font=fonts[size], anchor="mm", stroke_width=max(1, size // 8), stroke_fill=DARK
        )
    return np.asarray(picture).copy()


def perturbed(image: Image, fill: Pixels, segments: Labels, mask: NDArray[np.uint8]) -> Pixels:
    """Show one perturbed sample at viewing size.

    Parameters
    ----------
    image : Image
        The picture.
    fill : uint8 array (H, W, 3)
        What stands where a superpixel is hidden; see `lime_core.fills.paint_fill`.
    segments : int32 array (H, W)
        Superpixels 0..S-1.
    mask : array (S,)
        1 = shown, 0 = hidden.

    Returns
    -------
    uint8 array (H, W, 3)

    Raises
    ------
    SpecError
        If the sizes do not fit together.
    """
    pixels, segments = _subject(image, segments)
    if np.shape(fill) != pixels.shape or np.asarray(fill).dtype != np.uint8:
        raise SpecError(f"fill must be uint8 {pixels.shape} like the picture; got {np.shape(fill)}.")
    superpixels = int(segments.max()) + 1
    if np.shape(mask) != (superpixels,):
        raise SpecError(f"mask must have one entry for each of {superpixels} superpixels; got {np.shape(mask)}.")
    shown = np.asarray(mask)[None] != 0
    return np.asarray(hide(pixels, fill, segments, shown.astype(np.uint8))[0])


def to_png(pixels: Pixels) -> bytes:
    """Encode a uint8 array (H, W, 3) as a PNG file."""
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _subject(image: Image, segments: Labels) -> tuple[Pixels, Labels]:
    if np.shape(segments) != image.pixels.shape[:2]:
        raise SpecError(
            f"The picture is {image.width}×{image.height}, its superpixels are "
            f"{'×'.join(str(side) for side in np.shape(segments)[::-1])}; they must be of the same size. "
            "Was the picture cropped before it was explained?"
        )
    return image.pixels, segments


def _strongest(
    explanation: Explanation, class_index: int, k: int, sign: Sign
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the K strongest superpixels that are shown, those for the class apart from those against it."""
    if isinstance(k, bool) or not isinstance(k, numbers.Integral) or k < 1:
        raise SpecError(f"k must be a whole number, at least 1; got {k!r}.")
    shown = explanation.shown_features(class_index, int(k), sign)
    coefficients = explanation[class_index].coefficients
    return tuple(f for f in shown if coefficients[f] > 0), tuple(f for f in shown if coefficients[f] < 0)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _check_share(name: str, value: float) -> None:
    if not _is_number(value) or not 0 <= value <= 1:
        raise SpecError(f"{name} must be in 0..1; got {value!r}.")
