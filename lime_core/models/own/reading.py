"""Reading a model file that somebody else made: the steps in order."""

from __future__ import annotations

import hashlib
import io
import operator
import tempfile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from lime_core.errors import ModelError, in_words
from lime_core.models.own.archive import checked_contents
from lime_core.models.own.formats import TITLES, kind_of, refusal
from lime_core.models.own.kept_file import KeptFile
from lime_core.models.own.keras_config import check_config
from lime_core.models.own.limits import Limits, unlimited_here
from lime_core.models.own.model import OwnModel
from lime_core.models.own.process import run_child
from lime_core.models.own.returned import read_facts, read_graph

if TYPE_CHECKING:
    from typing import IO

    from lime_core.models.own.model import Kind

MAX_BYTES = 1 << 30
MAX_SECONDS = 300
_CHUNK = 1 << 20
_LONGEST_NAME = 100
# TensorFlow and OpenVINO need less than 6 GB of address space; a network is there several times while it is converted.
_MEMORY = 8 << 30
_COPIES = 8
_WRITTEN = 64 << 20


def read_model(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    input_size: tuple[int, int] | None = None,
    output: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_seconds: int = MAX_SECONDS,
    max_memory: int | None = None,
) -> OwnModel:
    """Read an image classifier from an ONNX, TensorFlow Lite or Keras file; the file need not be trusted.

    The file is copied, checked, and read and converted in a process of its own with limits on time, memory, processes
    and what it writes. What that process returns is checked as well. TensorFlow is imported there only, and only for
    a Keras file.

    Parameters
    ----------
    source : str, Path or bytes
        The file or its content.
    name : str, optional
        What its owner calls it, for messages and for the ending; the path's own name if left out.
    input_size : (int, int), optional
        Height and width of the pictures, for a model that leaves them open.
    output : str, optional
        Name of the output to explain, for a model with several.
    max_bytes : int
        Largest size of the file, unpacked as well.
    max_seconds : int
        Longest time for reading and converting it.
    max_memory : int, optional
        Address space of the process that reads it, in bytes; 8 GB and 8 times the file's size if left out.

    Raises
    ------
    ModelError
        If the file is missing, too large, damaged, in a format that may hold code (with the lines that convert it), or
        holds no network from one batch of pictures to one number a class; if `input_size` or `output` is needed, or
        does not fit.
    """
    shown = _shown(name or (PurePath(source).name if isinstance(source, str | Path) else "The file"))
    size = None if input_size is None else _checked_size(input_size)
    try:
        with tempfile.TemporaryDirectory(prefix="limelight-") as folder:
            copy = Path(folder) / "model"
            digest = _copied(source, copy, shown, max_bytes)
            kind = kind_of(copy, shown, max_bytes)
            file = copy.rename(copy.with_suffix(f".{kind}"))
            limits = _limits(file, kind, max_bytes, max_seconds, max_memory)
            # Before a stranger's model runs beside it, which could put something else in its place.
            kept = KeptFile(file, digest, limits) if kind == "keras" else None
            request = {"kind": kind, "file": file.name, "input_size": size, "output": output}
            run_child(Path(folder), request, limits)
            facts = read_facts(Path(folder))
            graph = read_graph(Path(folder), limits.written, facts)
    except OSError as error:
        raise ModelError(f"{shown} cannot be read: {in_words(error)}.") from error
    notes = [*_misnamed(shown, kind), *facts.pop("notes")]
    if (sentence := unlimited_here()) is not None:
        notes.append(sentence)
    return OwnModel(graph=graph, sha256=digest, kind=kind, notes=tuple(notes), file=kept, **facts)


def _shown(name: str) -> str:
    """Return the last part of a name as a message may show it."""
    plain = "".join(sign if sign.isprintable() else " " for sign in PurePath(name).name)
    return plain.encode("utf-8", "replace").decode("utf-8")[-_LONGEST_NAME:] or "The file"


def _checked_size(size: tuple[int, int]) -> list[int]:
    try:
        height, width = map(operator.index, size)
    except (TypeError, ValueError):
        height = width = 0
    if min(height, width) < 1:
        raise ModelError(f"input_size must be height and width in pixels, such as (224, 224); got {size!r}.")
    return [height, width]


def _copied(source: str | Path | bytes, copy: Path, shown: str, max_bytes: int) -> str:
    """Copy a file, so that nobody changes it between the checks, and return its digest."""
    if isinstance(source, str | Path):
        path = Path(source)
        if path.is_dir():
            raise ModelError(refusal("saved_model", shown) if (path / "saved_model.pb").exists() else _a_folder(shown))
        if not path.is_file():
            raise ModelError(f"There is no file {shown}: {path}.")
        with path.open("rb") as file:
            return _copy(file, copy, shown, max_bytes)
    return _copy(io.BytesIO(source), copy, shown, max_bytes)


def _a_folder(shown: str) -> str:
    return f"{shown} is a folder; a model is a single file: .onnx, .tflite or .keras."


def _copy(file: IO[bytes], copy: Path, shown: str, max_bytes: int) -> str:
    digest, size = hashlib.sha256(), 0
    with copy.open("xb") as target:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > max_bytes:
                raise ModelError(f"{shown} is larger than the {max_bytes / 1e6:,.0f} MB that are allowed.")
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _limits(file: Path, kind: Kind, max_bytes: int, max_seconds: int, max_memory: int | None) -> Limits:
    size = file.stat().st_size
    if kind == "keras":
        size = max(size, sum(checked_contents(file, max_bytes).values()))
        check_config(file)
    return Limits(max_seconds, max_memory or _MEMORY + _COPIES * size, _WRITTEN + 4 * size)


def _misnamed(shown: str, kind: Kind) -> list[str]:
    ending = PurePath(shown).suffix.lower()
    if ending in ("", f".{kind}"):
        return []
    return [f"The file's name ends in {ending}, but its content is {TITLES[kind]}: it is read as that."]
