"""A Keras model as a `MaskedClassifier`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.base import BATCH_SIZE
from lime_core.models.engines.choice import make_engine
from lime_core.models.engines.keras_import import check_backend
from lime_core.models.names import names_for
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.preprocessing import check_preprocessing

if TYPE_CHECKING:
    from lime_core.models.engines.base import EngineName, Precision


class KerasClassifier(NetworkClassifier):
    """Explain a Keras model: one image input `(B, h, w, 3)`, one output `(B, C)`.

    Safe to share between threads: it never calls `model.predict()`. On OpenVINO the model's weights are copied, so
    training it further does not change the classifier.

    Parameters
    ----------
    model : keras.Model
        The model, ready to use; nothing is loaded from a file here.
    id : str
        Name of the model in reports.
    preprocessing : {"none", "tf", "caffe", "torch"}
        How pixels 0..255 are scaled before they enter the model, see `preprocess`.
    class_names : iterable or mapping, optional
        One name a class, in any form that `lime_core.models.names.as_class_names` reads, also the `class_indices` of
        a Keras generator; ``class 0``, ``class 1`` ... if left out.
    input_size : (int, int), optional
        Height and width; needed only for a model that accepts any size.
    weights_sha256 : str, optional
        Digest of the file the weights came from; computed from the weights themselves if left out.
    batch_size : int
        Pictures that go through the network at a time, 1..255.
    engine : {"auto", "tensorflow", "openvino"}
        ``auto`` is OpenVINO where it is installed, there is no GPU and the model converts, else TensorFlow.
    precision : {"f32", "bf16"}
        Numbers inside the network; see `bf16_available`.

    Raises
    ------
    ModelError
        If the model's input or output is not of that form, the number of names is not that of the classes, or the
        engine is not available in that precision.
    """

    def __init__(
        self,
        model: Any,
        *,
        id: str,  # noqa: A002 - the protocol's word
        preprocessing: str = "none",
        class_names: Any = None,
        input_size: tuple[int, int] | None = None,
        weights_sha256: str | None = None,
        batch_size: int = BATCH_SIZE,
        engine: EngineName = "auto",
        precision: Precision = "f32",
    ) -> None:
        check_preprocessing(preprocessing)
        check_backend()
        size = _input_size(model, input_size)
        names = names_for(_outputs(model), class_names)
        made, note = make_engine(lambda: model, size, engine=engine, precision=precision, batch_size=batch_size)
        super().__init__(
            made,
            id=id,
            input_size=size,
            preprocessing=preprocessing,
            class_names=names,
            weights_sha256=weights_sha256 or digest_of_weights(model),
            engine_note=note,
        )


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
    model_size = (shape[1], shape[2])
    if given is None:
        if None in model_size:
            raise ModelError(f"The model accepts any size ({shape}); give input_size=(height, width).")
        return model_size
    if any(side not in (None, wanted) for side, wanted in zip(model_size, given, strict=True)):
        raise ModelError(
            f"The model's input is {model_size[0]}x{model_size[1]} pixels; input_size says {given[0]}x{given[1]}."
        )
    return given


def _outputs(model: Any) -> int:
    shape = getattr(model, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[1] is None:
        raise ModelError(f"The model must have one output of shape (batch, classes); got {shape}.")
    return int(shape[1])
