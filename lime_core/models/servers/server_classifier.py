"""A model on a server as a `Classifier`."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.labels import as_labels
from lime_core.models.names import check_count
from lime_core.models.networks.classifier import check_array, generated_pictures
from lime_core.models.networks.preprocessing import NONE_GIVEN, Preprocessing
from lime_core.models.networks.preprocessing_choice import PreprocessingComparison, compare_preprocessings
from lime_core.models.output_reader import OutputReader, OutputReadingClassifier
from lime_core.models.servers.addresses import parse_address
from lime_core.models.servers.connection import Connection
from lime_core.models.servers.fields import listed
from lime_core.models.servers.in_flight import in_order
from lime_core.models.servers.protocols import describe
from lime_core.models.servers.tensors import as_outputs, read_input

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lime_core.models.outputs import OutputChoice
    from lime_core.models.servers.addresses import Address
    from lime_core.models.servers.protocols import InferenceProtocol
    from lime_core.models.servers.tensors import Layout, PictureInput

BATCH_SIZE = 8
IN_FLIGHT = 4  # with batches of 8, the 32 pictures that a query asks about at a time go out at once
TIMEOUT = 60.0  # seconds


def connect(
    address: str,
    *,
    labels: Any = None,
    preprocessing: str | tuple[Any, Any] | Preprocessing | None = None,
    outputs: OutputChoice = "auto",
    input_size: int | tuple[int, int] | None = None,
    layout: Layout | None = None,
    output: str | None = None,
    batch_size: int = BATCH_SIZE,
    in_flight: int = IN_FLIGHT,
    timeout: float = TIMEOUT,
    id: str | None = None,  # noqa: A002 - the protocol's word
) -> ServerClassifier:
    """Make a model on a server ready to explain.

    The server is asked to describe the model and to classify a few generated pictures, so that most mistakes show here.
    An access token is taken from the environment variable ``LIMELIGHT_TOKEN`` and sent to this server only.

    Parameters
    ----------
    address : str
        ``http://HOST:8000/v2/models/NAME`` or ``…/versions/VERSION`` for the Open Inference Protocol v2 (KServe,
        Triton, MLServer, OpenVINO Model Server); ``http://HOST:8501/v1/models/NAME`` for TensorFlow Serving.
    labels : iterable, mapping or path, optional
        One name a class, in any form that `lime_core.models.labels.as_labels` reads; ``class 0``, ``class 1`` ... if
        left out.
    preprocessing : str, (mean, std) or Preprocessing, optional
        How pixels 0..255 are scaled before they are sent, in any form of
        `lime_core.models.networks.preprocessing.Preprocessing.parse`. Without it they are sent as they are, and, unless
        the model takes nothing but such numbers, a note says so.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        What the model answers, see `lime_core.models.outputs.apply`. ``auto`` recognises it from the first answers, and
        says in `notes` what was taken and why.
    input_size : int or (int, int), optional
        Height and width of the pictures; needed only where the model takes any size.
    layout : {"NHWC", "NCHW"}, optional
        Channels last or first; needed only where the model's shape can be read both ways.
    output : str, optional
        The output with the classes; needed only where there are several.
    batch_size : int
        Most pictures in a request. A model that takes one at a time is sent one at a time.
    in_flight : int
        Most requests that wait for their answers at a time.
    timeout : float
        Longest wait for the answer to one request, in seconds. While it has not passed, a request is repeated if the
        server is away or busy (no connection, or status 429, 502, 503 or 504).
    id : str, optional
        Name of the model in reports; its name on the server if left out.

    Raises
    ------
    ModelError
        If the address, or what the server says, cannot be used; the message says why and what to do.
    """
    given, prepared = as_labels(labels), Preprocessing.parse("none" if preprocessing is None else preprocessing)
    _check_limits(batch_size=batch_size, in_flight=in_flight)
    _check_timeout(timeout)
    parsed = parse_address(address)
    connection = Connection(parsed.origin, timeout=timeout, in_flight=in_flight)
    model = describe(parsed, connection)
    picture_input = read_input(model.inputs, input_size, layout)
    notes = given.notes if preprocessing is not None or picture_input.takes_bytes else (NONE_GIVEN, *given.notes)
    return ServerClassifier(
        parsed,
        connection,
        model,
        picture_input,
        output=_output(model.outputs, output),
        id=parsed.model if id is None else id,
        names=given.names,
        notes=notes,
        preprocessing=prepared,
        outputs=outputs,
        batch_size=1 if picture_input.single else batch_size,
        in_flight=in_flight,
    )


class ServerClassifier(OutputReadingClassifier):
    """A model on a server, made by `connect`. Safe to share between threads.

    Attributes
    ----------
    id : str
        Name of the model in reports.
    input_size : (int, int)
        Height and width of the pictures.
    class_names : tuple of str
        One name a class.
    identity : str
        Distinguishes this model from others of the same name: a digest of its address, its settings and its answers to
        a few generated pictures, because a server does not tell the digest of its weights.
    preprocessing : str
        How pixels are scaled, as a text that `Preprocessing.parse` reads.
    batch_size : int
        Most pictures in a request.
    """

    engine = "server"
    weights_sha256 = None

    def __init__(
        self,
        address: Address,
        connection: Connection,
        model: InferenceProtocol,
        picture_input: PictureInput,
        *,
        output: str | None,
        id: str,  # noqa: A002 - the protocol's word
        names: tuple[str, ...],
        notes: tuple[str, ...],
        preprocessing: Preprocessing,
        outputs: OutputChoice,
        batch_size: int,
        in_flight: int,
    ) -> None:
        self.id = id
        self.input_size = picture_input.size
        self.batch_size = batch_size
        self._address = address
        self._connection = connection
        self._model = model
        self._input = picture_input
        self._output = output
        self._preprocessing = preprocessing
        self.preprocessing = str(preprocessing)
        self._in_flight = in_flight
        self._notes = notes
        self._version: str | None = None
        pictures = preprocessing(generated_pictures(self.input_size), picture_input.channels)
        # The first answer tells the version that all others have to be of.
        first, self._version = self._ask(pictures[:1], threading.Event())
        self._columns = first.shape[1]
        raw = np.concatenate([first, self.predict_prepared(pictures[1:])])
        self._outputs = outputs
        self._read = read = OutputReader(outputs, names=len(names))
        answers = read(raw)
        self.class_names = names
        if read.reading is not None:
            self.class_names = read.reading.names(names, answers.shape[1])
        check_count(self.class_names, answers.shape[1])
        settings = (str(address), picture_input, output, self.preprocessing, read.identity)
        self.identity = hashlib.sha256(repr(settings).encode() + raw.tobytes()).hexdigest()

    def preprocessings_for(self, image: NDArray[np.uint8], *, also: Sequence[Any] = ()) -> PreprocessingComparison:
        """Ask the model about a picture under several preprocessings, and suggest one.

        Parameters
        ----------
        image : ndarray of uint8, shape (h, w, 3)
            A picture of something that the model knows, RGB at `input_size`.
        also : sequence
            Further preprocessings to try, in any form of `Preprocessing.parse`.
        """
        bytes_only = ("none", "none-bgr") if self._input.channels == 3 else ("none",)
        return compare_preprocessings(
            image,
            self.predict_prepared,
            choices=bytes_only if self._input.takes_bytes else None,
            also=also,
            channels=self._input.channels,
            outputs=self._outputs,
        )

    def __repr__(self) -> str:
        return f"ServerClassifier({str(self._address)!r}, id={self.id!r}, input_size={self.input_size})"

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to outputs float32 `(B, C)`.

        Raises
        ------
        ModelError
            If the pictures have another shape or type, or the server gives no usable answer in time.
        """
        check_array("images", images, (None, *self.input_size, 3), np.uint8)
        return self._read(self.predict_prepared(self._preprocessing(images, self._input.channels)))

    def predict_prepared(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map prepared pictures float32 `(B, h, w, channels)` to the model's own outputs float32 `(B, C)`.

        Raises
        ------
        ModelError
            If the model does not take such numbers, or the server gives no usable answer in time.
        """
        batches = [pixels[start : start + self.batch_size] for start in range(0, len(pixels), self.batch_size)]
        outputs = np.empty((len(pixels), self._columns), np.float32)
        for index, answer in enumerate(in_order(self._checked, batches, self._in_flight)):
            outputs[index * self.batch_size : index * self.batch_size + len(answer)] = answer
        return outputs

    def _checked(self, pixels: NDArray[np.float32], stopped: threading.Event) -> NDArray[np.float32]:
        outputs, version = self._ask(pixels, stopped)
        if version != self._version:
            raise ModelError(
                f"The server changed from version {self._version or 'unknown'} of the model to {version or 'unknown'}, "
                "so its answers cannot be mixed: connect again, or name a version in the address (/versions/…)."
            )
        if outputs.shape[1] != self._columns:
            raise ModelError(
                f"The server answered with {outputs.shape[1]} numbers a picture, and with {self._columns} before."
            )
        return outputs

    def _ask(self, pixels: NDArray[np.float32], stopped: threading.Event) -> tuple[NDArray[np.float32], str | None]:
        tensor = self._input.pack(pixels)
        request = self._model.request(self._input.name, tensor, self._input.datatype, self._output)
        values, version = self._model.read(self._connection.post(request, stopped), self._output)
        return as_outputs(values, len(pixels)), version


def _output(names: tuple[str, ...], wanted: str | None) -> str | None:
    """Return the output to ask for; None where the server names none, and its answer must have only one."""
    if wanted is not None and names and wanted not in names:
        raise ModelError(f"The model has no output {wanted!r}; its outputs are {listed(names)}.")
    if wanted is None and len(names) > 1:
        raise ModelError(f"The model has several outputs: choose one with output=, of {listed(names)}.")
    return names[0] if wanted is None and names else wanted


def _check_limits(**limits: int) -> None:
    for name, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ModelError(f"{name} must be a whole number of at least 1; got {value!r}.")


def _check_timeout(timeout: float) -> None:
    # A day at most: the operating system's own limits are not met then.
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 86400:
        raise ModelError(f"timeout must be a number of seconds above 0, up to 86400; got {timeout!r}.")
