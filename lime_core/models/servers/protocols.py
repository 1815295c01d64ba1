"""What two kinds of server are asked, and how their answers are read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import orjson

from lime_core.errors import ModelError
from lime_core.models.servers.fields import field_of, listed, quoted, whole_number
from lime_core.models.servers.messages import Request
from lime_core.models.servers.tensors import OUTPUT_TYPES, TensorInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lime_core.models.servers.addresses import Address
    from lime_core.models.servers.connection import Connection
    from lime_core.models.servers.messages import Answer

_JSON = {"Content-Type": "application/json"}
_JSON_LENGTH = "Inference-Header-Content-Length"
_SERVED_TYPES = {"DT_UINT8": "UINT8", "DT_HALF": "FP16", "DT_FLOAT": "FP32"}


class InferenceProtocol(Protocol):
    """A model on a server, as the server describes it."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The model's inputs, with datatypes in the words of the Open Inference Protocol."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the model's outputs; empty if the server does not name them."""

    def request(self, name: str, tensor: NDArray[Any], datatype: str, output: str | None) -> Request:
        """Return the request that sends a batch as the input `name` and asks for one output."""

    def read(self, answer: Answer, output: str | None) -> tuple[Any, str | None]:
        """Return the values of an output, an array or nested lists, and the version that gave them, if known.

        Without a name, the answer must hold one output.

        Raises
        ------
        ModelError
            If the answer is not of the protocol, or the output is not in it.
        """


def describe(address: Address, connection: Connection) -> InferenceProtocol:
    """Ask a server for the description of a model.

    Raises
    ------
    ModelError
        If it gives none.
    """
    if address.protocol == "v2":
        return OpenInference(address, connection)
    return TensorFlowServing(address, connection)


class OpenInference:
    """The Open Inference Protocol v2 over REST, of KServe, Triton, MLServer and OpenVINO Model Server.

    Tensors travel as raw bytes where the server announces the extension ``binary_tensor_data``, else as JSON.
    """

    def __init__(self, address: Address, connection: Connection) -> None:
        self._path = f"{address.path}/infer"
        metadata = connection.get(address.path).json()
        self.inputs = tuple(
            TensorInfo(field_of(tensor, "name", str), field_of(tensor, "datatype", str), _shape(tensor, least=-1))
            for tensor in field_of(metadata, "inputs", list, [])
        )
        self.outputs = tuple(field_of(tensor, "name", str) for tensor in field_of(metadata, "outputs", list, []))
        self._binary = _announces_binary(address, connection)

    def request(self, name: str, tensor: NDArray[Any], datatype: str, output: str | None) -> Request:
        """See `InferenceProtocol`."""
        described: dict[str, Any] = {"name": name, "shape": tensor.shape, "datatype": datatype}
        question: dict[str, Any] = {"inputs": [described]}
        if output is not None:
            question["outputs"] = [{"name": output}]
        if not self._binary:
            described["data"] = tensor.reshape(-1)
            return Request(self._path, _dumps(question), _JSON)
        described["parameters"] = {"binary_data_size": tensor.nbytes}
        question["parameters"] = {"binary_data_output": True}
        header = _dumps(question)
        headers = {"Content-Type": "application/octet-stream", _JSON_LENGTH: str(len(header))}
        return Request(self._path, b"".join((header, tensor.data)), headers)

    def read(self, answer: Answer, output: str | None) -> tuple[Any, str | None]:
        """See `InferenceProtocol`."""
        length = answer.headers.get(_JSON_LENGTH)
        header = len(answer.body) if length is None else whole_number(length, "the length of its JSON part")
        given = answer.json(answer.body[:header])
        tensors = {
            field_of(tensor, "name", str): _array(tensor, data)
            for tensor, data in _with_bytes(field_of(given, "outputs", list), memoryview(answer.body)[header:])
        }
        version = given.get("model_version")
        return _chosen(tensors, output), quoted(version) if version else None


