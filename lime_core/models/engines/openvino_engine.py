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

# Pictures that are left over after full batches go one at a time while they are at most this part of a batch: one alone
# takes 1.5 to 2.6 times its share of a batch.
_FEW = 3 / 8
# The weights are held a second time.
_MOST_BYTES_TWICE = 256 * 2**20
_BLOCKS = 4  # down and across, in the pictures by which both ways are compared

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

    Attributes
    ----------
    streams : int
        Of the plan.

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
        self.batch_size, self.streams = plan.batch_size, plan.streams
        self._lock = threading.Lock()
        try:
            self._model = _read(graph, (*input_size, channels), plan.batch_size)
            self._precision = precision
            self._batches = _Compiled(self._model, plan, precision)
        except RuntimeError as error:
            raise ModelError(f"OpenVINO cannot use the graph: {error}") from error
        self.gives_features = len(self._model.outputs) == 2
        self._one_by_one: _Compiled | None = None
        self._few = int(_FEW * self.batch_size) if len(graph.weights) <= _MOST_BYTES_TWICE else 0
        self._short_call_before = False

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
        count = len(choices)
        left = count % self.batch_size
        with self._lock:
            try:
                few = 0 < left <= self._few
                if few and self._one_by_one is None:
                    self._consider_one_by_one(pictures)
                if not few or self._one_by_one is None:
                    return self._batches.run(pictures, labels, choices)[output]
                alone = self._one_by_one.run(pictures, labels, choices[count - left :])[output]
                if left == count:
                    return alone
                return np.concatenate([self._batches.run(pictures, labels, choices[: count - left])[output], alone])
            except RuntimeError as error:
                raise ModelError(f"OpenVINO could not run the model: {error}") from error

    def _consider_one_by_one(self, pictures: NDArray[np.float32]) -> None:
        """Compile the network for one picture, and use it from now on if it gives the same bits as a batch.

        Both ways are asked about a batch of different pictures, and all outputs are compared: a class that is sure of
        itself has the same output whatever the rest of the network computes.
        """
        # That takes as long as some batches, so it is left until short calls have shown to come again.
        if not self._short_call_before:
            self._short_call_before = True
            return
        self._few, few = 0, self._few
        with contextlib.suppress(RuntimeError):
            self._model.reshape({"choices": [1, -1]})
            one_by_one = _Compiled(self._model, Plan(1), self._precision)
            mixed = _mixed(pictures, self.batch_size)
            both = zip(one_by_one.run(*mixed), self._batches.run(*mixed), strict=True)
            if all(np.array_equal(alone, in_batch) for alone, in_batch in both):
                self._one_by_one, self._few = one_by_one, few


def _mixed(
    pictures: NDArray[np.float32], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8]]:
    """Return the arguments of `Engine.choose` for so many pictures, of blocks of those given and of their mirrors."""
    rng = np.random.default_rng(0)
    some = pictures[:2]
    mirrored = np.concatenate([some, some[:, ::-1], some[:, :, ::-1], rng.permuted(some, axis=1)])
    rows, columns = (np.arange(side, dtype=np.int32) * _BLOCKS // side for side in pictures.shape[1:3])
    choices = rng.integers(0, len(mirrored), (count, _BLOCKS * _BLOCKS), dtype=np.uint8)
    return mirrored, rows[:, None] * _BLOCKS + columns, choices


class _Compiled:
    """A network compiled for batches of one length, and the requests that run them.

    Raises
    ------
    RuntimeError
        Of OpenVINO, here and in `run`.
    """

    def __init__(self, model: Any, plan: Plan, precision: Precision) -> None:
        hints = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": "LATENCY" if plan.streams == 1 else "THROUGHPUT",
            "NUM_STREAMS": plan.streams,
        }
        compiled = openvino_core().compile_model(model, "CPU", hints)
        self._batch_size = plan.batch_size
        self._requests = [compiled.create_infer_request() for _ in range(plan.streams)]

    def run(
        self, pictures: NDArray[np.float32], labels: NDArray[np.int32], choices: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        """Return each output for choices, float32 with a row a choice."""
        outputs = []
        idle, busy = deque(self._requests), deque[Any]()
        try:
            for batch in padded_batches(choices, self._batch_size):
                if not idle:
                    outputs.append(_finish(busy[0]))
                    idle.append(busy.popleft())
                busy.append(idle.popleft())
                inputs = {"pictures": pictures, "labels": labels, "choices": batch}
                busy[-1].start_async(inputs, share_inputs=True)
            outputs += [_finish(request) for request in busy]
        finally:
            # An interrupted call must not leave a request running: the next call could not use it.
            with contextlib.suppress(RuntimeError):
                for request in busy:
                    request.wait()
        return [np.concatenate(batches)[: len(choices)] for batches in zip(*outputs, strict=True)]


def _read(graph: Graph, picture_shape: tuple[int, int, int], batch_size: int) -> Any:
    # From memory: if another process truncated a mapped file, this process would crash.
    model = openvino_core().read_model(graph.structure, graph.weights)
    inputs = {node.any_name: str(node.partial_shape) for node in model.inputs}
    expected = {name: shape.format(*picture_shape) for name, shape in _SHAPES.items()}
    if inputs != expected or len(model.outputs) != 1:
        raise ModelError(
            f"The graph must have the inputs {expected} and one output; it has {inputs} and {len(model.outputs)}."
        )
    model.reshape({"choices": [batch_size, -1]})
    add_feature_output(model)
    return model


def _finish(request: Any) -> list[NDArray[np.float32]]:
    request.wait()
    return [np.array(tensor.data, np.float32) for tensor in request.output_tensors]
