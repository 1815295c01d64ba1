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

_IMPORTING = threading.Lock()
# Messages of TensorFlow's libraries while they load; none of its settings suppresses them.
_MESSAGES = re.compile(rb"^(WARNING: All log messages before absl|I0000 ).*\n", re.MULTILINE)


def import_tensorflow() -> Any:
    """Import and return TensorFlow, without its start-up messages unless the user asked for them.

    Raises
    ------
    ModelError
        If TensorFlow is not installed or cannot be loaded.
    """
    # One thread at a time, because the process has only one error stream to redirect.
    with _IMPORTING:
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
        if "tensorflow" in sys.modules or "TF_CPP_MIN_LOG_LEVEL" in os.environ:
            return _import("tensorflow")
        # With 2 instead of 3, machines without a GPU would report that as an error.
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        with _without_messages():
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
    """Raise `ModelError` if Keras runs, or is set to run, on another backend than TensorFlow.

    Called before Keras is imported, which would otherwise fail and ask for the other backend to be installed.
    """
    keras: Any = sys.modules.get("keras")
    # While another thread is still importing Keras, it has no settings yet.
    chosen = keras.config.backend() if hasattr(keras, "config") else os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen != "tensorflow":
        raise ModelError(
            f"Keras runs on the backend {chosen!r}, but lime_core needs 'tensorflow': set the environment variable "
            "KERAS_BACKEND=tensorflow before the first import of Keras."
        )


def _import(name: str) -> Any:
    try:
        with _a_folder_for_temporary_files():
            return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(
            f"The first load of a Keras model needs TensorFlow and Keras, and {name} could not be imported ({error}): "
            "`pip install tensorflow keras openvino`. Later loads, and those of EfficientNet-Lite, need OpenVINO alone."
        ) from error


@contextlib.contextmanager
def _a_folder_for_temporary_files() -> Iterator[None]:
    """Let Python know one during the block though every disk is full.

    TensorFlow's parts ask for its name while they are imported, and write nothing there.
    """
    try:
        tempfile.gettempdir()
        known = True
    except OSError:
        known = False
        tempfile.tempdir = os.sep
    try:
        yield
    finally:
        if not known:
            tempfile.tempdir = None


@contextlib.contextmanager
def _without_messages() -> Iterator[None]:
    """Hold back the process's error stream during the block, then write all of it except TensorFlow's messages."""
    with contextlib.ExitStack() as stack:
        held = None
        # Without an error stream there is nothing to hold back; without room for a file the messages are let through.
        with contextlib.suppress(OSError):
            stream = os.dup(2)
            stack.callback(os.close, stream)
            held = stack.enter_context(tempfile.TemporaryFile())
            os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            if held is not None:
                os.dup2(stream, 2)
                held.seek(0)
                # What cannot be written there is lost, as it would be without us.
                with contextlib.suppress(OSError):
                    os.write(2, _MESSAGES.sub(b"", held.read()))
