"""The pixel scaling of each network family, in NumPy, equal to Keras's to the last bit.

The networks of Keras were trained on pixels scaled in one of three ways, or scale them themselves.
The same arithmetic in the same order and precision is repeated here, so that a picture can be
prepared without importing Keras, and only once for a whole neighborhood: the scaling works pixel by pixel,
so hiding superpixels before or after it gives the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PreprocessingName = Literal["none", "tf", "caffe", "torch"]

# Python floats, as in Keras, so that the results stay float32.
_CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
_TORCH_MEAN = (0.485, 0.456, 0.406)
_TORCH_STD = (0.229, 0.224, 0.225)


def _none(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return pixels


def _tf(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    pixels /= 127.5
    pixels -= 1.0
    return pixels


def _caffe(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    pixels = np.ascontiguousarray(pixels[..., ::-1])
    for channel, mean in enumerate(_CAFFE_MEAN_BGR):
        pixels[..., channel] -= mean
    return pixels


def _torch(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    pixels /= 255.0
    for channel, (mean, std) in enumerate(zip(_TORCH_MEAN, _TORCH_STD, strict=True)):
        pixels[..., channel] -= mean
        pixels[..., channel] /= std
    return pixels


PREPROCESSING: dict[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = {
    "none": _none,
    "tf": _tf,
    "caffe": _caffe,
    "torch": _torch,
}


def preprocess(images: NDArray[np.uint8], name: str) -> NDArray[np.float32]:
    """Scale pixels as a network family expects them.

    Parameters
    ----------
    images : ndarray of uint8, shape (..., 3)
        RGB pixels; left unchanged.
    name : {"none", "tf", "caffe", "torch"}
        ``none`` leaves 0..255 (the network scales inside); ``tf`` maps to -1..1; ``caffe`` swaps to BGR
        and subtracts ImageNet's mean; ``torch`` maps to 0..1 and standardises by ImageNet's mean and
        standard deviation. The names are those of `keras.applications.imagenet_utils.preprocess_input`.

    Returns
    -------
    ndarray of float32, shape (..., 3)

    Raises
    ------
    ModelError
        If `name` is unknown.
    """
    check_preprocessing(name)
    return PREPROCESSING[name](images.astype(np.float32))


def check_preprocessing(name: str) -> None:
    """Raise `ModelError` unless `name` is a known preprocessing."""
    if name not in PREPROCESSING:
        raise ModelError(f"preprocessing must be one of {', '.join(PREPROCESSING)}; got {name!r}.")
