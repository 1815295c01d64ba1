"""Which of a picture's numbers is black and which is white, when they are not bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Range = tuple[float, float]

BYTES: Range = (0.0, 255.0)
_DEPTHS = (8, 10, 12, 14, 16)
_WHITES = tuple(2.0**depth - 1 for depth in _DEPTHS)
_LARGEST_32 = float(2**32 - 1)
# Resampling with cubic curves goes beyond black and white by up to 0.41 of the step at an edge.
_OVERSHOOT = 0.5
_ROUNDING = 1e-3
# A picture that is nowhere brighter than this share of white is almost black.
_DARK = 1 / 16
_ROWS = 2**22  # values in a piece, so that a large picture is not held as float64 as a whole


@dataclass(frozen=True, slots=True)
class Reading:
    """How the numbers of a picture are understood.

    Attributes
    ----------
    ranges : tuple of (float, float)
        Black and white: the range that was taken, and then the others that may be meant.
    notes : tuple of str
        What a reader should know about it; empty where there is no doubt.
    """

    ranges: tuple[Range, ...]
    notes: tuple[str, ...] = ()


def reading_of(
    values: NDArray[Any],
    name: str,
    *,
    bits: int | None = None,
    declared: Range | None = None,
    chosen: Range | None = None,
) -> Reading:
    """Find the range of a picture's numbers.

    Parameters
    ----------
    values : ndarray of whole numbers or floats
        All samples of colour.
    name : str
        Name of the picture in messages.
    bits : int, optional
        Bits of a sample, where the file's format fixes them to something else than the type of `values`.
    declared : (float, float), optional
        What the file's own tags say. It counts if it holds all values and is more than their extremes.
    chosen : (float, float), optional
        What the user says; it always counts.

    Raises
    ------
    ImageError
        When values are not finite, or fit no range.
    """
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageError(
            f"{name} holds values that are not finite (NaN or infinity). Save it as 8-bit or 16-bit instead."
        )
    if chosen is not None:
        return Reading((chosen,), (*_clipped_by_choice(values, chosen), *dark_notes(high, chosen).notes))
    if values.dtype.kind == "f":
        found = _of_floats(values, low, high, declared)
    else:
        found = _of_whole_numbers(values.dtype, low, high, bits, declared)
    if found is None:
        allowed = "0..1 or 0..255" if values.dtype.kind == "f" else "0..255 or 0..65535"
        raise ImageError(
            f"{name} holds values from {low:g} to {high:g}; allowed are {allowed}. "
            f"Save it as 8-bit or 16-bit instead, or give the value range, such as {low:g} to {high:g}."
        )
    dark = dark_notes(high, found.ranges[0])
    return Reading((*found.ranges, *dark.ranges[1:]), (*found.notes, *dark.notes))


def dark_notes(brightest: float, taken: Range) -> Reading:
    """Say whether a picture is black, or almost, and which other range it may be meant in."""
    black, white = taken
    if brightest <= black:
        return Reading((taken,), ("The picture is black everywhere.",))
    if brightest - black > (white - black) * _DARK:
        return Reading((taken,))
    text = f"The picture is almost black: its brightest value is {brightest:g}, and {white:g} is white."
    return Reading((taken, (black, brightest)), (f"{text} {_other((black, brightest))}",))


def to_bytes(values: NDArray[Any], taken: Range) -> NDArray[np.uint8]:
    """Return numbers as bytes of the same shape: the range's ends become 0 and 255, what is outside is clipped."""
    black, white = taken
    result = np.empty(values.shape, np.uint8)
    for piece in _pieces(values):
        scaled = (values[piece].astype(np.float64) - black) * 255 / (white - black)
        result[piece] = np.rint(scaled).clip(0, 255)
    return result


def opacity(alpha: NDArray[Any]) -> NDArray[np.uint8]:
    """Return how opaque pixels are, 0..255: bytes as they are, else in the first usual range that holds all values.

    That may be another one than that of the colours, such as 0..1 beside 0..255.
    """
    if alpha.dtype == np.uint8:
        return alpha
    highest = float(alpha.max())
    usual = (1.0, 255.0) if alpha.dtype.kind == "f" else (1.0, *_WHITES, _LARGEST_32)
    top = next((top for top in usual if highest <= top * (1 + _ROUNDING)), highest)
    return to_bytes(alpha, (0.0, top))


