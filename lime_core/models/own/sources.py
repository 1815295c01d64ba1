"""From a model file to a network in OpenVINO's own operations; runs in the child process only."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError
from lime_core.models.engines.openvino_runtime import openvino_core
from lime_core.models.own.archive import checked_contents
from lime_core.models.own.keras_file import keras_network
from lime_core.models.own.onnx_file import check_onnx

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.own.model import Kind

_LONGEST_LABELS = 1 << 20
_ALL = 1 << 40  # the parent has limited a Keras archive


@dataclass(frozen=True, slots=True)
class Network:
    """A network as its file describes it.

    Attributes
    ----------
    model : openvino.Model
        Inputs and outputs as in the file.
    channels_first : bool
        What the format's users do with images: the likelier reading where a shape leaves it open.
    names : tuple of str or None
        Names of the outputs, where the model itself does not have them.
    labels : list, dict or None
        Names of the classes in the file's metadata.
    metadata : str
        What else the file says about the model.
    scales_inside : bool
        Whether it is known to scale its input; the graph may tell so as well.
    """

    model: Any
    channels_first: bool
    names: tuple[str, ...] | None = None
    labels: Any = None
    metadata: str = ""
    scales_inside: bool = False


def network_from(path: Path, kind: Kind) -> Network:
    """Read a model file of a known format.

    Raises
    ------
    ModelError
        If it cannot be read, or asks for more than the file holds.
    """
    if kind == "keras":
        model, names, scales = keras_network(path)
        return Network(
            model, channels_first=False, names=names, labels=_packed_labels(path, _ALL), scales_inside=scales
        )
    if kind == "onnx":
        labels, metadata = check_onnx(path)
        return Network(openvino_core().read_model(path), channels_first=True, labels=labels, metadata=metadata)
    return Network(openvino_core().read_model(path), channels_first=False, labels=_packed_labels(path))


def _packed_labels(path: Path, max_bytes: int = _LONGEST_LABELS) -> Any:
    """Return the lines of the only text file that is packed with a TensorFlow Lite or Keras model, or None."""
    if not zipfile.is_zipfile(path):
        return None
    try:
        sizes = checked_contents(path, max_bytes)
        names = [name for name in sizes if name.lower().endswith(".txt")]
        if len(names) != 1 or sizes[names[0]] > _LONGEST_LABELS:
            return None
        with zipfile.ZipFile(path) as archive:
            lines = archive.read(names[0]).decode("utf-8", "replace").splitlines()
    except (ModelError, zipfile.BadZipFile, OSError):
        # Without names the classes are numbered.
        return None
    return [line.strip() for line in lines if line.strip()]
