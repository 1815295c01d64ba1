"""The layers of a Keras model whose outputs are maps, and a look at these outputs while the model runs."""

from __future__ import annotations

import functools
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError
from lime_core.models.differentiable import FeatureLayer
from lime_core.models.engines.keras_import import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lime_core.models.networks.keras_heads import Head

# Two classifiers may share layers, and a layer is watched by one thread at a time.
_WATCHING = threading.Lock()
# Height and width of a map shrink alike; other outputs with four axes, such as those of attention, do not.
_LARGEST_DISTORTION = 2.0
_LISTED = 30


@contextmanager
def watched(layers: Mapping[str, Any], look: Callable[[str, Any], object]) -> Iterator[None]:
    """Call ``look(name, output)`` whenever this thread runs one of the layers of a Keras model during the block.

    The layers are left as they were: for the length of the block each has a `call` of its own, which hands on to the
    usual one, in other threads too.
    """
    tf, thread = import_tensorflow(), threading.get_ident()

    def watching(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def call_and_look(*args: Any, **kwargs: Any) -> Any:
            output = call(*args, **kwargs)
            # Inside a graph that is being traced there are no numbers, and a gradient would not find its way out.
            if threading.get_ident() == thread and tf.executing_eagerly():
                look(name, output)
            return output

        return call_and_look

    with _WATCHING:
        usual = {name: vars(layer).get("call") for name, layer in layers.items()}
        try:
            for name, layer in layers.items():
                # Not by setattr, which Keras follows to find further layers and weights.
                vars(layer)["call"] = watching(name, layer.call)
            yield
        finally:
            for name, layer in layers.items():
                if usual[name] is None:
                    vars(layer).pop("call", None)
                else:
                    vars(layer)["call"] = usual[name]


def named_layers(model: Any) -> dict[str, Any]:
    """Return the layers of a Keras model by name, those inside others behind them: ``"base"``, ``"base/conv5"``."""
    found: dict[str, Any] = {}
    seen: set[int] = set()

    def walk(owner: Any, prefix: str) -> None:
        for layer in owner._flatten_layers(include_self=False, recursive=False):  # noqa: SLF001 - Keras offers no other
            if id(layer) in seen:  # shared: under its first name
                continue
            seen.add(id(layer))
            found.setdefault(prefix + layer.name, layer)
            walk(layer, f"{prefix}{layer.name}/")

    walk(model, "")
    return found


def layers_with_maps(head: Head, picture: Any) -> dict[str, FeatureLayer]:
    """Return the layers of a network whose maps an output depends on, by name, in the order in which they finish.

    Parameters
    ----------
    head : Head
        The output.
    picture : tensor, shape (1, h, w, channels)
        A prepared picture of any content.

    Raises
    ------
    ModelError
        If no layer has, or a layer has channels first, because its maps could not be told from others.
    """
    tf, layers = import_tensorflow(), named_layers(head.model)
    _check_channels_last(layers)
    maps: dict[str, Any] = {}

    def look(name: str, output: Any) -> None:
        # A model as a layer hands on what its last layer gives, and some layers do nothing to it.
        if _is_map(output, picture.shape[1:3]):
            tape.watch(output)
            maps.pop(name, None)
            maps[name] = output

    with tf.GradientTape(watch_accessed_variables=False) as tape, watched(layers, look):
        total = tf.reduce_sum(head(picture))
    gradients = tape.gradient(total, list(maps.values()))
    found: dict[str, FeatureLayer] = {}
    last = None
    for (name, output), gradient in zip(maps.items(), gradients, strict=True):
        if gradient is not None and output is not last:
            found[name] = FeatureLayer(name, tuple(output.shape[1:]))
            last = output
    if not found:
        raise ModelError(
            "The network has no layer with a map of more than 1×1 on the way to its output, so there is nothing that "
            "this method could show: take integrated_gradients or smooth_grad, which need no layer."
        )
    return found


def check_layer(layers: Mapping[str, FeatureLayer], name: str) -> None:
    """Raise `ModelError` unless there is a layer of that name; the message lists those there are."""
    if name not in layers:
        shown = ", ".join(list(layers)[-_LISTED:])
        earlier = f" (and {len(layers) - _LISTED} earlier ones)" if len(layers) > _LISTED else ""
        raise ModelError(f"The network has no layer {name!r} with maps; those with maps are: {shown}{earlier}.")


def _is_map(output: Any, size: Any) -> bool:
    shape = tuple(getattr(output, "shape", ()))
    if len(shape) != 4 or min(shape[1:3]) < 2 or not output.dtype.is_floating:
        return False
    rows, columns = (float(pixels) / side for pixels, side in zip(size, shape[1:3], strict=True))
    return bool(max(rows, columns) <= _LARGEST_DISTORTION * min(rows, columns))


def _check_channels_last(layers: Mapping[str, Any]) -> None:
    for name, layer in layers.items():
        if getattr(layer, "data_format", None) == "channels_first":
            raise ModelError(
                f"The network's layer {name!r} has its channels first, so maps cannot be told from channels: take "
                "integrated_gradients or smooth_grad, which need no layer, or build the network with channels last."
            )
