"""A ``.keras`` file as a Keras model, and as a network in OpenVINO's own operations; in child processes only."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError
from lime_core.models.engines.keras_import import import_keras, import_tensorflow
from lime_core.models.engines.openvino_runtime import import_openvino

if TYPE_CHECKING:
    from pathlib import Path

_SCALING = ("Normalization", "Rescaling")


def load_keras(path: Path) -> Any:
    """Return the Keras model in a file whose contents and configuration were checked.

    Raises
    ------
    ModelError
        If Keras cannot build it from the file alone, or it has more than one input.
    """
    _check_weights(path)
    keras = import_keras()
    try:
        model = keras.saving.load_model(path, custom_objects=None, compile=False, safe_mode=True)
    except Exception as error:
        # Layers raise any type of exception for a configuration that does not fit.
        first = str(error).strip().splitlines()[:1] or [""]
        raise ModelError(f"Keras cannot build the model: {type(error).__name__}: {first[0][:400]}") from error
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs) != 1:
        raise ModelError(
            f"The model must have one input, a picture; it has {len(inputs or ())}. Where it was never called, call it "
            "on a picture once and save it again."
        )
    return model


def keras_network(path: Path) -> tuple[Any, tuple[str, ...], bool]:
    """Return an `openvino.Model`, the names of its outputs, and whether the model has a layer that scales its input.

    Raises
    ------
    ModelError
        If `load_keras` fails.
    """
    model, tf = load_keras(path), import_tensorflow()
    names, pixels_in = tuple(map(str, model.output_names)), model.inputs[0]
    signature = [tf.TensorSpec(pixels_in.shape, pixels_in.dtype, name="pixels")]

    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
    def network(pixels: Any) -> Any:
        return tuple(tf.identity(output) for output in tf.nest.flatten(model(pixels, training=False)))

    traced = network.get_concrete_function()
    # Named, because OpenVINO would otherwise take what Keras's swish computes for its gradient as further outputs.
    converted = import_openvino().convert_model(traced, output=[tensor.name for tensor in traced.outputs])
    return converted, names, any(type(layer).__name__ in _SCALING for layer in _layers(model))


def _layers(model: Any) -> list[Any]:
    return list(model._flatten_layers(include_self=False))  # noqa: SLF001 - Keras offers no other way into nested models


def _check_weights(path: Path) -> None:
    """Raise `ModelError` if the weights are anything but numbers in the file itself."""
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.endswith((".h5", ".hdf5")):
                _check_hdf5(archive.read(entry))


def _check_hdf5(content: bytes) -> None:
    # Not above, because most files need no HDF5.
    import h5py

    def outside(name: str, item: Any) -> str | None:
        return name if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual) else None

    def link_outside(name: str, link: Any) -> str | None:
        return name if isinstance(link, h5py.ExternalLink) else None

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            found = file.visititems_links(link_outside) or file.visititems(outside)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise ModelError(f"The weights in the file are damaged: {error}.") from error
    if found:
        raise ModelError(f"The weights {found[:80]!r} are kept in another file, which is not read.")
