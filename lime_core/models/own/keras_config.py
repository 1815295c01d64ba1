"""What a ``.keras`` file wants to be built, checked before Keras sees it: names of Keras's own layers, and no code."""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST = 8 << 20
# Everything that a network is made of. Left out is what loads, fetches or saves files, and what changes settings.
_MODULES = (
    "activations",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "quantizers",
    "random",
    "regularizers",
)
# Of the modules above, those whose functions may be named; and what Keras calls plain values.
_FUNCTION_MODULES = ("activations", "initializers", "losses", "metrics", "ops")
_VALUES = ("__tensor__", "__keras_tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
_CLASS = re.compile(r"[A-Z]\w*")
_BARE_CLASSES = {"DTypePolicy", "FloatDTypePolicy", "Functional", "Model", "Sequential", "Variable", "KerasTensor"}
_CODE = {"Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"}
_TEXT = {"StringLookup", "IntegerLookup", "TextVectorization", "HashedCrossing", "Hashing"}


def check_config(path: Path) -> None:
    """Raise `ModelError` unless the configuration in a ``.keras`` file names Keras's own layers only.

    Parameters
    ----------
    path : Path
        The archive, whose contents were checked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo("config.json").file_size > _LONGEST:
                raise ModelError(f"The file's config.json is longer than {_LONGEST >> 20} MB.")
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RecursionError, OSError) as error:
        raise ModelError(f"The file's config.json cannot be read: {in_words(error)}.") from error
    if not isinstance(config, dict):
        raise ModelError("The file's config.json describes no model.")
    # Losses and metrics of one's own are common, and not needed: without compiling, Keras does not read them.
    for item in _objects({key: value for key, value in config.items() if key != "compile_config"}):
        _check_object(item)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside a JSON value, without recursion."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _check_object(item: dict[str, Any]) -> None:
    if "class_name" not in item and "module" not in item:
        return
    name, module, registered = (_text(item.get(key)) for key in ("class_name", "module", "registered_name"))
    shown = repr(name)[:80]
    if name in _CODE or registered.rpartition(">")[2] in _CODE:
        raise ModelError(
            f"The model has a layer {shown}, which holds code: it is not run. Replace it by Keras's own layers "
            "(Rescaling, Reshape, ...), or export the model to ONNX, which turns the code into data: "
            '`model.export("model.onnx", format="onnx")`.'
        )
    if name in _TEXT:
        raise ModelError(f"The model has a layer {shown}, which reads words and not pictures.")
    # A name in Keras's register of classes is that of a package other than Keras if it has two parts.
    if not _is_keras(module, name) or ">" in registered:
        raise ModelError(
            f"The model has a part {shown} from {(module or registered)[:80]!r}, whose code is not in the file: only "
            'Keras\'s own layers can be read. Export the model to ONNX instead: `model.export("model.onnx", '
            'format="onnx")`.'
        )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_keras(module: str, name: str) -> bool:
    root = module.removeprefix("keras.src.").removeprefix("keras.").partition(".")[0]
    if module in ("", "builtins"):
        return not name or name == "function" or name in _VALUES or bool(_CLASS.fullmatch(name))
    if module == "keras":
        return name in _BARE_CLASSES
    if not module.startswith("keras."):
        return False
    return root in _FUNCTION_MODULES if name == "function" else root in _MODULES and bool(_CLASS.fullmatch(name))
