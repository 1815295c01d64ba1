"""A Keras model as a `MaskedClassifier`."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.models.engines.base import BATCH_SIZE
from lime_core.models.engines.choice import make_engine
from lime_core.models.engines.keras_import import check_backend
from lime_core.models.labels import as_labels
from lime_core.models.names import check_count
from lime_core.models.networks.classifier import NetworkClassifier
from lime_core.models.networks.gradients import GradientNetwork
from lime_core.models.networks.keras_heads import head_of, input_of
from lime_core.models.networks.preprocessing import Preprocessing
from lime_core.models.outputs import check_choice

if TYPE_CHECKING:
    from lime_core.models.engines.base import EngineName, Precision
    from lime_core.models.outputs import OutputChoice


class KerasClassifier(NetworkClassifier):
    """Explain a Keras model: one image input `(B, h, w, 3)`, or `(B, h, w, 1)` for grey pictures, one output `(B, C)`.

    Safe to share between threads: it never calls `model.predict()`. On OpenVINO the model's weights are copied, so
    training it further does not change the classifier.

    Parameters
    ----------
    model : keras.Model
        The model, ready to use; nothing is loaded from a file here. One that is not built is called once on a black
        picture, which builds it.
    id : str
        Name of the model in reports.
    preprocessing : str, (mean, std) or Preprocessing
        How pixels 0..255 are scaled before they enter the model, in any form of
        `lime_core.models.networks.preprocessing.Preprocessing.parse`.
    class_names : iterable, mapping or path, optional
        One name a class, in any form that `lime_core.models.names.as_class_names` reads, also the `class_indices` of
        a Keras generator, or a file for `lime_core.models.labels.read_labels`; ``class 0``, ``class 1`` ... if left
        out. A single sigmoid takes two names: first that of outputs near 0, then that of outputs near 1.
    input_size : int or (int, int), optional
        Height and width; needed for a model that accepts any size, is not built or is of a class of the user's own.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        What the model answers, see `lime_core.models.outputs.apply`. ``auto`` recognises it from the last layer, or
        from answers to a few generated pictures, and says in `notes` what was taken and why.
    output : str, optional
        Name of the output, where the model has several.
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
        preprocessing: str | tuple[Any, Any] | Preprocessing = "none",
        class_names: Any = None,
        input_size: int | tuple[int, int] | None = None,
        outputs: OutputChoice = "auto",
        output: str | None = None,
        weights_sha256: str | None = None,
        batch_size: int = BATCH_SIZE,
        engine: EngineName = "auto",
        precision: Precision = "f32",
    ) -> None:
        preprocessing = Preprocessing.parse(preprocessing)
        check_choice(outputs)
        check_backend()
        labels = as_labels(class_names)
        size, channels = input_of(model, input_size)
        preprocessing.check_channels(channels)
        head = head_of(model, (*size, channels), output)
        two_classes = head.classes == 1 and len(labels.names) == 2
        if class_names is not None and not two_classes:
            check_count(labels.names, head.classes)
        made, note = make_engine(
            lambda: head, size, engine=engine, precision=precision, batch_size=batch_size, channels=channels
        )
        super().__init__(
            made,
            id=id,
            input_size=size,
            preprocessing=preprocessing,
            class_names=labels.names,
            weights_sha256=weights_sha256 or digest_of_weights(model),
            engine_note=note,
            channels=channels,
            outputs=outputs,
            last_operation=head.last_operation,
            notes=labels.notes,
            differentiate=partial(GradientNetwork, lambda: head),
        )


def digest_of_weights(model: Any) -> str:
    """Return the SHA-256 over shape, type and bytes of every weight of a Keras model, in order."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(f"{weight.shape}{weight.dtype}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()
