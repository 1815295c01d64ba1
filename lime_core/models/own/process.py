"""Processes that work on a model file: started with nothing but the file, and ended whatever they do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lime_core.models.own.limits import Limits

# The packages' own __init__ would import the whole library, which takes longer than reading a small model.
_START = """
import importlib, json, sys, types
request = json.loads(sys.argv[1])
sys.path[:] = request["path"]
for name, folder in request["packages"].items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
importlib.import_module(request["module"]).main(request)
"""
_MODELS = Path(__file__).resolve().parents[1]
_PACKAGES = {"lime_core": str(_MODELS.parent), "lime_core.models": str(_MODELS)}
# What the libraries need to be found and loaded; everything else in the environment is no business of the child.
_READING = "read the model"
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")


def run_child(folder: Path, request: Mapping[str, Any], limits: Limits) -> None:
    """Let `lime_core.models.own.child` read the file in a folder, where it also writes its results.

    Parameters
    ----------
    folder : Path
        Working folder of the process; it holds the model file and nothing else.
    request : mapping
        For `lime_core.models.own.child.main`; values that JSON knows.
    limits : Limits
        What it may use.

    Raises
    ------
    ModelError
        If the process could not be started, took too long, or ended in any other way than by itself.
    """
    process = start_child(folder, "lime_core.models.own.child", request, limits)
    try:
        code = process.wait(limits.seconds)
    except subprocess.TimeoutExpired as error:
        raise ModelError(_out_of_time(limits)) from error
    finally:
        end_child(process)
    if code:
        raise ModelError(_out_of_time(limits) if _is_out_of_time(code) else death(code, limits, _READING))


def start_child(
    folder: Path, module: str, request: Mapping[str, Any], limits: Limits, *, piped: bool = False
) -> subprocess.Popen[bytes]:
    """Start a process that calls the function `main` of a module with the request.

    On Linux it ends together with the thread that calls this.

    Parameters
    ----------
    folder : Path
        Its working folder, and all that it has.
    module : str
        Full name of a module of this package or one beside it.
    request : mapping
        Values that JSON knows; `limits` are added to it, which `main` has to apply.
    limits : Limits
        What it may use.
    piped : bool
        Whether the caller talks to it over its standard input and output.

    Raises
    ------
    ModelError
        If it could not be started.
    """
    start = {
        **request,
        "module": module,
        "path": [str(Path(entry).absolute()) for entry in sys.path if entry],
        "packages": _PACKAGES,
        "limits": asdict(limits),
    }
    stream = subprocess.PIPE if piped else subprocess.DEVNULL
    try:
        return subprocess.Popen(  # noqa: S603 - no text of the stranger's is a part of the command that runs
            [sys.executable, "-I", "-B", "-c", _START, json.dumps(start)],
            cwd=folder,
            env=_environment(folder),
            stdin=stream,
            stdout=stream,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ModelError(f"The process that works on model files could not be started: {error}.") from error


def _environment(folder: Path) -> dict[str, str]:
    here = str(folder)
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "HOME": here,
        "TMPDIR": here,
        "TEMP": here,
        "KERAS_HOME": here,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        "MALLOC_ARENA_MAX": "4",
        "PYTHONUTF8": "1",
    }


def kill_child(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those that it may have started, without waiting for their end."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end_child(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it may have started."""
    kill_child(process)
    process.wait()


def _out_of_time(limits: Limits) -> str:
    return (
        f"Reading the model took longer than {limits.seconds} seconds and was stopped: the model is too large, or its "
        "file is damaged. Give more time where you trust the file."
    )


def _is_out_of_time(code: int) -> bool:
    """Return whether a process ended because its processor time was used up."""
    return hasattr(signal, "SIGXCPU") and code == -signal.SIGXCPU


def death(code: int, limits: Limits, work: str) -> str:
    """Return a sentence on how a process ended that did some `work`, such as "read the model"."""
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"The process that {work} ended with the code {code} and no result: its file may be damaged."
    cause = "was ended from outside" if name in ("SIGKILL", "SIGTERM") else "crashed"
    return (
        f"The process that {work} {cause} ({name}): its file is damaged, or it needs more than the "
        f"{limits.memory / 1e9:.0f} GB of memory that are allowed. Export the model again."
    )
