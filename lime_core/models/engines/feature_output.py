"""What a network makes of a picture before its last layer turns it into classes, as a second output of its graph."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lime_core.models.engines.openvino_runtime import import_openvino

MOST_FEATURES: Final = 8192
FEWEST_FEATURES: Final = 8

# Operations that may stand between the last layer and the outputs; where the second kind has further inputs, these say
# how the first one is arranged.
_ELEMENTWISE: Final = frozenset(
    {"Add", "Clamp", "Convert", "Divide", "Exp", "FakeQuantize", "Log", "LogSoftmax", "Multiply", "Relu", "Result"}
    | {"Sigmoid", "SoftMax", "Softmax", "Subtract"}
)
_ARRANGING: Final = frozenset({"AvgPool", "ReduceMean", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
_LAST_LAYERS: Final = ("MatMul", "Convolution")


def add_feature_output(model: Any) -> bool:
    """Give a graph a second output, float32 `(B, F)`: the input of its last layer, averaged over places.

    Returns
    -------
    added : bool
        False, and the graph is left as it is, where there is no last layer that multiplies features by weights, or
        it has fewer than `FEWEST_FEATURES` or more than `MOST_FEATURES`.
    """
    layer = _last_layer(model.outputs[0].get_node())
    if layer is None:
        return False
    operations = import_openvino().opset13
    node = next(value for value in layer.input_values() if not _is_constant(value))
    shape = node.get_partial_shape()
    if shape.rank.is_dynamic or shape.rank.get_length() not in (2, 3, 4):
        return False
    # A convolution has its channels first, a product of matrices has them last.
    axes = list(range(1, shape.rank.get_length()))
    channels = axes.pop(0 if layer.get_type_name() == "Convolution" else -1)
    if shape[channels].is_dynamic or not FEWEST_FEATURES <= shape[channels].get_length() <= MOST_FEATURES:
        return False
    pooled = operations.reduce_mean(node, np.array(axes)).output(0) if axes else node
    model.add_outputs([operations.convert(pooled, "f32").output(0)])
    return True


def _last_layer(node: Any) -> Any:
    """Return the node that multiplies features by weights, on the only way back from an output; None without one."""
    while True:
        kind = node.get_type_name()
        values = node.input_values()[:1] if kind in _ARRANGING else node.input_values()
        ways = [value for value in values if not _is_constant(value)]
        if len(ways) != 1:
            return None
        if kind in _LAST_LAYERS:
            return node
        if kind not in _ELEMENTWISE and kind not in _ARRANGING:
            return None
        node = ways[0].get_node()


def _is_constant(value: Any) -> bool:
    node = value.get_node()
    if node.get_type_name() == "Constant":
        return True
    inputs = node.input_values()
    return bool(inputs) and node.get_type_name() != "Parameter" and all(_is_constant(item) for item in inputs)
