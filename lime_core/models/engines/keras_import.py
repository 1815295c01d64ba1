"""TensorFlow and Keras, imported on first use only: that takes seconds, and most of `lime_core` needs neither."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
import tempfile
import threading
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What TensorFlow's libraries say while they load, before any of its own settings reach them.
_IMPORTING = threading.Lock()
_CHATTER = re.compile(rb"^(WARNING: All log messages before absl|I0000 ).*\n", re.MULTILINE)


def import_tensorflow() -> Any:
    """Import and return TensorFlow, without its start-up chatter unless the user asked for it.

    Raises
    ------
    ModelError
        If TensorFlow is not installed or cannot be loaded.
    """
    # One thread at a time: the process has only one error stream to hold back.
    with _IMPORTING:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        if "tensorflow" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
            return _import("tensorflow")
        # 3 rather than 2, or every machine without a GPU reports that as an error.
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        with _without_chatter():
            return _import("tensorflow")


def import_keras() -> Any:
    """Import and return Keras on its TensorFlow backend, channels last.

    Raises
    ------
    ModelError
        If Keras or TensorFlow is not installed, or Keras was set up for another backend or layout.
    """
    check_backend()
    import_tensorflow()
    keras = _import("keras")
    check_backend()
    if keras.config.image_data_format() != "channels_last":
        raise ModelError("Keras is set to 'channels_first' (in its keras.json); lime_core needs 'channels_last'.")
    return keras


def check_backend() -> None:
    """Raise `ModelError` where Keras runs, or is told to run, on another backend than TensorFlow.

    Before Keras is imported: it would otherwise fail for want of the other backend, as if that were to be installed.
    """
    keras: Any = sys.modules.get("keras")
    # A Keras that is still being imported, in another thread, has no settings yet.
    chosen = keras.config.backend() if hasattr(keras, "config") else os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen != "tensorflow":
        raise ModelError(
            f"Keras runs on the backend {chosen!r}, but lime_core needs 'tensorflow': set the environment variable "
            "KERAS_BACKEND=tensorflow before the first import of Keras."
        )


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(
            f"The first load of a model needs TensorFlow and Keras, and {name} could not be imported ({error}): "
            "`pip install tensorflow keras openvino`. Once OpenVINO keeps the converted model, it runs without them."
        ) from error


@contextlib.contextmanager
def _without_chatter() -> Iterator[None]:
    """Hold back what is written to the process's error stream, and pass on all of it but TensorFlow's chatter."""
    try:
        stream = os.dup(2)
    except OSError:
        # A program without an error stream has none to keep clean.
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            held.seek(0)
            os.write(2, _CHATTER.sub(b"", held.read()))
