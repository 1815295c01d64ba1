"""What is known about a model that was read from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lime_core.models.engines.openvino_graph import Graph
    from lime_core.models.own.kept_file import KeptFile

Kind = Literal["onnx", "tflite", "keras"]
LastOperation = Literal["softmax", "sigmoid", "log_softmax"]


MOST_CLASSES = 1 << 17
LONGEST_METADATA = 10_000  # characters


@dataclass(frozen=True, slots=True)
class Head:
    """An output of a model that gives one number a class.

    Attributes
    ----------
    name : str
        As the file calls it.
    classes : int
        How many numbers it gives for a picture.
    """

    name: str
    classes: int


@dataclass(frozen=True, slots=True)
class OwnModel:
    """A classifier from a model file, as a graph that `OpenVINOEngine` runs.

    Attributes
    ----------
    graph : Graph
        The network with the choice of superpixels in front of it. Inputs: `pictures` float32 `(K, h, w, channels)`,
        `labels` int32 `(h, w)`, `choices` uint8 `(B, S)`. Output: float32 `(B, C)`.
    input_size : (int, int)
        Height and width.
    channels : int
        3 for colour pictures, 1 for grey ones.
    sha256 : str
        Digest of the file.
    kind : {"onnx", "tflite", "keras"}
        The format of the file, by its content.
    outputs : tuple of Head
        All outputs that give one number a class.
    output : str
        Name of the one that the graph computes.
    last_operation : {"softmax", "sigmoid", "log_softmax"} or None
        What that output ends in.
    scales_inside : bool
        Whether the network itself scales its input (a Rescaling or Normalization layer), or takes the uint8 numbers of
        a picture. Converters may merge that step with the first convolution, so False does not prove that pictures
        must be scaled before.
    seconds_per_picture : float
        Time that it took in a batch on this machine when it was read, at its first run.
    metadata : str
        What else the file says about the model, a line each; it may name a preprocessing.
    labels : tuple of str
        Names of the classes from the file's metadata; empty where it has none.
    notes : tuple of str
        Sentences on what could have been read in two ways and how it was read, and on what was not limited.
    file : KeptFile or None
        The file itself, of Keras only, for its gradients.
    """

    graph: Graph
    input_size: tuple[int, int]
    channels: int
    sha256: str
    kind: Kind
    outputs: tuple[Head, ...]
    output: str
    last_operation: LastOperation | None
    scales_inside: bool
    seconds_per_picture: float
    metadata: str
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    file: KeptFile | None = None
