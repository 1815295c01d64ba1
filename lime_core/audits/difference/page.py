"""What has changed between two audits as one self-contained HTML page: moved superpixels before and after."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from lime_core.audits.difference.words import candidate_sentences, summary
from lime_core.colormaps import AGAINST, FOR
from lime_core.picture.image import Image
from lime_core.show.canvas import Canvas
from lime_core.show.drawing import blend, to_bytes
from lime_core.show.encoding import to_data_url
from lime_core.show.html_pages import templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lime_core.audits.difference.difference import AuditDifference, MovedSuperpixel, PictureDifference

MOST_PICTURES: Final = 60  # of which each takes some 50 kB
_STRONGEST: Final = 0.8  # opacity of the largest coefficient

_TEMPLATES: Final = templates("lime_core.audits")


@dataclass(frozen=True, slots=True)
class _Card:
    """A picture of the page: texts, and the addresses of its drawings by class."""

    name: str
    label: str
    predictions: str
    drawings: tuple[tuple[str, str, str], ...]  # class, before, after
    moved: tuple[tuple[str, ...], ...]


def difference_page(difference: AuditDifference, most: int = MOST_PICTURES) -> str:
    """Return the difference as a self-contained HTML page.

    Parameters
    ----------
    difference : AuditDifference
        Its folders are read for the pictures.
    most : int
        How many pictures are shown, most moved first.

    Returns
    -------
    str
        HTML without scripts and without links to other files or hosts.

    Raises
    ------
    LimeError
        When a folder cannot be read.
    """
    changed = [each for each in difference.pictures if each.moved or each.prediction_changed]
    return _TEMPLATES.get_template("difference.html").render(
        heading="What has changed between two audits",
        summary=summary(difference),
        candidates=candidate_sentences(difference),
        notes=difference.notes,
        cards=list(_cards(difference, changed[:most])),
        left_out=max(0, len(changed) - most),
        for_color=_css(FOR),
        against_color=_css(AGAINST),
    )


def _cards(difference: AuditDifference, pictures: list[PictureDifference]) -> Iterator[_Card]:
    # Here, so that the command line does not wait for Arrow.
    from lime_core.audits.difference.drawn import drawn_pictures

    found = drawn_pictures(difference.a, difference.b, [(each.picture, each.picture_b) for each in pictures])
    for each, drawn in zip(pictures, found, strict=True):
        names = list(dict.fromkeys(moved.class_name for moved in each.moved))
        canvas = _canvas(drawn.thumbnail, drawn.segments)
        before, after = each.predicted
        yield _Card(
            name=each.picture,
            label=f"true class {each.label}, " if each.label is not None else "",
            predictions=f"{before} {each.probability[0]:.0%} before, {after} {each.probability[1]:.0%} after",
            drawings=tuple(
                (
                    name,
                    *_side_by_side(
                        canvas, drawn.coefficients[name], [moved for moved in each.moved if moved.class_name == name]
                    ),
                )
                for name in names
                if canvas is not None
            ),
            moved=tuple(_cells(moved) for moved in each.moved),
        )


def _canvas(thumbnail: bytes | None, segments: bytes | None) -> Canvas | None:
    """Return what is drawn on, at the size of the thumbnail; None where the audit keeps no picture."""
    if thumbnail is None or segments is None:
        return None
    pixels = np.asarray(PillowImage.open(io.BytesIO(thumbnail)).convert("RGB"))
    labels = np.asarray(PillowImage.open(io.BytesIO(segments))).astype(np.int32)
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.intp)
        for new, old in zip(pixels.shape[:2], labels.shape, strict=True)
    )
    return Canvas(Image(pixels), labels[rows[:, None], columns])


def _side_by_side(
    canvas: Canvas, coefficients: tuple[NDArray[np.float64], NDArray[np.float64]], moved: list[MovedSuperpixel]
) -> tuple[str, str]:
    """Return the addresses of two drawings with one scale of colours; what has moved has a boundary."""
    limit = max(float(np.abs(each).max()) for each in coefficients)
    first, second = (to_data_url(_drawing(canvas, each / max(limit, 1e-300), moved)) for each in coefficients)
    return first, second


def _drawing(canvas: Canvas, strengths: NDArray[np.float64], moved: list[MovedSuperpixel]) -> NDArray[np.uint8]:
    colors = np.where(strengths[:, None] > 0, FOR, AGAINST).astype(np.float32)
    labels = canvas.labels
    drawing = to_bytes(blend(canvas.grey, colors[labels], (_STRONGEST * np.abs(strengths))[labels]))
    # One that has no pixel at this size has no boundary.
    canvas.stroke(drawing, [each.superpixel for each in moved if each.superpixel < canvas.superpixels])
    return drawing


def _cells(moved: MovedSuperpixel) -> tuple[str, ...]:
    box = moved.box
    return (
        moved.class_name,
        f"{moved.superpixel} ({box.left}–{box.right} × {box.top}–{box.bottom})",
        f"{moved.before:+.2f}",
        f"{moved.after:+.2f}",
        f"{moved.after - moved.before:+.2f} ± {1.96 * moved.std_error:.2f}",
        f"{moved.p_adjusted:.1g}",
    )


def _css(color: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in color)
