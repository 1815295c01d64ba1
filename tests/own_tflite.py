"""Small TensorFlow Lite models with known answers, made by TensorFlow's own converter."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from own_models import CLASSES, HEIGHT, WIDTH, weights_for

from lime_core.models.engines.keras_import import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHAPE = (HEIGHT, WIDTH, 3)


def linear(scale: float = 1.0, shift: float = 0.0) -> Callable[[Any], Any]:
    """Return the model of `own_models.logits` behind a scaling, in TensorFlow."""
    tf = import_tensorflow()
    weights = tf.constant(weights_for().reshape(CLASSES, -1).T)
    return lambda pixels: tf.nn.softmax(
        tf.matmul(tf.reshape((pixels - shift) / scale, (-1, weights.shape[0])), weights)
    )


def converted(function: Callable[[Any], Any], *, batch: int | None = 1, quantized: str | None = None) -> bytes:
    """Return a TensorFlow Lite file, with numbers of a quantized type at both ends if one is named."""
    tf = import_tensorflow()
    signature = [tf.TensorSpec((batch, *SHAPE), tf.float32, name="pixels")]
    module = tf.Module()
    module.f = tf.function(function, input_signature=signature, autograph=False)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.f.get_concrete_function()], module)
    if quantized:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([picture[None]] for picture in pictures(20))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, quantized)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())


def pictures(count: int = 5) -> NDArray[np.float32]:
    """Return pictures whose pixels go from 0 to 255."""
    made = np.random.default_rng(3).integers(0, 256, (count, *SHAPE)).astype(np.float32)
    made[:, 0, 0], made[:, 0, 1] = 0, 255
    return made
