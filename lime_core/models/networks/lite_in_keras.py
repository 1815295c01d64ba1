"""EfficientNet-Lite as a Keras model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lime_core.errors import WeightsError
from lime_core.models.engines.keras_import import import_keras
from lime_core.models.networks.efficientnet_lite import (
    CEILING,
    CLASSES,
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
    model = _architecture(variant)
    if not random_weights:
        _set_weights(model, read_weights(variant))
    return model


def _architecture(variant: str) -> Any:
    card, blocks = card_of(variant), blocks_of(variant)
    keras = import_keras()
    layers = keras.layers
    inputs = keras.Input((*card.input_size, 3), name="pixels")
    x = layers.Rescaling(1 / PIXEL_SCALE, offset=-PIXEL_MEAN / PIXEL_SCALE, name="rescaling")(inputs)
    for block in blocks:
        entered = x
        for convolution in block.convolutions:
            x = _convolved(layers, x, convolution)
        if block.adds_input:
            x = layers.Add(name=f"{block.convolutions[-1].name}_add")([x, entered])
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(CLASSES, activation="softmax", name=LAST_LAYER)(x)
    return keras.Model(inputs, outputs, name=card.id)


def _convolved(layers: Any, x: Any, layer: Convolution) -> Any:
    shared = {"kernel_size": layer.kernel, "strides": layer.stride, "padding": "same", "use_bias": False}
    if layer.depthwise:
        x = layers.DepthwiseConv2D(**shared, name=layer.name)(x)
    else:
        x = layers.Conv2D(layer.channels, **shared, name=layer.name)(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=layer.normalization)(x)
    # Named, because Keras would number it after all others of this process, and people choose layers by name.
    return layers.ReLU(CEILING, name=f"{layer.name}_relu")(x) if layer.rectified else x


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
    if name == LAST_LAYER:
        return [weight.T, state[f"{name}.bias"]]
    if "_depthwise" in name:
        return [weight.transpose(2, 3, 0, 1)]
    return [weight.transpose(2, 3, 1, 0)]
