"""The gradients of a classifier that was read from a ``.keras`` file; TensorFlow runs in another process only."""

from __future__ import annotations

import contextlib
import threading
from typing import IO, TYPE_CHECKING, Any, TypeVar

import numpy as np

from lime_core.errors import ModelError, in_words
from lime_core.models.differentiable import FeatureLayer, Gradients, Objective
from lime_core.models.file_gradients.messages import receive_array
from lime_core.models.file_gradients.process import EndedError, GradientProcess
from lime_core.models.networks.feature_layers import check_layer
from lime_core.models.networks.gradients import missing_packages
from lime_core.models.own.returned import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lime_core.models.networks.preprocessing import Preprocessing
    from lime_core.models.output_reader import OutputReader
    from lime_core.models.own.kept_file import KeptFile

_T = TypeVar("_T")
_MOST_LAYERS = 10_000
_MOST_NUMBERS = 1 << 26  # of one picture's maps
_MOST_BYTES = 1 << 29  # of an answer; working with it takes several times as much


class FileGradients:
    """A `GradientSource` whose network is in a process of its own, started when it is first needed.

    Threads may share it; they wait for each other. What the process answers is checked as data from a stranger.

    Parameters
    ----------
    file : KeptFile
        The model.
    output : str
        Name of its output.
    outputs : int
        How many numbers that gives.
    preprocessing : Preprocessing
        From RGB pixels 0..255 to the model's input.
    input_size : (int, int)
        Height and width.
    channels : int
        Of the model's input: 3, or 1 for grey pictures.
    read : OutputReader
        How the model's outputs are read; it has read some already.
    """

    def __init__(
        self,
        file: KeptFile,
        output: str,
        outputs: int,
        preprocessing: Preprocessing,
        input_size: tuple[int, int],
        channels: int,
        read: OutputReader,
    ) -> None:
        self._file, self._read, self._input_size = file, read, input_size
        self._request = {
            "output": output,
            "classes": outputs,
            "preprocessing": str(preprocessing),
            "input_size": list(input_size),
            "channels": channels,
        }
        self._outputs = outputs
        self._starting = threading.Lock()
        self._process: GradientProcess | None = None
        self._layers: dict[str, FeatureLayer] | None = None

    @property
    def obstacle(self) -> str | None:
        """Which package gradients lack, in a sentence; None if none."""
        return missing_packages()

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """Return the layers with maps, by names that are fit to be shown."""
        if self._layers is None:
            none = np.empty((0, *self._input_size, 3), np.float32)
            self._layers = self._ask({"pictures": 0, "classes": None, "layer": None}, none, _layers)
        return self._layers

    def gradients(
        self, images: NDArray[np.float32], classes: Sequence[int], objective: Objective, layer: str | None = None
    ) -> Gradients:
        """Differentiate class outputs, as `DifferentiableClassifier.gradients` describes."""
        place, variable = None, (*self._input_size, 3)
        if layer is not None:
            layers = self.feature_layers()
            check_layer(layers, layer)
            place, variable = list(layers).index(layer), layers[layer].shape
        pictures, two_classes = len(images), self._reading()["two_classes"]
        shapes = [
            (pictures, 2 if two_classes else self._outputs),
            (pictures, len(classes)),
            (pictures, len(classes), *variable),
            *([] if layer is None else [(pictures, *variable)]),
        ]
        size = sum(4 * int(np.prod(shape, dtype=object)) for shape in shapes)
        if size > _MOST_BYTES:
            raise ModelError(
                f"The gradients of {pictures} pictures and {len(classes)} classes take {size / 1e9:.1f} GB; at most "
                f"{_MOST_BYTES / 1e9:.1f} GB are allowed: take fewer at a time."
            )

        def read(header: Mapping[str, Any], stream: IO[bytes]) -> list[NDArray[Any]]:
            if header["shapes"] != [list(shape) for shape in shapes]:
                raise ValueError("other shapes")
            types = [np.float64 if index == 1 else np.float32 for index in range(len(shapes))]
            arrays = [receive_array(stream, shape, dtype) for shape, dtype in zip(shapes, types, strict=True)]
            if not all(np.isfinite(array).all() for array in arrays):
                raise ValueError("not finite")
            return arrays

        question = {
            "pictures": pictures,
            "classes": [int(index) for index in classes],
            "objective": objective,
            "layer": place,
        }
        outputs, values, gradients, *maps = self._ask(question, images, read)
        return Gradients(outputs, values, gradients, maps[0] if maps else None)

    def _ask(
        self,
        question: Mapping[str, Any],
        images: NDArray[np.float32],
        read: Callable[[Mapping[str, Any], IO[bytes]], _T],
    ) -> _T:
        while True:
            with contextlib.suppress(EndedError):
                return self._running().ask(question, images, read)

    def _running(self) -> GradientProcess:
        """Return the process, started anew where it is not usable."""
        with self._starting:
            if self._process is None or not self._process.usable:
                self._process = None
                try:
                    self._process = GradientProcess(self._file, {**self._request, "reading": self._reading()})
                except OSError as error:
                    raise ModelError(f"The model file cannot be read again: {in_words(error)}.") from error
            return self._process

    def _reading(self) -> dict[str, Any]:
        reading = self._read.reading
        if reading is None:
            raise ModelError("The model has to be asked about a picture once before its gradients are.")
        return {"form": reading.form, "two_classes": reading.two_classes, "presumed": reading.presumed}


def _layers(header: Mapping[str, Any], _: IO[bytes]) -> dict[str, FeatureLayer]:
    listed = header["layers"]
    if not 1 <= len(listed) <= _MOST_LAYERS:
        raise ValueError("too many layers, or none")
    layers: dict[str, FeatureLayer] = {}
    for name, *shape in listed:
        height, width, channels = shape
        whole = all(type(side) is int and side >= 1 for side in shape)
        shown = plain_text(name)
        # A layer is asked for by its place, so no two may have one name.
        if not whole or height * width * channels > _MOST_NUMBERS or shown in layers:
            raise ValueError("no layer")
        layers[shown] = FeatureLayer(shown, (height, width, channels))
    return layers
