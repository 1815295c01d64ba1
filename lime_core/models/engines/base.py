"""Running a network: preprocessed pictures and superpixels in, class outputs out.

An engine knows nothing of uint8 pictures, preprocessing or class names; that is the classifier's part.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.keras_import import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

EngineName = Literal["auto", "tensorflow", "openvino"]
Precision = Literal["f32", "bf16"]
PrecisionChoice = Literal["auto", "f32", "bf16"]  # auto: see `lime_core.methods.lime.precision`

# Batches of 8 to 32 run equally fast; a smaller one wastes less on padding and holds less memory.
BATCH_SIZE = 16


def precision_of(engine: str) -> Precision:
    """Return the precision in which an engine of that name computes."""
    return "bf16" if engine.endswith("-bf16") else "f32"


class Engine(ABC):
    """What a classifier needs from the engine that runs its network.

    Every batch has the same length (the last one is padded, and its outputs cut), so that a picture's outputs do not
    depend on the other pictures of its batch, not even in the last bit. A few pictures that are left over may go one by
    one where that gives the same bits.

    Attributes
    ----------
    name : str
        For reports: ``"tensorflow"``, ``"openvino"`` or ``"openvino-bf16"``.
    batch_size : int
        Pictures that go through the network at a time; at most 255, because a choice is a uint8.
    gives_features : bool
        Whether `features` works.
    """

    name: str
    batch_size: int
    gives_features: bool = False

    @abstractmethod
    def choose(
        self, pictures: NDArray[np.float32], labels: NDArray[np.int32], choices: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Assemble pictures from superpixels of given ones, and run the network on them.

        Hiding is the case of two pictures: the fill, which a 0 chooses, and the image, which a 1 chooses.

        Parameters
        ----------
        pictures : ndarray of float32, shape (K, h, w, channels)
            Preprocessed pictures to choose from; 3 channels, except for networks that take gray pictures.
        labels : ndarray of int32, shape (h, w)
            Superpixel of each pixel, 0..S-1.
        choices : ndarray of uint8, shape (B, S)
            Which picture each superpixel is taken from, 0..K-1.

        Returns
        -------
        ndarray of float32, shape (B, C)
        """

    def predict(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map preprocessed pictures float32 `(B, h, w, channels)` to outputs float32 `(B, C)`."""
        return over_pictures(self.choose, pictures, self.batch_size)

    def features(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:  # noqa: ARG002 - engines with features
        """Map preprocessed pictures float32 `(B, h, w, channels)` to what enters the last layer, float32 `(B, F)`.

        Raises
        ------
        ModelError
            Unless the engine `gives_features` of this network.
        """
        raise ModelError(f"The engine {self.name} gives no features of this network.")


class TensorFlowEngine(Engine):
    """Run the graph of `choosing_function` in TensorFlow.

    Parameters
    ----------
    function : tf.function
        From `choosing_function`.
    batch_size : int
        Pictures in a batch.
    """

    name = "tensorflow"

    def __init__(self, function: Any, batch_size: int = BATCH_SIZE) -> None:
        self.batch_size = batch_size
        self._function = function

    def choose(
        self, pictures: NDArray[np.float32], labels: NDArray[np.int32], choices: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Map choices uint8 `(B, S)` to outputs float32 `(B, C)`, as `Engine.choose` describes."""
        batches = padded_batches(choices, self.batch_size)
        outputs = [self._function(pictures, labels, batch).numpy() for batch in batches]
        return np.concatenate(outputs)[: len(choices)]


def choosing_function(model: Any, input_size: tuple[int, int], channels: int = 3) -> Any:
    """Return the `tf.function` behind `Engine.choose`, not traced yet.

    The signature allows any number of pictures and superpixels, so that it is not traced again for another picture or
    segmentation. Whole pixels are looked up in one table of all pictures: that copies bits, where
    arithmetic with masks would round, and takes half the time of a select.

    Parameters
    ----------
    model : keras.Model
        Maps float32 `(B, h, w, channels)` to `(B, C)`.
    input_size : (int, int)
        Height and width.
    channels : int
        Of the pictures.
    """
    tf = import_tensorflow()
    height, width = input_size
    signature = [
        tf.TensorSpec((None, height, width, channels), tf.float32, name="pictures"),
        tf.TensorSpec((height, width), tf.int32, name="labels"),
        tf.TensorSpec((None, None), tf.uint8, name="choices"),
    ]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
    def choose(pictures: Any, labels: Any, choices: Any) -> Any:
        chosen = tf.gather(tf.cast(choices, tf.int32), labels, axis=1)
        pixel_index = tf.reshape(tf.range(height * width, dtype=tf.int32), (height, width))
        pixels = tf.gather(tf.reshape(pictures, (-1, channels)), chosen * (height * width) + pixel_index)
        return tf.cast(model(pixels, training=False), tf.float32)

    return choose


def over_pictures(
    choose: Callable[[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8]], NDArray[np.float32]],
    pictures: NDArray[np.float32],
    batch_size: int,
) -> NDArray[np.float32]:
    """Return the outputs for whole pictures of a function with the parameters of `Engine.choose`."""
    labels = np.zeros(pictures.shape[1:3], np.int32)
    outputs = []
    for start in range(0, max(len(pictures), 1), batch_size):
        batch = pictures[start : start + batch_size]
        # For no pictures the result is empty, but its number of columns is known only after running a batch.
        given = batch if len(batch) else np.zeros((1, *pictures.shape[1:]), np.float32)
        outputs.append(choose(given, labels, np.arange(len(given), dtype=np.uint8)[:, None])[: len(batch)])
    return np.concatenate(outputs)


def padded_batches(rows: NDArray[np.uint8], batch_size: int) -> Iterator[NDArray[np.uint8]]:
    """Yield `rows` in batches of exactly `batch_size`, repeating the last row; without rows, one batch of zeros."""
    if len(rows) == 0:
        yield np.zeros((batch_size, *rows.shape[1:]), rows.dtype)
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        missing = batch_size - len(batch)
        yield np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)]) if missing else batch
