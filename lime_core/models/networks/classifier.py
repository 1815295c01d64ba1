"""A network behind an engine, as a `MaskedClassifier`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.names import as_class_names
from lime_core.models.networks.preprocessing import check_preprocessing, preprocess

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lime_core.models.engines.base import Engine


class NetworkClassifier:
    """Explain a network: one image input `(B, h, w, 3)`, one output `(B, C)`.

    Safe to share between threads. It prepares the pictures and names the outputs; the engine runs the network.

    Parameters
    ----------
    engine : Engine
        What executes the network.
    id : str
        Name of the model in reports.
    input_size : (int, int)
        Height and width.
    preprocessing : {"none", "tf", "caffe", "torch"}
        How pixels 0..255 are scaled before they enter the network, see `preprocess`.
    class_names : iterable or mapping
        One name a class, in any form that `lime_core.models.names.as_class_names` reads.
    weights_sha256 : str
        Digest of the weights.
    engine_note : str, optional
        Why OpenVINO is not used, if it was expected.

    Raises
    ------
    ModelError
        If the preprocessing is unknown, or the names cannot be read as names.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        id: str,  # noqa: A002 - the protocol's word
        input_size: tuple[int, int],
        preprocessing: str,
        class_names: Any,
        weights_sha256: str,
        engine_note: str | None = None,
    ) -> None:
        check_preprocessing(preprocessing)
        self.id = id
        self.input_size = input_size
        self.preprocessing = preprocessing
        self.class_names = as_class_names(class_names)
        self.weights_sha256 = weights_sha256
        self.engine_note = engine_note
        self._engine = engine

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, input_size={self.input_size}, engine={self.engine!r})"

    @property
    def engine(self) -> str:
        """What executes the network: ``"tensorflow"``, ``"openvino"`` or ``"openvino-bf16"``."""
        return self._engine.name

    @property
    def identity(self) -> str:
        """The name of its preprocessing, which distinguishes it from others with the same weights."""
        return self.preprocessing

    @property
    def batch_size(self) -> int:
        """Pictures that go through the network at a time; smaller batches are padded to it."""
        return self._engine.batch_size

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to outputs float32 `(B, C)`.

        Raises
        ------
        ModelError
            If the pictures have another shape or type.
        """
        _check("images", images, (None, *self.input_size, 3), np.uint8)
        # Batch by batch, so that only one batch at a time exists in float32.
        starts = range(0, max(len(images), 1), self.batch_size)
        batches = (images[start : start + self.batch_size] for start in starts)
        return np.concatenate([self._engine.predict(preprocess(b, self.preprocessing)) for b in batches])

    def masked_predictor(
        self, image: NDArray[np.uint8], fill: NDArray[np.uint8], labels: NDArray[np.int32]
    ) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """Return the function from masks to outputs for one picture, as `MaskedClassifier` describes.

        Picture and fill are preprocessed once, here: preprocessing works pixel by pixel, so the network gets
        the same bits as if every perturbed picture had been preprocessed on its own.

        Raises
        ------
        ModelError
            If an array has another shape or type than `MaskedClassifier` asks for, here or in the function.
        """
        _check("image", image, (*self.input_size, 3), np.uint8)
        _check("fill", fill, (*self.input_size, 3), np.uint8)
        _check("labels", labels, self.input_size, np.int32)
        lowest, superpixels = int(labels.min()), int(labels.max()) + 1
        if lowest < 0:
            raise ModelError(f"labels must be 0 or more; the lowest is {lowest}.")
        pictures = preprocess(np.stack([fill, image]), self.preprocessing)
        labels = labels.copy()

        def predict_masks(masks: NDArray[np.uint8]) -> NDArray[np.float32]:
            _check("masks", masks, (None, None), np.uint8)
            if masks.shape[1] < superpixels:
                raise ModelError(f"masks must have {superpixels} columns, one a superpixel; got {masks.shape[1]}.")
            return self._engine.choose(pictures, labels, np.minimum(masks, 1))

        return predict_masks


def _check(name: str, array: NDArray[Any], shape: tuple[int | None, ...], dtype: type) -> None:
    fits = array.ndim == len(shape) and all(
        expected in (None, side) for expected, side in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        expected_shape = ", ".join("any" if side is None else str(side) for side in shape)
        raise ModelError(
            f"{name} must be {np.dtype(dtype).name} of shape ({expected_shape}); "
            f"got {array.dtype} of shape {array.shape}."
        )
