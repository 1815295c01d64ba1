"""Running a graph with OpenVINO, on CPUs two to three times as fast as TensorFlow."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.errors import ModelError
from lime_core.models.engines.base import BATCH_SIZE, Engine, Precision, over_pictures, padded_batches
from lime_core.models.engines.feature_output import add_feature_output
from lime_core.models.engines.openvino_runtime import openvino_core

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.models.engines.openvino_graph import Graph

_SHAPES = {"pictures": "[?,{0},{1},{2}]", "labels": "[{0},{1}]", "choices": "[?,?]"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run a graph; outputs do not depend on it.

    Attributes
    ----------
    batch_size : int
        Pictures in a batch.
    streams : int
        Batches in progress at the same time; they share the processor's cores.
    """

    batch_size: int = BATCH_SIZE
    streams: int = 1


class OpenVINOEngine(Engine):
    """Run a graph on the CPU. Threads may share it; they wait for one another.

    Parameters
    ----------
    graph : Graph
        From `lime_core.models.engines.openvino_graph`.
    input_size : (int, int)
        Height and width the graph is expected to have.
    plan : Plan
        Batch size and streams.
    precision : {"f32", "bf16"}
        Numbers inside the network. OpenVINO itself would choose bf16 where the processor has it.
    channels : int
        Numbers a pixel that the graph is expected to have: 3 for color pictures, 1 for gray ones.

    Raises
    ------
    ModelError
        If OpenVINO is missing, or cannot use the graph, or the graph is of another form.
    """

    def __init__(
        self,
        graph: Graph,
        input_size: tuple[int, int],
        plan: Plan | None = None,
        precision: Precision = "f32",
        *,
        channels: int = 3,
    ) -> None:
        plan = plan or Plan()
        self.name = "openvino" if precision == "f32" else f"openvino-{precision}"
        self.batch_size = plan.batch_size
        self._lock = threading.Lock()
        try:
            compiled = _compile(graph, (*input_size, channels), plan, precision)
            self.gives_features = len(compiled.outputs) == 2
            self._requests = [compiled.create_infer_request() for _ in range(plan.streams)]
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot use the graph: {error}") from error

    def choose(
        self, pictures: NDArray[np.float32], labels: NDArray[np.int32], choices: NDArray[np.uint8]
    ) -> NDArray[np.float32]:
        """Map choices uint8 `(B, S)` to outputs float32 `(B, C)`, as `Engine.choose` describes."""
        return self._run(pictures, labels, choices, output=0)

    def features(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map preprocessed pictures to features float32 `(B, F)`, as `Engine.features` describes."""
        if not self.gives_features:
            return super().features(pictures)
        return over_pictures(partial(self._run, output=1), pictures, self.batch_size)

    def _run(
        self, pictures: NDArray[np.float32], labels: NDArray[np.int32], choices: NDArray[np.uint8], *, output: int
    ) -> NDArray[np.float32]:
        outputs = []
        idle, busy = deque(self._requests), deque[Any]()
        with self._lock:
            try:
                for batch in padded_batches(choices, self.batch_size):
                    if not idle:
                        outputs.append(_finish(busy[0], output))
                        idle.append(busy.popleft())
                    busy.append(idle.popleft())
                    inputs = {"pictures": pictures, "labels": labels, "choices": batch}
                    busy[-1].start_async(inputs, share_inputs=True)
                outputs += [_finish(request, output) for request in busy]
            except RuntimeError as error:
                raise ModelError(f"OpenVINO could not run the model: {error}") from error
            finally:
                # An interrupted call must not leave a request running: the next call could not use it.
                with contextlib.suppress(RuntimeError):
                    for request in busy:
                        request.wait()
        return np.concatenate(outputs)[: len(choices)]


def _compile(graph: Graph, picture_shape: tuple[int, int, int], plan: Plan, precision: Precision) -> Any:
    core = openvino_core()
    # From memory: if another process truncated a mapped file, this process would crash.
    model = core.read_model(graph.structure, graph.weights)
    inputs = {node.any_name: str(node.partial_shape) for node in model.inputs}
    expected = {name: shape.format(*picture_shape) for name, shape in _SHAPES.items()}
    if inputs != expected or len(model.outputs) != 1:
        raise ModelError(
            f"The graph must have the inputs {expected} and one output; it has {inputs} and {len(model.outputs)}."
        )
    model.reshape({"choices": [plan.batch_size, -1]})
    add_feature_output(model)
    return core.compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY" if plan.streams == 1 else "THROUGHPUT",
            "NUM_STREAMS": plan.streams,
        },
    )


def _finish(request: Any, output: int) -> NDArray[np.float32]:
    request.wait()
    return np.array(request.get_output_tensor(output).data, np.float32)
