"""Pictures given as arrays of pixels, in the forms that other libraries use."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image

from lime_core.errors import ImageError
from lime_core.picture.limits import check_size
from lime_core.picture.samples import Mode, Samples

_MODES: dict[int, Mode] = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def from_array(given: Any) -> PIL.Image.Image | Samples:
    """Return an array of pixels as a Pillow image if it holds bytes, and as samples if it holds other numbers.

    Parameters
    ----------
    given : ndarray, shape (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4)
        Grey, grey with transparency, RGB, or RGB with transparency.

    Raises
    ------
    ImageError
        For other shapes, and for what are no numbers.
    """
    array = np.asarray(given)
    _check_shape(array.shape)
    if array.dtype.kind not in "uif":
        raise ImageError(f"The array of a picture must hold numbers, such as uint8 0..255; got {array.dtype}.")
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.dtype == np.uint8:
        return PIL.Image.fromarray(np.ascontiguousarray(array))
    return Samples(array, _MODES[array.shape[2] if array.ndim == 3 else 1])


def _check_shape(shape: tuple[int, ...]) -> None:
    if len(shape) == 2 or (len(shape) == 3 and shape[2] in _MODES):
        check_size(shape[1], shape[0], "The picture")
        return
    hint = ""
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        hint = " Its channels come first: move them to the end with `array.transpose(1, 2, 0)`."
    elif len(shape) == 4:
        hint = " It looks like a batch: give one of its pictures, such as `array[0]`."
    raise ImageError(f"The array of a picture must have the shape (H, W), (H, W, 3) or (H, W, 4); got {shape}.{hint}")
