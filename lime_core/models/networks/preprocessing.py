"""How pixels are prepared for a network, in NumPy, for the families of Keras equal to Keras's to the last bit.

Networks are trained on pixels in one of a few ranges, or scale the pixels themselves. Preparing pictures here needs
no Keras, and is done only once for a whole neighborhood: it works pixel by pixel, so hiding superpixels before or
after it gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PreprocessingName = Literal["none", "rescale", "tf", "caffe", "torch"]

_OTHER_FORMS = (
    "or a mean and a standard deviation in units of 0..1, such as '0.5,0.25' or '0.485,0.456,0.406,0.229,0.224,0.225'; "
    "each may end in -bgr"
)
_LUMA = np.array([19595, 38470, 7471], np.uint32)  # 0.299, 0.587 and 0.114 of 2¹⁶
_LONGEST = 200  # characters of a preprocessing as text
NONE_GIVEN = (
    "No preprocessing was given, so the model gets pixels 0..255 as they are. If it was trained on another range its "
    "answers are wrong: say which, with preprocessing='rescale' (x/255), 'tf' (-1..1), 'caffe', 'torch' or (mean, std)."
)


@dataclass(frozen=True, slots=True)
class _Scale:
    """(x / divisor − mean) / std; mean and standard deviation are one number, or three for red, green and blue."""

    divisor: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __call__(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Scale floats in place, in Keras's order of steps."""
        if self.divisor != 1:
            pixels /= self.divisor
        if any(self.mean):
            pixels -= np.asarray(self.mean, np.float32)
        if any(std != 1 for std in self.std):
            pixels /= np.asarray(self.std, np.float32)
        return pixels


