"""What there is to know of a Keras model before it is run: its input, its outputs, and what they end in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from lime_core.errors import ModelError, in_words
from lime_core.models.outputs import chosen_name
from lime_core.models.protocol import as_size

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Head:
    """One output of a Keras model, called as the model itself is.

    Attributes
    ----------
    model : keras.Model
        The whole model.
    key : str, int or None
        Which of its outputs, in a dict or a list; None where there is one only.
    classes : int
        Number of the outputs for a picture.
    last_operation : str or None
        ``"softmax"``, ``"sigmoid"`` or ``"log_softmax"`` where it ends in one of these, as far as the layers tell.
    """

    model: Any
    key: str | int | None
    classes: int
    last_operation: str | None

    def __call__(self, pixels: Any, training: bool = False) -> Any:
        """Run the model and return this output."""
        outputs = self.model(pixels, training=training)
        if self.key is not None:
            return outputs[self.key]
        while isinstance(outputs, Mapping | list | tuple):
            (outputs,) = outputs.values() if isinstance(outputs, Mapping) else outputs
        return outputs


def input_of(model: Any, size: Any = None) -> tuple[tuple[int, int], int]:
    """Return height and width of a Keras model's pictures, and their channels.

    Parameters
    ----------
    model : keras.Model
        Built or not.
    size : int or (int, int), optional
        What the user says.

    Raises
    ------
    ModelError
        If the model takes anything but pictures of 3 channels or 1, or if its size is not known, or not that of `size`.
    """
    given = None if size is None else as_size(size)
    shape = getattr(model, "input_shape", None)
    if shape is None and hasattr(model, "get_weights"):
        if given is None:
            raise ModelError(
                "The model does not say what pictures it takes, because it is not built yet or its class is your own: "
                "give input_size=(height, width)."
            )
        return given, 3
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] not in (1, 3):
        raise ModelError(
            "The model must have one input of shape (batch, height, width, 3), or (batch, height, width, 1) for grey "
            f"pictures; got {shape}."
        )
    height, width, channels = shape[1:]
    if given is None:
        if None in (height, width):
            raise ModelError(f"The model accepts any size ({shape}); give input_size=(height, width).")
        return (height, width), channels
    if any(side not in (None, wanted) for side, wanted in zip((height, width), given, strict=True)):
        raise ModelError(f"The model's input is {height}x{width} pixels; input_size says {given[0]}x{given[1]}.")
    return given, channels


def head_of(model: Any, picture_shape: tuple[int, int, int], output: str | None = None) -> Head:
    """Return the output of a Keras model that is to be explained.

    A model whose outputs are not known is called once, on a black picture; that also builds it.

    Parameters
    ----------
    model : keras.Model
        Built or not.
    picture_shape : (int, int, int)
        Height, width and channels.
    output : str, optional
        Name of the output, where there are several.

    Raises
    ------
    ModelError
        If the model cannot be called, has several outputs and none is chosen, or the output is not of the form (batch,
        classes).
    """
    shape = getattr(model, "output_shape", None)
    if output is None and _is_flat(shape):
        return Head(model, None, int(shape[1]), _last_operation(model, 0))
    named = _called(model, picture_shape)
    name = chosen_name(tuple(named), output)
    key, outputs = named[name]
    shape = tuple(outputs.shape)
    if not _is_flat(shape):
        raise ModelError(f"The model must have one output of shape (batch, classes); {name!r} has the shape {shape}.")
    return Head(model, key, int(shape[1]), _last_operation(model, _position(named, name)))


def _is_flat(shape: Any) -> TypeGuard[tuple[Any, int]]:
    return isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[1], int)


def _called(model: Any, picture_shape: tuple[int, int, int]) -> dict[str, tuple[str | int | None, NDArray[Any]]]:
    """Return the model's outputs for a black picture by name, each with its key."""
    try:
        outputs = model(np.zeros((1, *picture_shape), np.float32), training=False)
    except Exception as error:
        # A class of the user's own can raise anything.
        # Keras writes several lines, in colours.
        reason = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", in_words(error)).split())
        raise ModelError(
            f"The model cannot be called with a picture of shape {picture_shape}: {type(error).__name__}: {reason}."
        ) from error
    if isinstance(outputs, Mapping):
        return {str(key): (key, value) for key, value in outputs.items()}
    if not isinstance(outputs, list | tuple):
        return {"output": (None, outputs)}
    names = [str(name) for name in getattr(model, "output_names", ())]
    if len(set(names)) != len(outputs):
        names = [str(index) for index in range(len(outputs))]
    return {name: (index, value) for index, (name, value) in enumerate(zip(names, outputs, strict=True))}


def _position(named: Mapping[str, tuple[str | int | None, Any]], name: str) -> int:
    """Return which of ``model.outputs`` has a name; Keras sorts those of a dict by their keys."""
    key = named[name][0]
    return key if isinstance(key, int) else sorted(named).index(name)


def _last_operation(model: Any, position: int) -> str | None:
    """Return what an output ends in, as far as the layers tell: an activation, or a layer of its own."""
    outputs = getattr(model, "outputs", None)
    if not outputs or position >= len(outputs):
        return None
    history: Any = getattr(outputs[position], "_keras_history", None)
    if history is None:
        return None
    operation = history.operation
    if getattr(operation, "outputs", None) and getattr(operation, "layers", None):
        return _last_operation(operation, history.tensor_index)
    activation = getattr(getattr(operation, "activation", None), "__name__", "")
    name = activation or type(operation).__name__
    return _OPERATIONS.get(name)


_OPERATIONS = {
    "softmax": "softmax",
    "Softmax": "softmax",
    "sigmoid": "sigmoid",
    "Sigmoid": "sigmoid",
    "log_softmax": "log_softmax",
    "LogSoftmax": "log_softmax",
}
