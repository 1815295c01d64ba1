"""A network behind an engine, as a `MaskedClassifier`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.labels import as_labels
from lime_core.models.names import check_count
from lime_core.models.networks.preprocessing import Preprocessing
from lime_core.models.output_reader import OutputReader, OutputReadingClassifier
from lime_core.models.protocol import as_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lime_core.models.differentiable import FeatureLayer, Gradients, Objective
    from lime_core.models.engines.base import Engine
    from lime_core.models.networks.gradients import GradientSource
    from lime_core.models.outputs import OutputChoice

_NO_GRADIENTS = (
    "A model from an ONNX or TensorFlow Lite file runs on OpenVINO, which gives no gradients: bring the network as a "
    ".keras file or a Keras model (`lc.KerasClassifier(model, id=…)`), or take a method that asks about masks."
)


class NetworkClassifier(OutputReadingClassifier):
    """Explain a network: one image input `(B, h, w, channels)`, one output `(B, C)`.

    Safe to share between threads. It prepares the pictures, and reads and names the outputs; the engine runs the
    network.

    Parameters
    ----------
    engine : Engine
        What executes the network.
    id : str
        Name of the model in reports.
    input_size : int or (int, int)
        Side of a square input, or its height and width.
    preprocessing : str, (mean, std) or Preprocessing
        How pixels 0..255 are scaled before they enter the network, in any form of `Preprocessing.parse`.
    class_names : iterable, mapping or path
        One name a class, in any form that `lime_core.models.names.as_class_names` reads, or a file for
        `lime_core.models.labels.read_labels`. None or none at all: ``class 0``, ``class 1`` ...
    weights_sha256 : str
        Digest of the weights.
    engine_note : str, optional
        Why OpenVINO is not used, if it was expected.
    channels : {3, 1}
        Whether the network takes colour or grey pictures.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        What the network answers, see `lime_core.models.outputs.apply`. ``auto`` recognises it from `last_operation`
        or from the answers to a few generated pictures, and says in `notes` what was taken and why.
    last_operation : {"softmax", "sigmoid", "log_softmax"}, optional
        What the network ends in, where that is known.
    notes : tuple of str
        What else was taken for granted about the model.
    differentiate : callable, optional
        Returns what gives the gradients of the same network, from the preprocessing, `input_size`, `channels`, and the
        reader of the outputs; without it there are none.

    Raises
    ------
    ModelError
        If the preprocessing is unknown or not for so many channels, the names cannot be read as names or are not as
        many as the classes, or the network's answers are not finite numbers.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        id: str,  # noqa: A002 - the protocol's word
        input_size: int | tuple[int, int],
        preprocessing: str | tuple[Any, Any] | Preprocessing,
        class_names: Any,
        weights_sha256: str,
        engine_note: str | None = None,
        channels: int = 3,
        outputs: OutputChoice = "auto",
        last_operation: str | None = None,
        notes: tuple[str, ...] = (),
        differentiate: Callable[[Preprocessing, tuple[int, int], int, OutputReader], GradientSource] | None = None,
    ) -> None:
        self._preprocessing = Preprocessing.parse(preprocessing)
        self._preprocessing.check_channels(channels)
        self.id = id
        self.input_size = as_size(input_size)
        self.channels = channels
        self.weights_sha256 = weights_sha256
        self.engine_note = engine_note
        self._engine = engine
        labels = as_labels(class_names)
        self._notes = (*notes, *labels.notes)
        self._read = OutputReader(outputs, last_operation, names=len(labels.names))
        self.class_names = labels.names
        if self._read.needs_answers:
            self._look_at_answers(labels.names)
        else:
            self._read(np.empty((0, len(labels.names)), np.float32))
        self._differentiated = None
        if differentiate is not None:
            self._differentiated = differentiate(self._preprocessing, self.input_size, channels, self._read)

    def _look_at_answers(self, given: tuple[str, ...]) -> None:
        """Recognise the outputs, and number classes without names, by the answers to generated pictures."""
        outputs = self._read(self._run(generated_pictures(self.input_size)))
        if self._read.reading is not None:
            self.class_names = self._read.reading.names(given, outputs.shape[1])
        check_count(self.class_names, outputs.shape[1])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r}, input_size={self.input_size}, engine={self.engine!r})"

    @property
    def engine(self) -> str:
        """What executes the network: ``"tensorflow"``, ``"openvino"`` or ``"openvino-bf16"``."""
        return self._engine.name

    @property
    def preprocessing(self) -> str:
        """How pixels are scaled, as a text that `Preprocessing.parse` reads."""
        return str(self._preprocessing)

    @property
    def identity(self) -> str:
        """Preprocessing and form of outputs, which distinguish it from others with the same weights."""
        return "; ".join(part for part in (self.preprocessing, self._read.identity) if part)

    @property
    def batch_size(self) -> int:
        """Pictures that go through the network at a time; fewer are padded to it, or go one by one."""
        return self._engine.batch_size

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to outputs float32 `(B, C)`.

        Raises
        ------
        ModelError
            If the pictures have another shape or type.
        """
        check_array("images", images, (None, *self.input_size, 3), np.uint8)
        return self._read(self._run(images))

    def _run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's own outputs for RGB pictures."""
        return self._by_batches(self._engine.predict, images)

    def _by_batches(
        self, function: Callable[[NDArray[np.float32]], NDArray[np.float32]], images: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        # So that only one batch at a time exists in float32.
        starts = range(0, max(len(images), 1), self.batch_size)
        batches = (images[start : start + self.batch_size] for start in starts)
        return np.concatenate([function(self._prepared(batch)) for batch in batches])

    @property
    def gives_features(self) -> bool:
        """Whether `features` works: on OpenVINO, of a network whose last layer multiplies features by weights."""
        return self._engine.gives_features

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Map RGB pictures uint8 `(B, h, w, 3)` at `input_size` to what enters the last layer, float32 `(B, F)`.

        Maps of features are averaged over places.

        Raises
        ------
        ModelError
            If the pictures have another shape or type, or the classifier does not give features.
        """
        check_array("images", images, (None, *self.input_size, 3), np.uint8)
        return self._by_batches(self._engine.features, images)

    def _prepared(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._preprocessing(images, self.channels)

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
        check_array("image", image, (*self.input_size, 3), np.uint8)
        check_array("fill", fill, (*self.input_size, 3), np.uint8)
        check_array("labels", labels, self.input_size, np.int32)
        lowest, superpixels = int(labels.min()), int(labels.max()) + 1
        if lowest < 0:
            raise ModelError(f"labels must be 0 or more; the lowest is {lowest}.")
        pictures = self._prepared(np.stack([fill, image]))
        labels = labels.copy()

        def predict_masks(masks: NDArray[np.uint8]) -> NDArray[np.float32]:
            check_array("masks", masks, (None, None), np.uint8)
            if masks.shape[1] < superpixels:
                raise ModelError(f"masks must have {superpixels} columns, one a superpixel; got {masks.shape[1]}.")
            return self._read(self._engine.choose(pictures, labels, np.minimum(masks, 1)))

        return predict_masks

    @property
    def gradients_obstacle(self) -> str | None:
        """Why there are no gradients, in a sentence; None where there are, of a network that Keras can build."""
        return _NO_GRADIENTS if self._differentiated is None else self._differentiated.obstacle

    def feature_layers(self) -> tuple[FeatureLayer, ...]:
        """Return the layers whose maps the outputs depend on, as `DifferentiableClassifier` describes."""
        return tuple(self._source().feature_layers().values())

    def gradients(
        self,
        images: NDArray[np.float32],
        classes: Sequence[int],
        objective: Objective,
        *,
        layer: str | None = None,
    ) -> Gradients:
        """Differentiate class outputs in TensorFlow and f32, as `DifferentiableClassifier` describes."""
        check_array("images", images, (None, *self.input_size, 3), np.float32)
        return self._source().gradients(images, classes, objective, layer)

    def _source(self) -> GradientSource:
        obstacle = self.gradients_obstacle
        if obstacle is not None or self._differentiated is None:
            raise ModelError(obstacle or _NO_GRADIENTS)
        return self._differentiated


def generated_pictures(input_size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return pictures as different as possible, uint8 ``(6, h, w, 3)``: the same each time."""
    height, width = input_size
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    noise[1] //= 4
    rising = np.linspace(0, 255, height * width).astype(np.uint8).reshape(height, width, 1).repeat(3, axis=2)
    flat = np.array([[0, 0, 0], [255, 255, 255], [200, 60, 20]], np.uint8)[:, None, None]
    return np.concatenate([noise, rising[None], np.broadcast_to(flat, (3, height, width, 3))])


def check_array(name: str, array: NDArray[Any], shape: tuple[int | None, ...], dtype: type) -> None:
    """Raise `ModelError` unless an array has this type and shape, in which None stands for any number."""
    fits = array.ndim == len(shape) and all(
        expected in (None, side) for expected, side in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        expected_shape = ", ".join("any" if side is None else str(side) for side in shape)
        raise ModelError(
            f"{name} must be {np.dtype(dtype).name} of shape ({expected_shape}); "
            f"got {array.dtype} of shape {array.shape}."
        )
