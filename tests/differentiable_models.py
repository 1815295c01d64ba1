"""A small convolutional network twice, in Keras and in NumPy, so that every derivative can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

import lime_core as lc

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT, WIDTH, STRIDE, FEATURES = 24, 32, 4, 6
ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE


@dataclass(frozen=True)
class ByHand:
    """Blocks of 4×4 pixels → ReLU → global average → dense, in float64; pixels 0..255 in."""

    kernel: NDArray[np.float64]  # (48, FEATURES), of pixels 0..1
    bias: NDArray[np.float64]
    dense: NDArray[np.float64]  # (FEATURES, C)

    def maps(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """The maps of the convolution, (B, ROWS, COLUMNS, FEATURES)."""
        blocks = pixels.astype(np.float64).reshape(-1, ROWS, STRIDE, COLUMNS, STRIDE, pixels.shape[-1]) / 255
        blocks = blocks.transpose(0, 1, 3, 2, 4, 5).reshape(-1, ROWS, COLUMNS, len(self.kernel))
        return np.maximum(blocks @ self.kernel + self.bias, 0)

    def logits(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        return self.maps(pixels).mean(axis=(1, 2)) @ self.dense


def by_hand(classes: int = 5, channels: int = 3, seed: int = 0, scale: float = 6.0) -> ByHand:
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 0.3, (STRIDE * STRIDE * channels, FEATURES))
    return ByHand(kernel, rng.normal(0, 0.1, FEATURES), rng.normal(0, scale, (FEATURES, classes)))


def in_keras(hand: ByHand, activation: str | None = "softmax") -> Any:
    """The same network as a Keras model with a layer named "conv"."""
    channels = len(hand.kernel) // STRIDE**2
    inputs = keras.Input((HEIGHT, WIDTH, channels))
    x = keras.layers.Rescaling(1 / 255, name="scaling")(inputs)
    x = keras.layers.Conv2D(FEATURES, STRIDE, strides=STRIDE, activation="relu", name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(hand.dense.shape[1], activation=activation, name="scores")(x))
    kernel = hand.kernel.reshape(STRIDE, STRIDE, channels, FEATURES)
    model.get_layer("conv").set_weights([kernel, hand.bias])
    model.get_layer("scores").set_weights([hand.dense, np.zeros(hand.dense.shape[1])])
    return model


def classifier(hand: ByHand, activation: str | None = "softmax", **settings: Any) -> lc.KerasClassifier:
    return lc.KerasClassifier(
        in_keras(hand, activation), id="by hand", **{"engine": "tensorflow", "batch_size": 2, **settings}
    )


def log_odds(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln(p/(1 − p)) of a softmax, without ever computing p."""
    others = [np.delete(logits, index, axis=1) for index in range(logits.shape[1])]
    rest = np.stack([np.logaddexp.reduce(other, axis=1) for other in others], axis=1)
    return logits - rest


def picture(seed: int = 0, size: tuple[int, int] = (HEIGHT, WIDTH)) -> NDArray[np.uint8]:
    """Noise on a slope: every derivative differs, and no superpixel is like another."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(20, 180, size[1])[None, :, None]
    return (slope + rng.integers(0, 70, (*size, 3))).astype(np.uint8)
