"""Pictures given as arrays of pixels, in the forms that other libraries use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.Image

from lime_core.errors import ImageError
from lime_core.picture.decoding import check_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Largest value of a range, the factor that scales it to 255, and the tolerance for rounding at its ends.
_FLOATS = ((1.0, 255.0, 1e-3), (255.0, 1.0, 0.255))
_WHOLE = ((255.0, 1.0, 0.0), (65535.0, 255 / 65535, 0.0))


def to_pillow(given: Any) -> PIL.Image.Image:
    """Return an array of pixels as a Pillow image of 8 bits a channel.

    Parameters
    ----------
    given : ndarray, shape (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4)
        Grey, grey with transparency, RGB, or RGB with transparency. uint8 is used unchanged; in
        uint16, 65535 is white; other whole numbers may lie in either of these ranges; floats must all be in 0..1 or
        all in 0..255.

    Raises
    ------
    ImageError
        For other shapes, types and values.
    """
    array = np.asarray(given)
    _check_shape(array.shape)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    return PIL.Image.fromarray(np.ascontiguousarray(_to_bytes(array)))


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 2, 3, 4)):
        check_size(shape[1], shape[0], "The picture")
        return
    hint = ""
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        hint = " Its channels come first: move them to the end with `array.transpose(1, 2, 0)`."
    elif len(shape) == 4:
        hint = " It looks like a batch: give one of its pictures, such as `array[0]`."
    raise ImageError(f"The array of a picture must have the shape (H, W), (H, W, 3) or (H, W, 4); got {shape}.{hint}")


def _to_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "uif":
        raise ImageError(f"The array of a picture must hold numbers, such as uint8 0..255; got {array.dtype}.")
    low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ImageError("The array of the picture holds values that are not finite (NaN or infinity).")
    ranges = _FLOATS if array.dtype.kind == "f" else _WHOLE[1:] if array.dtype == np.uint16 else _WHOLE
    for top, scale, slack in ranges:
        if -slack <= low and high <= top + slack:
            return np.rint(array.astype(np.float64) * scale).clip(0, 255).astype(np.uint8)
    allowed = "0..1 or 0..255" if array.dtype.kind == "f" else "0..255 or 0..65535"
    raise ImageError(f"The array of the picture holds values from {low:g} to {high:g}; allowed are {allowed}.")
