"""What an explainer needs from an image classifier, and the adapter that turns any callable into one."""

from __future__ import annotations

import numbers
import uuid
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.labels import as_labels
from lime_core.models.output_reader import OutputReader, OutputReadingClassifier
from lime_core.models.outputs import chosen_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lime_core.models.outputs import Meaning, OutputChoice

UNNAMED = "callable"  # the id of a function without a name


@runtime_checkable
class Classifier(Protocol):
    """An image classifier with its own input size and class names."""

    @property
    def id(self) -> str:
        """Catalog id, or the name a user gave the model."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width of the pictures that `predict` takes, in pixels."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """One readable name a class, in the order of the outputs; empty if there are none."""

    @property
    def weights_sha256(self) -> str | None:
        """SHA-256 digest of the weights, or None if there are none."""

    @property
    def engine(self) -> str:
        """What runs the network: ``"tensorflow"``, ``"openvino"``, ``"server"`` or ``"callable"``."""

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to outputs float32 `(B, C)`."""


@runtime_checkable
class MaskedClassifier(Classifier, Protocol):
    """A classifier that hides superpixels inside its own graph, so that only masks are sent to it."""

    def masked_predictor(
        self, image: NDArray[np.uint8], fill: NDArray[np.uint8], labels: NDArray[np.int32]
    ) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """Return the function from masks to outputs for one picture.

        Parameters
        ----------
        image, fill : ndarray of uint8, shape (h, w, 3)
            The picture, and what replaces hidden superpixels; both RGB at `input_size`.
        labels : ndarray of int32, shape (h, w)
            Superpixel of each pixel, 0..S-1.

        Returns
        -------
        callable
            Maps masks uint8 `(B, S)` (1 shown, 0 hidden) to outputs float32 `(B, C)`.
        """


class CallableClassifier(OutputReadingClassifier):
    """Any function from a batch of pictures to a batch of class outputs, as a `Classifier`.

    Parameters
    ----------
    function : callable
        Maps RGB pictures uint8 `(B, h, w, 3)` to numbers `(B, C)`, or to a dict of such arrays, one an output.
    size : int or (int, int)
        Side of a square input, or its height and width, in pixels.
    names : iterable, mapping or path, optional
        One name a class, in any form that `lime_core.models.names.as_class_names` reads, or a file for
        `lime_core.models.labels.read_labels`. Without names, ``class 0``, ``class 1`` ... are used once the first call
        has shown the number of classes; until then `class_names` is empty.
    id : str, optional
        Name of the model in reports, ``callable`` if left out. It decides whether earlier answers belong to the
        same model (see `known` of `query`). Without an id, only the same object counts as the same model.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        What the function returns, see `lime_core.models.outputs.apply`. ``auto`` recognises it on the first call, and
        says in `notes` what was taken and why; probabilities are left as they are. Where the first outputs lie in 0..1
        but do not sum to 1, the function is asked about four more pictures. A single output with two names becomes two
        classes: the first has 1 − p, the second p.
    output : str, optional
        Which one to take, where the function returns a dict of several.

    Attributes
    ----------
    identity : str or None
        Distinguishes this classifier from others without an id or with another form of outputs; None if there is no
        need to.

    Raises
    ------
    ModelError
        If `size` is not one or two positive whole numbers, `function` cannot be called, `names` cannot be read, or
        there is no such form of outputs.
    """

    engine = "callable"
    weights_sha256 = None

    def __init__(
        self,
        function: Callable[[NDArray[np.uint8]], Any],
        size: int | tuple[int, int],
        names: Any = None,
        *,
        id: str | None = None,  # noqa: A002 - the protocol's word
        outputs: OutputChoice = "auto",
        output: str | None = None,
    ) -> None:
        if not callable(function):
            raise ModelError(f"A classifier function must be callable; got {type(function).__name__}.")
        self._function = function
        self.id = UNNAMED if id is None else id
        self._mark = uuid.uuid4().hex if id is None else ""
        self.input_size = as_size(size)
        labels = as_labels(names)
        self.class_names: tuple[str, ...] = labels.names
        self._notes = labels.notes
        self._output = output
        self._read = OutputReader(outputs, names=len(labels.names), splits=False)

    def __repr__(self) -> str:
        return f"CallableClassifier(id={self.id!r}, input_size={self.input_size})"

    @property
    def identity(self) -> str | None:
        """What distinguishes it from others; the form of its outputs is part of it after the first call."""
        return "; ".join(part for part in (self._mark, self._read.identity) if part) or None

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Call the function on RGB pictures uint8 `(B, h, w, 3)`.

        Returns
        -------
        ndarray of float32, shape (B, C)
            The function's outputs in the form of `outputs`; the caller checks whether they make sense.

        Raises
        ------
        ModelError
            If the function raises (its own exception is the cause), or does not return an array of numbers.
        """
        outputs = self._called(images)
        if outputs.ndim != 2 or 0 in outputs.shape or len(outputs) != len(images):
            return outputs  # nothing to recognise; the caller says what is wrong with it
        outputs = self._read(outputs, lambda: self._called(_variations(images[0])))
        if not self.class_names and self._read.reading is not None:
            self.class_names = self._read.reading.names((), outputs.shape[1])
        return outputs

    def _called(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        try:
            given = self._function(images)
            given = chosen_output(given, self._output) if isinstance(given, Mapping) else given
            outputs = None if given is None else np.asarray(given, dtype=np.float32)
        except ModelError:
            raise
        except Exception as error:
            raise ModelError(
                f"The classifier {self.id!r} failed on a batch of shape {images.shape}: {type(error).__name__}: {error}"
            ) from error
        if outputs is None:
            raise ModelError(f"The classifier {self.id!r} returned None; is there a `return` missing in its function?")
        return outputs


def _variations(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return four pictures made of one, uint8 ``(4, h, w, 3)``: black, upside down, negative, and one half black."""
    half = image.copy()
    half[: len(half) // 2] = 0
    return np.stack([np.zeros_like(image), image[::-1], 255 - image, half])


def identity_of(classifier: Classifier) -> str | None:
    """Return what distinguishes a classifier from others with the same id and weights; None where these are enough.

    That is its `identity` where it has one, for example its preprocessing. A classifier with neither identity, weights
    nor a name gets a mark of its own, so that the answers of another object are never taken for its answers.
    """
    identity = getattr(classifier, "identity", None)
    if identity is not None:
        return str(identity)
    if classifier.weights_sha256 is not None or classifier.id != UNNAMED:
        return None
    try:
        return _MARKS.setdefault(classifier, uuid.uuid4().hex)
    except TypeError:
        # It cannot be a key of the dictionary, so it counts as a new classifier each time.
        return uuid.uuid4().hex


def result_notes_of(classifier: Classifier) -> tuple[str, ...]:
    """Return what a classifier has to say to the reader of a result, such as how its outputs were taken."""
    return tuple(getattr(classifier, "result_notes", ()))


def outputs_of(classifier: Classifier) -> Meaning:
    """Return what a classifier's outputs are: ``"values"`` where it says so, else ``"probabilities"``."""
    return "values" if getattr(classifier, "outputs_are", None) == "values" else "probabilities"


_MARKS: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def as_size(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return an input size as height and width, in pixels; one number stands for a square.

    Raises
    ------
    ModelError
        If it is not one or two positive whole numbers.
    """
    sides: tuple[Any, ...] = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    whole = all(isinstance(side, numbers.Integral) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        raise ModelError(f"An input size is one or two positive whole numbers (height, width); got {size!r}.")
    return int(sides[0]), int(sides[1])
