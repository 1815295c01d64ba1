"""The format of a model file, by its content; and why some formats are refused."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from lime_core.errors import ModelError
from lime_core.models.own.archive import checked_contents

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.models.own.model import Kind

TITLES: dict[Kind, str] = {"onnx": "ONNX", "tflite": "TensorFlow Lite", "keras": "Keras"}
_HEAD = 4096
_ZIP = b"PK\x03\x04"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_TFLITE, _TFLITE_AT = b"TFL3", 4
# The field `ir_version`, with which every ONNX file begins.
_ONNX = b"\x08"
# Of protocols 2 to 5 by their first opcode, of the older ones by the first opcodes of objects, lists and dicts.
_PICKLE = re.compile(rb"\x80[\x02-\x05]|\(?c[\w.]+\n[\w.]+\n|[(\]})][lpqdt0-9(]")
_PLAIN_NAME = re.compile(r"[\w .+@=()-]+")
_REFUSED = {
    "pytorch": (
        "{name} is a PyTorch file, which holds a Python pickle: reading one runs whatever code is stored in it, so it "
        "is never read. Where you trust the file, convert it to ONNX, with the size of your pictures:\n"
        "    import torch\n"
        '    model = torch.load("{file}", weights_only=False).eval()\n'
        '    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), "{stem}.onnx", input_names=["pixels"], '
        'dynamic_axes={{"pixels": {{0: "batch"}}}}, external_data=False)'
    ),
    "pickle": (
        "{name} is a Python pickle: reading one runs whatever code is stored in it, so it is never read. Where you "
        "trust the file, read it in a program of your own and explain its function, here for a scikit-learn model of "
        "pictures with 64 x 64 pixels:\n"
        "    import pickle, lime_core as lc\n"
        '    model = pickle.load(open("{file}", "rb"))\n'
        "    classifier = lc.CallableClassifier(lambda images: model.predict_proba(images.reshape(len(images), -1)), "
        "size=64)"
    ),
    "hdf5": (
        "{name} is in Keras's old format (HDF5), whose layers may hold code that Keras runs without asking, so it is "
        "never read. Where you trust the file, save it in the new format:\n"
        "    import keras\n"
        '    model = keras.models.load_model("{file}", compile=False)\n'
        '    model.save("{stem}.keras")'
    ),
    "saved_model": (
        "{name} is a TensorFlow SavedModel, whose graph may read and write files, so it is never read. Where you trust "
        "it, convert its folder to TensorFlow Lite:\n"
        "    import tensorflow as tf\n"
        '    converter = tf.lite.TFLiteConverter.from_saved_model("{folder}")\n'
        '    open("{stem}.tflite", "wb").write(converter.convert())'
    ),
}
_REFUSED_ENDINGS = {
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".ckpt": "pytorch",
    ".bin": "pytorch",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".joblib": "pickle",
    ".pb": "saved_model",
}


def kind_of(path: Path, name: str, max_bytes: int) -> Kind:
    """Return the format of a model file; the content decides, and the ending of the name only where that is open.

    Parameters
    ----------
    path : Path
        The file; it need not be trusted.
    name : str
        What its owner calls it, for the ending and for messages.
    max_bytes : int
        Largest unpacked size of a zip archive.

    Raises
    ------
    ModelError
        If it is in no format that is read. For those that hold code, the message gives the lines that convert them.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    ending = PurePath(name).suffix.lower()
    found = _by_content(path, head, ending, max_bytes) or _REFUSED_ENDINGS.get(ending)
    if found in ("onnx", "tflite", "keras"):
        return found  # type: ignore[return-value]
    if found is not None:
        raise ModelError(refusal(found, name))
    begins = f"begins with {head[:8]!r}" if head else "is empty"
    raise ModelError(
        f"{name} is no model file that can be read: it {begins}. ONNX, TensorFlow Lite and Keras can be read."
    )


def refusal(format_name: str, name: str) -> str:
    """Return why a format is refused, and the lines that convert it."""
    # These lines will be copied and run, so that a name must not end the text that it stands in.
    plain = name if _PLAIN_NAME.fullmatch(name) else "model"
    folder = "folder" if PurePath(plain).suffix in (".pb", ".zip") else plain
    return _REFUSED[format_name].format(name=name, file=plain, folder=folder, stem=PurePath(plain).stem)


def _by_content(path: Path, head: bytes, ending: str, max_bytes: int) -> str | None:
    if head.startswith(_ZIP):
        return _kind_of_archive(set(checked_contents(path, max_bytes)))
    if head.startswith(_HDF5):
        return "hdf5"
    if head[_TFLITE_AT : _TFLITE_AT + len(_TFLITE)] == _TFLITE:
        return "tflite"
    if _PICKLE.match(head):
        return "pytorch" if _REFUSED_ENDINGS.get(ending) == "pytorch" else "pickle"
    # A TensorFlow graph begins with the same byte.
    return "onnx" if head.startswith(_ONNX) and ending != ".pb" else None


def _kind_of_archive(names: set[str]) -> str:
    if {"config.json", "metadata.json"} <= names:
        return "keras"
    if any(PurePath(name).name == "data.pkl" for name in names):
        return "pytorch"
    if any(PurePath(name).name == "saved_model.pb" for name in names):
        return "saved_model"
    raise ModelError(
        "The file is a zip archive, but no Keras model: config.json or metadata.json is missing in it. If the model "
        "file itself was packed, unpack it first."
    )
