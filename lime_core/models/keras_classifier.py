"""A Keras model as a `MaskedClassifier`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.base import numbered_names
from lime_core.models.engines import BATCH_SIZE, Engine, TensorFlowEngine
from lime_core.models.preprocessing import check_preprocessing, preprocess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray


class KerasClassifier:
    """Explain a Keras model: one image input `(B, h, w, 3)`, one output `(B, C)`.

    Safe to share between threads: it keeps no state beyond the model and never calls `model.predict()`.

    Parameters
    ----------
    model : keras.Model
        The model, ready to use; nothing is loaded from a file here.
    id : str
        Name of the model in reports.
    preprocessing : {"none", "tf", "caffe", "torch"}
        How pixels 0..255 are scaled before they enter the model, see `preprocess`.
    class_names : sequence of str, optional
        One name a class; ``class 0``, ``class 1`` ... if left out.
    input_size : (int, int), optional
        Height and width; needed only for a model that accepts any size.
    weights_sha256 : str, optional
        Digest of the file the weights came from; computed from the weights themselves if left out.
    batch_size : int
        Pictures that go through the network at a time.

    Raises
    ------
    ModelError
        If the model's input or output is not of that form, or the number of names is not that of the classes.
    """

    def __init__(
        self,
        model: Any,
        *,
        id: str,  # noqa: A002 - the protocol's word
        preprocessing: str = "none",
        class_names: Sequence[str] | None = None,
        input_size: tuple[int, int] | None = None,
        weights_sha256: str | None = None,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        check_preprocessing(preprocessing)
        self.id = id
        self.preprocessing = preprocessing
        self.input_size = _input_size(model, input_size)
        self.class_names = _class_names(model, class_names)
        self.weights_sha256: str = weights_sha256 or digest_of_weights(model)
        self.batch_size = batch_size
        self._engine: Engine = TensorFlowEngine(model, self.input_size, batch_size)

    def __repr__(self) -> str:
        return f"KerasClassifier(id={self.id!r}, input_size={self.input_size}, engine={self.engine!r})"

    @property
    def engine(self) -> str:
        """What executes the network."""
        return self._engine.name

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to outputs float32 `(B, C)`.

        Raises
        ------
        ModelError
            If the pictures have another shape or type.
        """
        _check("images", images, (None, *self.input_size, 3), np.uint8)
        # Batch by batch, so that only one batch exists in float32 whatever the caller brings.
        starts = range(0, max(len(images), 1), self.batch_size)
        batches = (images[start : start + self.batch_size] for start in starts)
        return np.concatenate([self._engine.predict(preprocess(b, self.preprocessing)) for b in batches])

    def masked_predictor(
        self, image: NDArray[np.uint8], fill: NDArray[np.uint8], labels: NDArray[np.int32]
    ) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """Return the function from masks to outputs for one picture, as `MaskedClassifier` describes.

        Picture and fill are preprocessed once, here: preprocessing works pixel by pixel, so the network meets
        the same bits as if every perturbed picture had been made first.

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
        scaled_image = preprocess(image, self.preprocessing)
        scaled_fill = preprocess(fill, self.preprocessing)
        labels = labels.copy()

        def predict_masks(masks: NDArray[np.uint8]) -> NDArray[np.float32]:
            _check("masks", masks, (None, None), np.uint8)
            if masks.shape[1] < superpixels:
                raise ModelError(f"masks must have {superpixels} columns, one a superpixel; got {masks.shape[1]}.")
            return self._engine.masked(scaled_image, scaled_fill, labels, masks)

        return predict_masks


def digest_of_weights(model: Any) -> str:
    """Return the SHA-256 over shape, type and bytes of every weight of a Keras model, in order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.shape}{weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _input_size(model: Any, given: tuple[int, int] | None) -> tuple[int, int]:
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] != 3:
        raise ModelError(f"The model must have one input of shape (batch, height, width, 3); got {shape}.")
    own = (shape[1], shape[2])
    if given is None:
        if None in own:
            raise ModelError(f"The model accepts any size ({shape}); give input_size=(height, width).")
        return own
    if any(side not in (None, wanted) for side, wanted in zip(own, given, strict=True)):
        raise ModelError(f"The model's input is {own[0]}x{own[1]} pixels; input_size says {given[0]}x{given[1]}.")
    return given


def _class_names(model: Any, given: Sequence[str] | None) -> tuple[str, ...]:
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[1] is None:
        raise ModelError(f"The model must have one output of shape (batch, classes); got {shape}.")
    names = tuple(given) if given is not None else numbered_names(shape[1])
    if len(names) != shape[1]:
        raise ModelError(f"The model has {shape[1]} classes, but {len(names)} class names were given.")
    return names


def _check(name: str, array: NDArray[Any], shape: tuple[int | None, ...], dtype: type) -> None:
    fits = array.ndim == len(shape) and all(
        wanted in (None, got) for wanted, got in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        wanted_shape = ", ".join("any" if side is None else str(side) for side in shape)
        raise ModelError(
            f"{name} must be {np.dtype(dtype).name} of shape ({wanted_shape}); "
            f"got {array.dtype} of shape {array.shape}."
        )
