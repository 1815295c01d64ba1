"""Gradients of a model file, one question after the other; runs in the child process only.

Everything here runs on a stranger's data with limits; `lime_core.models.file_gradients.source` checks what comes out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lime_core.models.engines.keras_import import import_tensorflow
from lime_core.models.file_gradients.messages import receive_array, receive_header, send
from lime_core.models.networks.gradients import GradientNetwork
from lime_core.models.networks.keras_heads import Head
from lime_core.models.networks.preprocessing import Preprocessing
from lime_core.models.output_reader import OutputReader, Reading
from lime_core.models.own.child import reason_of
from lime_core.models.own.inputs import layout
from lime_core.models.own.keras_file import load_keras
from lime_core.models.own.returned import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lime_core.models.own.limits import Limits

_FAILURE = "The model's gradients cannot be computed"


@dataclass(frozen=True, slots=True)
class FileHead(Head):
    """An output of a Keras model as reading its file has found it: by its place among all outputs.

    Attributes
    ----------
    channels_first : bool
        Whether the model takes pictures ``(B, channels, h, w)``.
    """

    channels_first: bool

    def __call__(self, pixels: Any, training: bool = False) -> Any:
        """Run the model on pictures ``(B, h, w, channels)`` and return this output, ``(B, C)``."""
        tf = import_tensorflow()
        given = tf.transpose(pixels, (0, 3, 1, 2)) if self.channels_first else pixels
        output = tf.nest.flatten(self.model(given, training=training))[self.key]
        # Only where it must be: what Keras keeps beside the tensor would be lost.
        return output if len(output.shape) == 2 else tf.reshape(output, (-1, self.classes))


def serve(request: Mapping[str, Any], limits: Limits) -> None:
    """Build the network of the model file in the working folder, say so, and answer questions until there are no more.

    Parameters
    ----------
    request : mapping
        `file` (its name), `output` (which one), `classes` (how many numbers it gives), `input_size`, `channels`,
        `preprocessing`, and `reading` (the fields of `Reading`).
    limits : Limits
        Of this process.
    """
    questions, answers = _streams()
    try:
        network = _network(request)
        send(answers, {})
    except Exception as error:
        # Libraries raise any type of exception for a file that they cannot use.
        send(answers, {"error": reason_of(error, limits, _FAILURE)})
        return
    size = request["input_size"]
    while True:
        try:
            question = receive_header(questions)
            images = receive_array(questions, (question["pictures"], *size, 3), np.float32)
        except EOFError:
            return
        try:
            header, arrays = _answer(network, question, images)
        except Exception as error:
            header, arrays = {"error": reason_of(error, limits, _FAILURE)}, []
        send(answers, header, arrays)


def _streams() -> tuple[IO[bytes], IO[bytes]]:
    """Return the input and output of the process for messages only, so that nothing that libraries print gets there."""
    streams = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return streams


def _network(request: Mapping[str, Any]) -> GradientNetwork:
    model = load_keras(Path(request["file"]))
    names = [plain_text(name) for name in model.output_names]
    first, _ = layout(list(model.inputs[0].shape), channels_first=False)
    head = FileHead(model, names.index(request["output"]), request["classes"], None, first)
    read = OutputReader()
    read.reading = Reading(**request["reading"])
    height, width = request["input_size"]
    preprocessing = Preprocessing.parse(request["preprocessing"])
    network = GradientNetwork(lambda: head, preprocessing, (height, width), request["channels"], read)
    network.head(np.zeros((1, height, width, request["channels"]), np.float32))
    return network


def _answer(
    network: GradientNetwork, question: Mapping[str, Any], images: NDArray[np.float32]
) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Return the layers where no classes are asked for, or else gradients and what belongs to them."""
    layers = network.feature_layers() if question["layer"] is not None or question["classes"] is None else {}
    if question["classes"] is None:
        return {"layers": [[item.name, *item.shape] for item in layers.values()]}, []
    name = None if question["layer"] is None else list(layers)[question["layer"]]
    found = network.gradients(images, question["classes"], question["objective"], name)
    arrays: list[NDArray[Any]] = [found.outputs, found.values, found.gradients]
    arrays += [] if found.maps is None else [found.maps]
    return {"shapes": [list(array.shape) for array in arrays]}, arrays
