"""EfficientNet-Lite in OpenVINO's own operations: its first load needs neither TensorFlow nor Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import WeightsError
from lime_core.models.engines.openvino_graph import Graph, choosing_graph
from lime_core.models.engines.openvino_runtime import import_openvino
from lime_core.models.networks.efficientnet_lite import (
    CEILING,
    EPSILON,
    LAST_LAYER,
    PIXEL_MEAN,
    PIXEL_SCALE,
    Convolution,
    blocks_of,
    card_of,
    read_weights,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


def build_graph(variant: str = "lite0") -> Graph:
    """Build EfficientNet-Lite with its ImageNet weights, the choice of superpixels in front of it.

    It computes what the model of `lime_core.models.networks.lite_in_keras.build_keras` computes.

    Parameters
    ----------
    variant : {"lite0", "lite1", "lite2"}
        Input sizes are 224, 240 and 260.

    Raises
    ------
    ModelError
        If `variant` is unknown, or OpenVINO is missing.
    WeightsError
        If the weights package is not installed, or its file is damaged.
    """
    card, blocks, state = card_of(variant), blocks_of(variant), read_weights(variant)
    operations = import_openvino().opset13

    def network(pixels: Any) -> Any:
        scaled = operations.multiply(operations.subtract(pixels, np.float32(PIXEL_MEAN)), np.float32(1 / PIXEL_SCALE))
        # OpenVINO's convolutions want the channels first.
        x = operations.transpose(scaled, np.array([0, 3, 1, 2]))
        for block in blocks:
            entered = x
            for convolution in block.convolutions:
                x = _convolved(operations, x, convolution, state)
            if block.adds_input:
                x = operations.add(x, entered)
        means = operations.reduce_mean(x, np.array([2, 3]))
        logits = operations.matmul(means, state[f"{LAST_LAYER}.weight"], transpose_a=False, transpose_b=True)
        return operations.softmax(operations.add(logits, state[f"{LAST_LAYER}.bias"]), 1)

    try:
        return choosing_graph(network, card.input_size)
    except (KeyError, ValueError, RuntimeError) as error:
        raise WeightsError(f"The weights do not fit {card.id}: {error}.") from error


def _convolved(operations: Any, x: Any, layer: Convolution, state: dict[str, NDArray[Any]]) -> Any:
    given = state[f"{layer.name}.weight"]
    if (given.shape[0], *given.shape[2:]) != (layer.channels, layer.kernel, layer.kernel):
        # OpenVINO would take another kernel for what it is.
        raise ValueError(f"{layer.name} has the shape {given.shape}")
    gain, shift, mean, variance = (
        state[f"{layer.normalization}.{part}"].astype(np.float64)
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    # The normalization is linear: its factor goes into the weights, the rest is a bias.
    factor = gain / np.sqrt(variance + EPSILON)
    weights = (given * factor[:, None, None, None]).astype(np.float32)
    bias = (shift - mean * factor).astype(np.float32)[None, :, None, None]
    steps, no_padding = [layer.stride] * 2, [0, 0]
    if layer.depthwise:
        # (groups, channels out of each, channels into each, height, width)
        x = operations.group_convolution(
            x, weights[:, None], steps, no_padding, no_padding, [1, 1], auto_pad="same_upper"
        )
    else:
        x = operations.convolution(x, weights, steps, no_padding, no_padding, [1, 1], auto_pad="same_upper")
    x = operations.add(x, bias)
    return operations.clamp(x, 0.0, CEILING) if layer.rectified else x
