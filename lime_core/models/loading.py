"""Classifiers by name: of the catalog, in a file, or on a server."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lime_core.errors import ModelError
from lime_core.models.catalog import CATALOG, DEFAULT_MODEL
from lime_core.models.files.arriving import is_address
from lime_core.models.from_catalog import classifier_named
from lime_core.models.protocol import as_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.models.engines.base import EngineName, Precision
    from lime_core.models.networks.preprocessing import Preprocessing
    from lime_core.models.outputs import OutputChoice
    from lime_core.models.protocol import Classifier

# What an id of the catalog never holds.
_PATH = re.compile(r"[/\\]|\.(onnx|tflite|keras|h5|hdf5|pb|pt|pth|pkl|pickle|safetensors|bin|xml)$", re.IGNORECASE)


def load_classifier(
    source: str | Path = DEFAULT_MODEL,
    *,
    labels: Any = None,
    preprocessing: str | tuple[Any, Any] | Preprocessing | None = None,
    outputs: OutputChoice = "auto",
    output: str | None = None,
    input_size: int | tuple[int, int] | None = None,
    engine: EngineName = "auto",
    precision: Precision = "f32",
    on_progress: Callable[[int, int], object] | None = None,
    random_weights: bool = False,
) -> Classifier:
    """Make a model ready to use: one of the catalog, one in a file, or one on a server.

    A model of the catalog: EfficientNet-Lite needs no network, and on OpenVINO neither TensorFlow nor Keras. The others
    fetch their weights once, into Keras's own folder, and are converted for OpenVINO by their first load; later loads
    need neither TensorFlow nor Keras either. What OpenVINO runs is kept in the user's cache folder
    (``$LIMELIGHT_CACHE``, or the platform's own). Threads may load at the same time.

    A model file (``.onnx``, ``.tflite``, ``.keras``) need not be trusted: it is read in a process of its own, and runs
    on OpenVINO; TensorFlow gives the gradients of a ``.keras`` file, in another process, started when they are first
    asked for. A server speaks the Open Inference Protocol v2 or TensorFlow Serving's REST form; an access token is
    taken from ``$LIMELIGHT_TOKEN``.

    Parameters
    ----------
    source : str or Path
        Id in the catalog, path of a file, or address of a model on a server, such as
        ``http://localhost:8000/v2/models/NAME``.
    labels : iterable, mapping or path, optional
        Of a model in a file or on a server: one name a class, in any form that `lime_core.models.labels.as_labels`
        reads, also the path of a text, JSON or CSV file. Without them those in the model's file, or ``class 0`` ...
    preprocessing : str, (mean, std) or Preprocessing, optional
        The same: how pixels 0..255 are scaled before they enter the network: ``none``, ``rescale`` (x/255), ``tf``
        (-1..1), ``caffe``, ``torch``, or a mean and standard deviation in units of 0..1, see
        `lime_core.models.networks.preprocessing.Preprocessing.parse`. Without it they are left as they are, and the
        classifier's `notes` say so.
    outputs : {"auto", "probabilities", "softmax", "sigmoid", "log", "values"}
        The same: what the model answers, see `lime_core.models.outputs.apply`. ``auto`` recognises it, and the
        classifier's `notes` say what was taken and why.
    output : str, optional
        The same: name of the output to explain, for a model with several.
    input_size : int or (int, int), optional
        The same: side, or height and width, of the pictures, for a model that leaves them open.
    engine : {"auto", "tensorflow", "openvino"}
        Of the catalog: ``auto`` is OpenVINO where it is installed, there is no GPU and the model converts, else
        TensorFlow; the classifier's `engine` says which it is, and its `engine_note` why OpenVINO is not used.
    precision : {"f32", "bf16"}
        Numbers inside the network. ``bf16`` is about twice as fast where `bf16_available`, and less exact:
        `lime_core.methods.lime.precision` says how much so. A server decides for itself.
    on_progress : callable, optional
        Called as ``on_progress(done_bytes, total_bytes)`` while weights are fetched; an exception raised in it
        cancels.
    random_weights : bool
        Use random weights and fetch nothing, of the catalog only: for benchmarks and tests.

    Raises
    ------
    ModelError
        If there is no such model, it cannot be read or reached, the engine is not available in that precision,
        TensorFlow is missing, or a setting does not suit the model.
    WeightsError
        If the weights are missing, damaged, or cannot be fetched; the message says what to do.
    """
    given = {"labels": labels, "preprocessing": preprocessing, "output": output, "input_size": input_size}
    text = str(source)
    # Imported where they are needed: most users bring no model, and every start would pay for them.
    if is_address(text):
        from lime_core.models.servers import connect

        _check_engine(engine, "A model on a server")
        return connect(
            text,
            labels=labels,
            preprocessing=preprocessing,
            outputs=outputs,
            output=output,
            input_size=input_size,
        )
    if isinstance(source, Path) or is_path(text):
        from lime_core.models.from_file import classifier_from
        from lime_core.models.own.reading import read_model

        _check_engine(engine, "A model file")
        size = None if input_size is None else as_size(input_size)
        return classifier_from(
            read_model(source, input_size=size, output=output),
            id=Path(text).name,
            labels=labels,
            preprocessing=preprocessing,
            outputs=outputs,
            precision=precision,
        )
    superfluous = [name for name, value in given.items() if value is not None]
    superfluous += ["outputs"] if outputs != "auto" else []
    if superfluous and text in CATALOG:
        raise ModelError(
            f"{superfluous[0]} is for models of your own; that of {text}, which is in the catalog, is known. Leave it "
            "out, or give the path of a model file or the address of a model on a server."
        )
    return classifier_named(
        text, engine=engine, precision=precision, on_progress=on_progress, random_weights=random_weights
    )


def is_path(source: str) -> bool:
    """Return whether a text is the path of a model file: it looks like one, or is that of a file that is there."""
    return source not in CATALOG and (_PATH.search(source) is not None or Path(source).is_file())


def _check_engine(engine: str, kind: str) -> None:
    if engine == "tensorflow":
        raise ModelError(f"{kind} does not run on the engine tensorflow here: leave engine out.")


def as_classifier(given: Any) -> Classifier:
    """Return a classifier unchanged, or load the one of the catalog that a text names.

    Raises
    ------
    ModelError
        For anything else; the message says what to wrap it in. For a text, as `load_classifier`.
    """
    if isinstance(given, str):
        return load_classifier(given)
    missing = [name for name in _NEEDED if not hasattr(given, name)]
    if not missing and not isinstance(given, type):
        return cast("Classifier", given)
    kind = type(given).__name__
    if isinstance(given, type):
        raise ModelError(f"{given.__name__} is a class, not a classifier: make an instance of it first.")
    if hasattr(given, "get_weights") and hasattr(given, "predict"):
        raise ModelError(f"Wrap the Keras model ({kind}) first: `lc.KerasClassifier(model, id=…)`.")
    if "predict" in missing and callable(given):
        name = getattr(given, "__name__", kind)
        raise ModelError(
            f"Wrap a function from pictures to outputs first: `lc.CallableClassifier({_spelled(name)}, size=…)`, "
            "where size is the side of the pictures that it takes, in pixels."
        )
    if "predict" not in missing:
        raise ModelError(
            f"A classifier has {', '.join(_NEEDED)}; {kind} lacks {', '.join(missing)}. Wrap its function: "
            "`lc.CallableClassifier(model.predict, size=…)`."
        )
    raise ModelError(
        f"A classifier comes from `lc.load_classifier`, is a name in its catalog, or is a function wrapped in "
        f"`lc.CallableClassifier`; got {kind}."
    )


_NEEDED = ("id", "input_size", "class_names", "weights_sha256", "engine", "predict")


def _spelled(name: str) -> str:
    return name if name.isidentifier() else "function"
