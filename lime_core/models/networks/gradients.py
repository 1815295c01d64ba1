"""Gradients of a Keras model, from RGB pixels through the preprocessing and the reading of the outputs, in TensorFlow.

TensorFlow is imported, and a network of the catalog is built, when gradients are first asked for.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.differentiable import FeatureLayer, Gradients, Objective
from lime_core.models.engines.choice import BUILDING
from lime_core.models.engines.keras_import import check_backend, import_keras, import_tensorflow
from lime_core.models.networks.feature_layers import check_layer, layers_with_maps, named_layers, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from lime_core.models.networks.keras_heads import Head
    from lime_core.models.networks.preprocessing import Preprocessing
    from lime_core.models.output_reader import OutputReader, Reading

_SAME = 1e-5  # between a softmax of the logits that Keras kept, and the output
# Without logits: the closest to 0 or 1 that float32 can tell from them.
_SMALLEST = 1e-7


def missing_packages() -> str | None:
    """Return which package gradients lack, in a sentence; None if none. Nothing is imported to find out."""
    missing = [name for name in ("tensorflow", "keras") if importlib.util.find_spec(name) is None]
    if missing:
        return (
            f"Gradients need TensorFlow and Keras, and {missing[0]} is not installed: `pip install tensorflow keras`."
        )
    return None


class GradientSource(Protocol):
    """What a `NetworkClassifier` has its gradients from."""

    @property
    def obstacle(self) -> str | None:
        """Why there are none, in a sentence; None where there are. Nothing is loaded to find out."""

    def feature_layers(self) -> Mapping[str, FeatureLayer]:
        """Return the layers whose maps the outputs depend on, by name, in the order in which they are computed."""

    def gradients(
        self, images: NDArray[np.float32], classes: Sequence[int], objective: Objective, layer: str | None = None
    ) -> Gradients:
        """Differentiate class outputs, as `DifferentiableClassifier.gradients` describes."""


class GradientNetwork:
    """A Keras model that is differentiated; threads may share it.

    It runs eagerly: the first question would wait longer for a graph than it then saves.

    Parameters
    ----------
    build : callable
        Returns the output of the Keras model; called once, when gradients are first asked for.
    preprocessing : Preprocessing
        From RGB pixels 0..255 to the model's input.
    input_size : (int, int)
        Height and width.
    channels : int
        Of the model's input: 3, or 1 for grey pictures. Grey levels are not rounded here.
    read : OutputReader
        How the model's outputs are read; it has read some already.
    """

    def __init__(
        self,
        build: Callable[[], Head],
        preprocessing: Preprocessing,
        input_size: tuple[int, int],
        channels: int,
        read: OutputReader,
    ) -> None:
        self._build, self._read, self._input_size = build, read, input_size
        self._matrix, self._offset = preprocessing.linear(channels)
        self._head: Head | None = None
        self._layers: dict[str, FeatureLayer] | None = None

    @property
    def obstacle(self) -> str | None:
        """What gradients lack on this machine, in a sentence; None if nothing."""
        missing = missing_packages()
        if missing is None:
            try:
                check_backend()
            except ModelError as error:
                return str(error)
        return missing

    @property
    def head(self) -> Head:
        """The output of the Keras model."""
        if self._head is None:
            with BUILDING:
                if self._head is None:
                    import_keras()
                    self._head = self._build()
        return self._head

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """Return the layers with maps by name, as `layers_with_maps` does; found by one run on a black picture."""
        if self._layers is None:
            tf = import_tensorflow()
            self._layers = layers_with_maps(self.head, self._prepared(tf.zeros((1, *self._input_size, 3))))
        return self._layers

    def gradients(
        self, images: NDArray[np.float32], classes: Sequence[int], objective: Objective, layer: str | None = None
    ) -> Gradients:
        """Differentiate class outputs, as `DifferentiableClassifier.gradients` describes."""
        tf, head = import_tensorflow(), self.head
        pixels = tf.constant(images)
        layers = {} if layer is None else self._layer(layer)
        variables = [] if layers else [pixels]

        def take(_: str, output: Any) -> None:
            tape.watch(output)
            variables[:] = [output]  # of a layer that runs twice, the last time

        # Persistent: one run of the network, and one way back for each class.
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(variables)
            with watched(layers, take):
                outputs = head(self._prepared(pixels))
            values = self._values(outputs, classes, objective)
        if not variables:
            raise ModelError(f"The network did not run its layer {layer!r} for this picture.")
        slopes = [_checked(tape.gradient(value, variables[0])) for value in values]
        maps = tf.cast(variables[0], tf.float32).numpy() if layers else None
        shape = (len(images), 0, *variables[0].shape[1:])
        return Gradients(
            outputs=self._read(np.asarray(outputs, np.float32)),
            values=np.stack([value.numpy() for value in values], 1).astype(np.float64)
            if values
            else np.empty(shape[:2]),
            gradients=np.stack(slopes, axis=1) if slopes else np.empty(shape, np.float32),
            maps=maps,
        )

    def _layer(self, name: str) -> dict[str, Any]:
        check_layer(self.feature_layers(), name)
        return {name: named_layers(self.head.model)[name]}

    def _prepared(self, pixels: Any) -> Any:
        tf = import_tensorflow()
        return tf.tensordot(pixels, self._matrix, 1) + self._offset

    def _values(self, outputs: Any, classes: Sequence[int], objective: Objective) -> list[Any]:
        """Return what is differentiated, a tensor of shape (B,) for each class."""
        reading = self._read.reading
        if reading is None:
            raise ModelError("The model has to be asked about a picture once before its gradients are.")
        if objective == "output":
            given = _class_outputs(outputs, reading)
            return [given[:, index] for index in classes]
        if reading.form == "values":
            raise ModelError("The model's outputs are values in its own unit, which have no log-odds: take 'output'.")
        return _log_odds(outputs, reading, classes)


def _class_outputs(outputs: Any, reading: Reading) -> Any:
    """Return class outputs as `lime_core.models.outputs.apply` does, as a tensor."""
    tf = import_tensorflow()
    given = tf.cast(outputs, tf.float32)
    if reading.form == "softmax":
        return tf.nn.softmax(given)
    if reading.form == "sigmoid":
        given = tf.sigmoid(given)
    elif reading.form == "log":
        given = tf.exp(given)
    return tf.concat([1 - given, given], axis=1) if reading.two_classes else given


def _log_odds(outputs: Any, reading: Reading, classes: Sequence[int]) -> list[Any]:
    """Return the log-odds of classes, from logits wherever there are any.

    From a probability close to 1 float32 could not tell them, and their gradient would vanish.
    """
    tf = import_tensorflow()
    logits, kind = _logits(outputs, reading)
    if kind == "softmax":
        rest = [tf.concat([logits[:, :index], logits[:, index + 1 :]], axis=1) for index in classes]
        return [logits[:, index] - tf.reduce_logsumexp(z, axis=1) for index, z in zip(classes, rest, strict=True)]
    if kind == "sigmoid":
        logits = tf.concat([-logits, logits], axis=1) if reading.two_classes else logits
        return [logits[:, index] for index in classes]
    given = tf.clip_by_value(_class_outputs(outputs, reading), _SMALLEST, 1 - _SMALLEST)
    odds = tf.math.log(given) - tf.math.log1p(-given)
    return [odds[:, index] for index in classes]


def _logits(outputs: Any, reading: Reading) -> tuple[Any, str | None]:
    """Return logits behind a model's outputs, and whether a softmax or a sigmoid belongs to them; else None."""
    tf = import_tensorflow()
    several = outputs.shape[1] > 1
    if reading.form == "sigmoid" or (reading.form in ("softmax", "log") and several):
        return tf.cast(outputs, tf.float32), "sigmoid" if reading.form == "sigmoid" else "softmax"
    # Keras keeps the logits beside the result of its softmax and sigmoid, for its losses.
    kept = getattr(outputs, "_keras_logits", None)
    if reading.form == "probabilities" and kept is not None and kept.shape == outputs.shape:
        kept = tf.cast(kept, tf.float32)
        for kind, function in (("softmax", tf.nn.softmax), ("sigmoid", tf.sigmoid)):
            same = float(tf.reduce_max(tf.abs(function(kept) - tf.cast(outputs, tf.float32)))) <= _SAME
            if same and (several or kind == "sigmoid"):
                return kept, kind
    return None, None


def _checked(gradient: Any) -> NDArray[np.float32]:
    if gradient is None:
        raise ModelError(
            "The outputs do not depend on the pictures in a differentiable way: a step in the network, such as a "
            "rounding or a conversion to whole numbers, has no gradient. Take a method that asks about masks."
        )
    slopes: NDArray[np.float32] = np.asarray(gradient, np.float32)
    if not np.isfinite(slopes).all():
        raise ModelError("The network's gradients are not finite numbers; take a method that asks about masks.")
    return slopes
