"""Small ONNX models with known answers: one weight for each number of a picture, so that a wrong layout shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

HEIGHT, WIDTH, CLASSES = 6, 5, 4
FLOAT = TensorProto.FLOAT


def weights_for(channels: int = 3, *, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.float32]:
    """Return weights `(classes, height, width, channels)`, small enough that softmax of 0..255 is not saturated."""
    rng = np.random.default_rng(channels)
    return (rng.normal(0, 1e-3, (CLASSES, height, width, channels))).astype(np.float32)


def logits(pictures: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what the linear models compute before their activation."""
    return np.einsum("bhwc,khwc->bk", pictures.astype(np.float64), weights.astype(np.float64))


def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(values - values.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def saved(
    nodes: Sequence[Any],
    inputs: Sequence[tuple[str, int, Sequence[Any]]],
    outputs: Sequence[tuple[str, int, Sequence[Any]]],
    constants: dict[str, NDArray[Any]],
    metadata: dict[str, str] | None = None,
) -> bytes:
    """Return an ONNX file."""
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info(*given) for given in inputs],
        [helper.make_tensor_value_info(*given) for given in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("somebody", 1)],
        ir_version=8,
    )
    if metadata:
        helper.set_model_props(model, metadata)
    return bytes(model.SerializeToString())


def linear_onnx(
    *,
    channels: int = 3,
    first: bool = True,
    batch: Any = "N",
    kind: int = FLOAT,
    reshape: Sequence[int] = (0, -1),
    activation: str | None = "Softmax",
    before: Sequence[tuple[str, float]] = (),
    output_shape: Sequence[Any] | None = None,
    metadata: dict[str, str] | None = None,
) -> bytes:
    """Return an ONNX file of the model that `logits` computes.

    Parameters
    ----------
    channels : int
        3 or 1.
    first : bool
        Whether the channels come before height and width.
    batch : str or int
        Name of the open batch, or its fixed size.
    kind : int
        ONNX's number of the input's type; other types than float32 are converted first.
    reshape : sequence of int
        The shape that flattens the pictures.
    activation : str, optional
        Operation at the end.
    before : sequence of (str, float)
        Operations with one constant directly behind the input, such as `("Mul", 0.5)`.
    output_shape : sequence of int, optional
        Another shape of the output than `(batch, classes)`.
    metadata : dict, optional
        The file's metadata.
    """
    weights = weights_for(channels)
    constants = {
        "weights": (weights.transpose(0, 3, 1, 2) if first else weights).reshape(CLASSES, -1),
        "reshape": np.array(reshape, np.int64),
        **{f"constant{index}": np.array(value, np.float32) for index, (_, value) in enumerate(before)},
    }
    nodes, last = [], "pixels"
    if kind != FLOAT:
        nodes.append(helper.make_node("Cast", [last], ["floats"], to=FLOAT))
        last = "floats"
    for index, (operation, _) in enumerate(before):
        nodes.append(helper.make_node(operation, [last, f"constant{index}"], [f"scaled{index}"]))
        last = f"scaled{index}"
    nodes.append(helper.make_node("Reshape", [last, "reshape"], ["flat"]))
    nodes.append(helper.make_node("Gemm", ["flat", "weights"], ["logits"], transB=1))
    last = "logits"
    if activation:
        nodes.append(helper.make_node(activation, [last], ["activated"]))
        last = "activated"
    if output_shape:
        constants["output_shape"] = np.array(output_shape, np.int64)
        nodes.append(helper.make_node("Reshape", [last, "output_shape"], ["reshaped"]))
        last = "reshaped"
    sides = [channels, HEIGHT, WIDTH] if first else [HEIGHT, WIDTH, channels]
    result = [batch, *(output_shape or (0, CLASSES))[1:]]
    return saved(nodes, [("pixels", kind, [batch, *sides])], [(last, FLOAT, result)], constants, metadata)


def pooled_onnx(shape: Sequence[Any], heads: Sequence[str] = ("scores",), *, first: bool = True) -> bytes:
    """Return an ONNX file whose output is the mean of each channel, times 1, 2 ... for each further head."""
    axes = [2, 3] if first else [1, 2]
    nodes = [helper.make_node("ReduceMean", ["pixels"], ["means"], axes=axes, keepdims=0)]
    nodes += [helper.make_node("Mul", ["means", f"factor{index}"], [name]) for index, name in enumerate(heads)]
    factors = {f"factor{index}": np.float32(index + 1) for index in range(len(heads))}
    constants = {name: np.array(value, np.float32) for name, value in factors.items()}
    return saved(
        nodes,
        [("pixels", FLOAT, shape)],
        [(name, FLOAT, [shape[0], "classes"]) for name in heads],
        constants,
    )


def with_nodes(nodes: Sequence[Any], shape: Sequence[Any] = ("N", 3, HEIGHT, WIDTH), **more: Any) -> bytes:
    """Return an ONNX file of any nodes from `pixels` to `scores`."""
    outputs = more.pop("outputs", [("scores", FLOAT, [shape[0], "classes"])])
    inputs = more.pop("inputs", [("pixels", FLOAT, shape)])
    return saved(nodes, inputs, outputs, more.pop("constants", {}))


def onnx_model(content: bytes) -> Any:
    """Return the message of an ONNX file, to be changed."""
    return onnx.load_model_from_string(content)