def _of_whole_numbers(
    dtype: np.dtype[Any], low: float, high: float, bits: int | None, declared: Range | None
) -> Reading | None:
    size = bits or dtype.itemsize * 8
    full = 2.0 ** min(size, 16) - 1
    if bits is None and declared is not None and _counts(declared, low, high):
        return _as_declared(declared, (0.0, full))
    if low < 0:
        return None
    if size not in (16, 32, 64):
        return Reading(((0.0, full),))
    if high > full:
        return Reading(((0.0, _LARGEST_32),)) if dtype == np.uint32 and high > _LARGEST_32 / 2 else None
    depth = next(depth for depth in _DEPTHS if high < 2**depth)
    taken = (0.0, 2.0**depth - 1)
    # Libraries keep bytes in wide whole numbers, so there 0..255 is no surprise.
    if depth == 16 or high == 0 or (depth == 8 and size > 16):
        return Reading((taken if high else (0.0, full),))
    text = f"Its values go up to {high:g}, so the picture was read as {depth}-bit: {taken[1]:g} is white."
    return Reading((taken, (0.0, full)), (f"{text} {_other((0.0, full))}",))


def _of_floats(values: NDArray[Any], low: float, high: float, declared: Range | None) -> Reading | None:
    if declared is not None and _counts(declared, low, high):
        return _as_declared(declared, (0.0, 1.0))
    if high <= 1 + _OVERSHOOT:
        return _clipped(values, low, high, 1.0)
    if high > 255 * _DARK:
        return _clipped(values, low, high, 255.0)
    if low < -_OVERSHOOT * high:
        return None
    text = f"Its values lie in {low:g}..{high:g}, neither 0..1 nor 0..255; the largest was taken as white."
    return Reading(((0.0, high), BYTES, (0.0, 1.0)), (f"{text} {_other(BYTES)}",))


def _clipped(values: NDArray[Any], low: float, high: float, top: float) -> Reading | None:
    """Read values as 0..top, if they lie there but for the overshoot of resampling."""
    taken = (0.0, top)
    # Values around zero, as of a picture made ready for a network, go as far below it as above.
    if low < -_OVERSHOOT * min(high, top) or high > (1 + _OVERSHOOT) * top:
        return None
    if low >= -_ROUNDING * top and high <= (1 + _ROUNDING) * top:
        return Reading((taken,))
    outside = _share_outside(values, taken)
    if outside >= 0.5:
        return None
    text = (
        f"Its values go from {low:g} to {high:g}; they were read as 0..{top:g}, "
        f"and those outside ({_percent(outside)}) were clipped."
    )
    return Reading((taken, (low, high)), (f"{text} {_other((low, high))}",))


def _counts(declared: Range, low: float, high: float) -> bool:
    black, white = declared
    # Many programs write the extremes of the values into these tags; those are no range.
    usual = white == 1 or white in _WHITES
    fits = black <= low and high <= white and high - black > (white - black) * _DARK
    return fits and (white > high or usual)


def _as_declared(declared: Range, natural: Range) -> Reading:
    if declared == natural:
        return Reading((declared,))
    text = f"The file says that its values lie in {declared[0]:g}..{declared[1]:g}, so {declared[1]:g} is white."
    return Reading((declared, natural), (f"{text} {_other(natural)}",))


def _clipped_by_choice(values: NDArray[Any], chosen: Range) -> tuple[str, ...]:
    outside = _share_outside(values, chosen)
    if not outside:
        return ()
    return (f"{_percent(outside)} of its values lie outside the value range {chosen[0]:g}..{chosen[1]:g}; clipped.",)


def _share_outside(values: NDArray[Any], taken: Range) -> float:
    count = 0
    for piece in _pieces(values):
        count += int(np.count_nonzero((values[piece] < taken[0]) | (values[piece] > taken[1])))
    return count / values.size


def _pieces(values: NDArray[Any]) -> Iterator[slice]:
    rows = max(1, _ROWS // max(1, values[:1].size))
    for start in range(0, len(values), rows):
        yield slice(start, start + rows)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _other(other: Range) -> str:
    return f"If another range is meant, such as {other[0]:g} to {other[1]:g}, set the value range."
