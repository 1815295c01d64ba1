"""OpenVINO, imported on first use only, and what it reports about this machine."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from functools import cache
from typing import Any

from lime_core.errors import ModelError

_IMPORTING = threading.Lock()
_TELEMETRY = "openvino_telemetry"


def openvino_available() -> bool:
    """Return whether OpenVINO is installed, without importing it."""
    return importlib.util.find_spec("openvino") is not None


def bf16_available() -> bool:
    """Return whether the processor has instructions for bf16, and OpenVINO is installed to use them.

    OpenVINO lists BF16 among the capabilities of every CPU with AVX-512, even where it is only emulated. But it makes
    bf16 its default precision only on processors that have the instructions.
    """
    if not openvino_available():
        return False
    try:
        core = openvino_core()
        capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return "BF16" in capabilities and core.get_property("CPU", "INFERENCE_PRECISION_HINT").get_type_name() == "bf16"
    except (ModelError, RuntimeError):
        return False


def describe_machine() -> str:
    """Return a line on what OpenVINO runs on: the processor's name, its capabilities, and the cores to be used.

    Raises
    ------
    ModelError
        If OpenVINO is missing or cannot be loaded.
    """
    core = openvino_core()
    name = core.get_property("CPU", "FULL_DEVICE_NAME")
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return f"{name} | {' '.join(sorted(capabilities))} | {most_streams()} cores"


def most_streams() -> int:
    """Return the largest number of streams that makes sense: one a core.

    Raises
    ------
    ModelError
        If OpenVINO is missing or cannot be loaded.
    """
    return int(openvino_core().get_property("CPU", "RANGE_FOR_STREAMS")[1])


def import_openvino() -> Any:
    """Import and return OpenVINO, without its telemetry.

    Its telemetry package reports each import and each conversion to a server of its makers, unless the user has opted
    out; nobody who explains a picture on their own machine expects that. OpenVINO works without the package, so the
    package is hidden during the import.

    Raises
    ------
    ModelError
        If OpenVINO is not installed or cannot be loaded.
    """
    with _IMPORTING:
        hidden = _TELEMETRY not in sys.modules
        if hidden:
            sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
        try:
            return importlib.import_module("openvino")
        except ImportError as error:
            raise ModelError(
                f"openvino could not be imported ({error}): `pip install tensorflow keras openvino`. The first load of "
                "a Keras model needs all three; later loads, and those of EfficientNet-Lite, need OpenVINO alone."
            ) from error
        finally:
            if hidden:
                del sys.modules[_TELEMETRY]


@cache
def openvino_core() -> Any:
    """Return the OpenVINO core of this process, which reads and compiles graphs.

    Raises
    ------
    ModelError
        If OpenVINO is missing or cannot be loaded.
    """
    return import_openvino().Core()
