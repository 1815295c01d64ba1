"""bf16 on processors without it: numbers inside the network are rounded as such a processor would round them."""

from __future__ import annotations

from typing import Any

import numpy as np

import lime_core as lc
from lime_core.models import NetworkClassifier, model_card
from lime_core.models.engines.base import choosing_function
from lime_core.models.engines.graph_store import graph_store
from lime_core.models.engines.openvino_engine import OpenVINOEngine
from lime_core.models.engines.openvino_graph import Graph, convert, saved_graph
from lime_core.models.engines.openvino_runtime import import_openvino, openvino_core
from lime_core.models.from_catalog import build_network

_PRODUCTS = ("Convolution", "GroupConvolution", "MatMul")
# x·c − (x·c − x) with c = 2^16 + 1 leaves the 8 leading binary digits of a float32 x, rounded to nearest [1]_: those
# that bf16 keeps. A pair of conversions would be the plain way, but OpenVINO drops it where there is no bf16.
#
# .. [1] Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18, 1971.
_SPLIT = np.float32(2**16 + 1)


def emulated_bf16(name: str) -> lc.Classifier:
    """Return a model of the catalog whose products take weights and activations that are rounded to bf16.

    Sums are kept in float32, and so are the last layer's outputs and the softmax: as OpenVINO computes in bf16. It is
    an emulation and as slow as it is; what it tells is how far the answers move.

    Parameters
    ----------
    name : str
        Id in the catalog; its weights are expected on this machine.
    """
    exact = lc.load_classifier(name)
    card = model_card(name)
    store = graph_store(card, exact.weights_sha256)
    graph = store.load() if store is not None else None
    if graph is None:
        graph = convert(choosing_function(build_network(card), card.input_size))
    engine = OpenVINOEngine(_rounding(graph), card.input_size)
    engine.name = "openvino-bf16"
    return NetworkClassifier(
        engine,
        id=exact.id,
        input_size=exact.input_size,
        preprocessing=exact.preprocessing,
        class_names=exact.class_names,
        weights_sha256=exact.weights_sha256,
    )


def _rounding(graph: Graph) -> Graph:
    """Return the graph with its products' inputs, and the sums of its residual branches, rounded."""
    model = openvino_core().read_model(graph.structure, graph.weights)
    rounded: dict[Any, Any] = {}
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        residual = kind == "Add" and not any(_is_constant(source) for source in _sources(node))
        if residual or kind in _PRODUCTS:
            for place in (0, 1):
                _round_input(node.input(place), rounded)
    model.validate_nodes_and_infer_types()
    return saved_graph(model)


def _round_input(port: Any, rounded: dict[Any, Any]) -> None:
    opset = import_openvino().opset13
    source = port.get_source_output()
    key = (source.get_node().get_friendly_name(), source.get_index())
    if key not in rounded:
        if source.get_node().get_type_name() == "Constant":
            rounded[key] = opset.constant(to_bf16(source.get_node().data)).output(0)
        else:
            scaled = opset.multiply(source, opset.constant(_SPLIT))
            rounded[key] = opset.subtract(scaled, opset.subtract(scaled, source)).output(0)
    port.replace_source_output(rounded[key])


def to_bf16(values: np.ndarray) -> np.ndarray:
    """Return float32 values rounded to the nearest that bf16 has, as float32."""
    scaled = np.asarray(values, np.float32) * _SPLIT
    return scaled - (scaled - np.asarray(values, np.float32))


def _sources(node: Any) -> list[Any]:
    return [node.input(place).get_source_output().get_node() for place in range(node.get_input_size())]


def _is_constant(node: Any) -> bool:
    return bool(node.get_type_name() == "Constant")
