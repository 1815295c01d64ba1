"""Executing a network: preprocessed pictures or masks in, class outputs out.

An engine knows nothing of uint8 pictures, preprocessing or class names; that is the classifier's part. So
another engine (one that runs a converted graph, say) has the same two methods and nothing else to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lime_core.models.keras_import import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Batches of 8 to 32 run equally fast; a smaller one wastes less on padding and holds less memory.
BATCH_SIZE = 16


class Engine(Protocol):
    """What a classifier needs of the thing that executes its network."""

    name: str

    def predict(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map preprocessed pictures `(B, h, w, 3)` to outputs `(B, C)`."""

    def masked(
        self,
        image: NDArray[np.float32],
        fill: NDArray[np.float32],
        labels: NDArray[np.int32],
        masks: NDArray[np.uint8],
    ) -> NDArray[np.float32]:
        """Map masks `(B, S)` to the outputs `(B, C)` for `image` with `fill` where a mask is 0."""


class TensorFlowEngine:
    """Run a Keras model in TensorFlow, with a second graph that hides superpixels in front of it.

    Every batch has the same length (the last one is padded and cut): the graph is traced once, and a
    picture's outputs do not depend, not even in the last bit, on which others it was batched with.

    Parameters
    ----------
    model : keras.Model
        Maps float32 `(B, h, w, 3)` to `(B, C)`.
    input_size : (int, int)
        Height and width.
    batch_size : int
        Pictures in a batch.
    """

    name = "tensorflow"

    def __init__(self, model: Any, input_size: tuple[int, int], batch_size: int = BATCH_SIZE) -> None:
        self.batch_size = batch_size
        self._predict, self._masked = build_graphs(model, input_size, batch_size)

    def predict(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map preprocessed pictures float32 `(B, h, w, 3)` to outputs float32 `(B, C)`."""
        return in_batches(lambda batch: self._predict(batch).numpy(), pictures, self.batch_size)

    def masked(
        self,
        image: NDArray[np.float32],
        fill: NDArray[np.float32],
        labels: NDArray[np.int32],
        masks: NDArray[np.uint8],
    ) -> NDArray[np.float32]:
        """Map masks uint8 `(B, S)` to outputs float32 `(B, C)`.

        Parameters
        ----------
        image, fill : ndarray of float32, shape (h, w, 3)
            Preprocessed picture, and preprocessed stand-in for what is hidden.
        labels : ndarray of int32, shape (h, w)
            Superpixel of each pixel, 0..S-1.
        masks : ndarray of uint8, shape (B, S)
            1 where the superpixel is shown, 0 where it is hidden.
        """
        return in_batches(lambda batch: self._masked(image, fill, labels, batch).numpy(), masks, self.batch_size)


def build_graphs(model: Any, input_size: tuple[int, int], batch_size: int) -> tuple[Any, Any]:
    """Return the plain and the masking `tf.function` of a model, neither of them traced yet.

    The signatures fix everything but the number of superpixels, so that neither another picture nor another
    segmentation traces anew. Gather, select and the network itself are all that a graph converter meets.
    """
    tf = import_tensorflow()
    pictures = tf.TensorSpec((batch_size, *input_size, 3), tf.float32, name="pictures")
    picture = tf.TensorSpec((*input_size, 3), tf.float32)
    labels = tf.TensorSpec(input_size, tf.int32)
    masks = tf.TensorSpec((batch_size, None), tf.uint8)

    @tf.function(input_signature=[pictures], autograph=False)  # type: ignore[untyped-decorator]
    def predict(pictures: Any) -> Any:
        return tf.cast(model(pictures, training=False), tf.float32)

    @tf.function(input_signature=[picture, picture, labels, masks], autograph=False)  # type: ignore[untyped-decorator]
    def masked(image: Any, fill: Any, labels: Any, masks: Any) -> Any:
        shown = tf.cast(tf.gather(masks, labels, axis=1), tf.bool)
        pictures = tf.where(shown[..., tf.newaxis], image, fill)
        return tf.cast(model(pictures, training=False), tf.float32)

    return predict, masked


def in_batches(
    run: Callable[[NDArray[Any]], NDArray[np.float32]], rows: NDArray[Any], batch_size: int
) -> NDArray[np.float32]:
    """Apply `run` to `rows` in batches of exactly `batch_size`, repeating the last row to fill the last batch."""
    outputs = []
    for start in range(0, max(len(rows), 1), batch_size):
        batch = rows[start : start + batch_size]
        if len(batch) == 0:
            # No rows in, no rows out, but with the right number of classes.
            return run(np.zeros((batch_size, *rows.shape[1:]), rows.dtype))[:0]
        missing = batch_size - len(batch)
        padded = np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)]) if missing else batch
        outputs.append(run(padded)[: len(batch)])
    return np.concatenate(outputs)
