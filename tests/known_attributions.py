"""An attribution of a small picture whose superpixels and scores are known, to be drawn in every way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import lime_core as lc
from lime_core.answers.origin import Provenance

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT, WIDTH = 60, 90
COEFFICIENTS = np.array([0.4, -0.4, 0.1, 0.0, -0.2, 0.3])  # the last one is not sure
STD_ERRORS = np.array([0.01, 0.01, 0.01, 0.01, 0.01, 0.5])
NOTHING = np.zeros(6)


def grid_segments() -> NDArray[np.int32]:
    """Six superpixels of 30×30: two rows of three."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (rows // 30 * 3 + columns // 30).astype(np.int32)


def image() -> lc.Image:
    return lc.Image(np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def explain(*rows: NDArray[np.float64], signed: bool = True) -> lc.Explanation:
    """An explanation of the classes 7, 8, ... with these coefficients."""
    classes = tuple(
        lc.ClassExplanation(
            index=7 + position,
            name="a",
            output=0.5,
            scores=row,
            std_errors=STD_ERRORS,
            degrees_of_freedom=np.full(len(STD_ERRORS), 1e9),
            intercept=0.0,
            r2=1.0,
            r2_holdout=1.0,
            r2_holdout_error=0.01,
            model_output=0.5,
            surrogate_output=0.5,
        )
        for position, row in enumerate(rows or (COEFFICIENTS,))
    )
    return lc.Explanation(
        classes=classes,
        segments=grid_segments(),
        covariances=np.zeros((len(classes), len(classes), 6)),
        samples=100,
        stop_reason="budget",
        effective_sample_size=100.0,
        **shared(signed=signed),
    )


def of_pixels(scores: NDArray[np.float64], std_errors: NDArray[np.float64] | None = None) -> lc.Attribution:
    """An attribution of class 7 with a score a pixel, and no superpixels."""
    item = lc.ClassAttribution(index=7, name="a", output=0.5, scores=scores, std_errors=std_errors)
    return lc.Attribution(classes=(item,), segments=None, **shared(method="gradient"))


def shared(*, signed: bool = True, method: str = "lime") -> dict[str, Any]:
    return {
        "signed": signed,
        "unit": "log-odds",
        "calls": 101,
        "method": method,
        "spec": lc.ExplainSpec(),
        "provenance": Provenance("none", None, "none", (60, 90), image().sha256, {}, {}),
    }


def inner(superpixel: int) -> tuple[slice, slice]:
    """The middle of a superpixel, away from every line."""
    row, column = divmod(superpixel, 3)
    return slice(row * 30 + 6, row * 30 + 24), slice(column * 30 + 6, column * 30 + 24)


def changed(picture: NDArray[np.uint8]) -> set[int]:
    """The superpixels whose middle is not that of the picture."""
    return {s for s in range(6) if not np.array_equal(picture[inner(s)], image().pixels[inner(s)])}