class TensorFlowServing:
    """TensorFlow Serving's REST interface, in its form by columns.

    Without a version in the address, the one that describes itself here is asked from then on.
    """

    def __init__(self, address: Address, connection: Connection) -> None:
        given = connection.get(f"{address.path}/metadata").json()
        version = field_of(given, "model_spec", dict, {}).get("version")
        pinned = f"/versions/{whole_number(version, 'the version')}" if version and address.version is None else ""
        self._path = f"{address.path}{pinned}:predict"
        # Twice: the field of the answer is an object with one field of the same name.
        outer = field_of(field_of(given, "metadata", dict), "signature_def", dict)
        signatures = field_of(outer, "signature_def", dict)
        self._signature = _signature(signatures)
        signature = signatures[self._signature]
        inputs = field_of(signature, "inputs", dict)
        self.inputs = tuple(_served_tensor(name, inputs) for name in inputs)
        self.outputs = tuple(field_of(signature, "outputs", dict))

    def request(self, name: str, tensor: NDArray[Any], datatype: str, output: str | None) -> Request:
        """See `InferenceProtocol`."""
        del datatype, output  # the server knows the one, and always answers with all of the other
        return Request(self._path, _dumps({"signature_name": self._signature, "inputs": {name: tensor}}), _JSON)

    def read(self, answer: Answer, output: str | None) -> tuple[Any, str | None]:
        """See `InferenceProtocol`."""
        outputs = answer.json().get("outputs")
        if outputs is None:
            raise ModelError("The server's answer is not of its protocol: it has no 'outputs'.")
        # A single output comes without its name.
        return (_chosen(outputs, output) if isinstance(outputs, dict) else outputs), None


def _dumps(question: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(question, option=orjson.OPT_SERIALIZE_NUMPY)
    except orjson.JSONEncodeError as error:  # half a surrogate pair in a name
        raise ModelError(f"The model's input or output has a name that cannot be sent: {error}.") from error


def _announces_binary(address: Address, connection: Connection) -> bool:
    root = address.path.partition("/models/")[0]
    try:
        server = connection.get(root).json()
    except ModelError:
        return False  # a gateway may hand on the paths of models only
    return "binary_tensor_data" in field_of(server, "extensions", list, [])


def _shape(tensor: Any, least: int = 0) -> tuple[int, ...]:
    return tuple(whole_number(side, "a side of a shape", least) for side in field_of(tensor, "shape", list))


def _with_bytes(tensors: list[Any], data: memoryview) -> list[tuple[Any, memoryview | None]]:
    """Give each output the bytes that belong to it; they follow the JSON part in the order of the outputs."""
    pairs: list[tuple[Any, memoryview | None]] = []
    start = 0
    for tensor in tensors:
        size = field_of(tensor, "parameters", dict, {}).get("binary_data_size")
        end = start if size is None else start + whole_number(size, "the size of an output")
        pairs.append((tensor, None if size is None else data[start:end]))
        start = end
    if start != len(data):
        raise ModelError(f"The server's answer announces {start:,} bytes of outputs, but holds {len(data):,}.")
    return pairs


def _array(tensor: Any, data: memoryview | None) -> NDArray[Any]:
    datatype = field_of(tensor, "datatype", str)
    if datatype not in OUTPUT_TYPES:
        raise ModelError(f"The model's outputs must be {', '.join(OUTPUT_TYPES)}; got {quoted(datatype)}.")
    shape = _shape(tensor)
    try:
        if data is None:
            values = np.asarray(field_of(tensor, "data", list))
        else:
            values = np.frombuffer(data, OUTPUT_TYPES[datatype])
        if values.size == math.prod(shape):
            return values.reshape(shape)
    except ValueError as error:  # rows of different lengths, half a number, more axes than NumPy has
        raise ModelError(f"The server's output of shape {quoted(shape)} cannot be read: {error}.") from error
    raise ModelError(f"The server's output has the shape {quoted(shape)}, but {values.size:,} numbers.")


def _chosen(outputs: dict[str, Any], wanted: str | None) -> Any:
    if wanted is not None and wanted not in outputs:
        raise ModelError(f"The server's answer has no output {wanted!r}; its outputs are {listed(outputs)}.")
    if wanted is None and len(outputs) != 1:
        raise ModelError(f"The server must answer with one output, or output= must choose one; got {listed(outputs)}.")
    return next(iter(outputs.values())) if wanted is None else outputs[wanted]


def _served_tensor(name: str, inputs: dict[str, Any]) -> TensorInfo:
    tensor = field_of(inputs, name, dict)
    datatype = field_of(tensor, "dtype", str)
    sides = field_of(field_of(tensor, "tensor_shape", dict), "dim", list, [])
    shape = tuple(whole_number(field_of({"": side}, "", dict).get("size"), "a side of a shape", -1) for side in sides)
    return TensorInfo(name, _SERVED_TYPES.get(datatype, datatype), shape)


def _signature(signatures: dict[str, Any]) -> str:
    names = [name for name in signatures if name != "__saved_model_init_op"]
    if "serving_default" in names:
        return "serving_default"
    if len(names) != 1:
        raise ModelError(
            f"The model must have one signature, or one called 'serving_default'; its signatures are {listed(names)}."
        )
    return names[0]