PREPROCESSING: dict[str, _Scale] = {
    "none": _Scale(),
    "rescale": _Scale(255.0),
    "tf": _Scale(127.5, mean=(1.0,)),
    "caffe": _Scale(mean=(123.68, 116.779, 103.939)),
    "torch": _Scale(255.0, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
}
_IN_BGR = frozenset({"caffe"})


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to RGB pixels 0..255 before they enter a network.

    Attributes
    ----------
    name : {"none", "rescale", "tf", "caffe", "torch", "own"}
        ``none`` leaves 0..255 (the network scales inside); ``rescale`` divides by 255; ``tf`` maps to -1..1; ``caffe``
        subtracts ImageNet's mean from 0..255; ``torch`` maps to 0..1 and standardises by ImageNet's mean and standard
        deviation; ``own`` does that with `mean` and `std`. Names and numbers are those of
        `keras.applications.imagenet_utils.preprocess_input`.
    mean, std : tuple of float
        Only of ``own``: one number, or three for red, green and blue, in units of 0..1 as in torchvision:
        (x/255 − mean)/std.
    bgr : bool
        Whether the channels reach the network as blue, green, red. If left out, true of ``caffe`` only. Means and
        standard deviations are in the order red, green, blue all the same.

    Raises
    ------
    ModelError
        If the name is unknown, or a mean or standard deviation is missing or outside its range.
    """

    name: PreprocessingName | Literal["own"] = "none"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    bgr: bool | None = None

    def __post_init__(self) -> None:
        if self.name != "own":
            if self.name not in PREPROCESSING:
                raise _unknown(self.name)
            if self.mean or self.std:
                raise ModelError(f"preprocessing {self.name!r} has a mean and a standard deviation of its own.")
        else:
            _check_numbers(self.mean, self.std)
        if self.bgr is None:
            object.__setattr__(self, "bgr", self.name in _IN_BGR)

    @classmethod
    def parse(cls, given: Any) -> Preprocessing:
        """Read a preprocessing in any form.

        Parameters
        ----------
        given : str, (mean, std) or Preprocessing
            A name, or means and standard deviations in units of 0..1 with commas between them (two numbers, or six:
            three means, then three standard deviations), either with ``-bgr`` or ``-rgb`` behind it; or a pair
            ``(mean, std)``, each a number or three for red, green and blue.

        Raises
        ------
        ModelError
            If it is none of these.
        """
        if isinstance(given, Preprocessing):
            return given
        if isinstance(given, str):
            return cls._from_text(given)
        if isinstance(given, Sequence | np.ndarray) and len(given) == 2:
            mean, std = _as_numbers(given[0], given), _as_numbers(given[1], given)
            if not (mean and std):
                raise _unknown(given)
            length = max(len(mean), len(std))
            return cls("own", mean * (length // len(mean)), std * (length // len(std)))
        raise _unknown(given)

    @classmethod
    def _from_text(cls, text: str) -> Preprocessing:
        name, bgr = text.strip().lower(), None
        if len(name) > _LONGEST:
            raise _unknown(f"{text[:_LONGEST]}…")
        for ending, is_bgr in (("-bgr", True), ("-rgb", False)):
            if name.endswith(ending):
                name, bgr = name.removesuffix(ending), is_bgr
        if "," not in name:
            if name not in PREPROCESSING:
                raise _unknown(text)
            return cls(name, bgr=bgr)  # type: ignore[arg-type]
        numbers = _as_numbers(name.split(","), text)
        if len(numbers) not in (2, 6):
            raise ModelError(
                f"preprocessing {text!r} has {len(numbers)} numbers; give one mean and one standard deviation, or "
                "three means and three standard deviations (red, green, blue), in units of 0..1."
            )
        half = len(numbers) // 2
        return cls("own", numbers[:half], numbers[half:], bgr)

    def __str__(self) -> str:
        """Return the text that `parse` reads back."""
        text = self.name if self.name != "own" else ",".join(repr(number) for number in (*self.mean, *self.std))
        if self.bgr == (self.name in _IN_BGR):
            return text
        return text + ("-bgr" if self.bgr else "-rgb")

    def check_channels(self, channels: int) -> None:
        """Raise `ModelError` unless pictures of so many channels (1 grey, 3 colour) can be prepared in this way."""
        if channels not in (1, 3):
            raise ModelError(f"A network takes pictures of 1 channel (grey) or 3 (colour); got {channels}.")
        if channels == 3:
            return
        if len(self._scale.mean) > 1 or len(self._scale.std) > 1:
            raise ModelError(
                f"preprocessing '{self}' has a mean for each of three colours, but the network takes grey pictures: "
                "give one mean and one standard deviation, such as '0.45,0.225'."
            )
        if self.bgr:
            raise ModelError(
                f"preprocessing '{self}' swaps colours, but the network takes grey pictures: leave -bgr out."
            )

    @property
    def _scale(self) -> _Scale:
        return _Scale(255.0, self.mean, self.std) if self.name == "own" else PREPROCESSING[self.name]

    def linear(self, channels: int = 3) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what is done to pixels as a matrix ``(3, channels)`` and an offset ``(channels,)``, both float32.

        Prepared pixels are ``pixels @ matrix + offset``; grey levels are not rounded.
        """
        self.check_channels(channels)
        offset = self._scale(np.zeros((1, channels)))
        matrix = (self._scale(np.eye(channels) * 255.0) - offset) / 255.0
        if channels == 1:
            matrix = _LUMA[:, None] / 2.0**16 @ matrix
        elif self.bgr:
            matrix, offset = matrix[:, ::-1], offset[:, ::-1]
        return matrix.astype(np.float32), offset[0].astype(np.float32)

    def __call__(self, images: NDArray[np.uint8], channels: int = 3) -> NDArray[np.float32]:
        """Prepare RGB pictures uint8 ``(..., 3)`` as float32 ``(..., channels)``, as `preprocess` describes."""
        self.check_channels(channels)
        if channels == 1:
            return self._scale(grey(images)[..., None].astype(np.float32))
        scaled = self._scale(images.astype(np.float32))
        return np.ascontiguousarray(scaled[..., ::-1]) if self.bgr else scaled


def preprocess(
    images: NDArray[np.uint8], preprocessing: str | tuple[Any, Any] | Preprocessing, channels: int = 3
) -> NDArray[np.float32]:
    """Scale pixels as a network expects them.

    Parameters
    ----------
    images : ndarray of uint8, shape (..., 3)
        RGB pixels; left unchanged.
    preprocessing : str, (mean, std) or Preprocessing
        See `Preprocessing` for the names, and `Preprocessing.parse` for the other forms.
    channels : {3, 1}
        Colour, or `grey`; pixels become grey before they are scaled.

    Returns
    -------
    ndarray of float32, shape (..., channels)

    Raises
    ------
    ModelError
        If the preprocessing is unknown, or is one of three colours for grey pictures.
    """
    return Preprocessing.parse(preprocessing)(images, channels)


def grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the luma of RGB pixels uint8 ``(..., 3)``, uint8 ``(...)``: Rec. 601, rounded as by Pillow's mode "L"."""
    return ((images.astype(np.uint32) @ _LUMA + 0x8000) >> 16).astype(np.uint8)


def _unknown(given: Any) -> ModelError:
    return ModelError(f"preprocessing must be one of {', '.join(PREPROCESSING)}, {_OTHER_FORMS}; got {given!r}.")


def _as_numbers(values: Any, given: Any) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in np.asarray(values, np.float64).ravel()[:7])
    except (TypeError, ValueError) as error:
        raise _unknown(given) from error


def _check_numbers(mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    if len(mean) != len(std) or len(mean) not in (1, 3):
        raise ModelError(
            "An own preprocessing has one mean and one standard deviation, or three of both (red, green, blue); got "
            f"{len(mean)} and {len(std)}."
        )
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in (*mean, *std)):
        raise ModelError(
            f"Mean and standard deviation are in units of 0..1 (of x/255, as in torchvision); got {mean} and {std}. "
            "Divide numbers in units of 0..255 by 255."
        )
    if not all(std):
        raise ModelError(f"A standard deviation must be above 0; got {std}.")
