"""A trained model and its figures on disk, each whole or not at all."""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lime_core.collections.addresses import shown
from lime_core.errors import LimeError
from lime_core.training.result import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lime_core.training.result import Training

ENDING = ".keras"
LABELS = "labels.txt"  # where `lime_core.models.own.sources` looks for class names
_DRAFT = ".unfinished-"


def checked_output(output: str | Path) -> Path:
    """Return where the model goes.

    Raises
    ------
    LimeError
        If it is no path of a ``.keras`` file on this machine, or a file would be replaced that is not of an earlier
        training.
    """
    if "://" in str(output):
        raise LimeError(f"The output {shown(str(output))} is an address; a model is written to a file of this machine.")
    path = Path(output)
    if path.suffix != ENDING or path.is_dir():
        raise LimeError(f"The output must be a file that ends in {ENDING}, such as mine{ENDING}; got {str(output)!r}.")
    figures = figures_path(path)
    if figures.exists() and not _ours(figures):
        raise LimeError(
            f"{figures}, where the figures of the training would be written, holds something else: choose another "
            "name for the model, or move that file away."
        )
    if path.exists() and not figures.exists():
        raise LimeError(
            f"{path} is there, and no {figures.name} beside it says that it is of an earlier training, which would be "
            "replaced: choose another name for the model, or move that file away."
        )
    return path


def figures_path(model: Path) -> Path:
    """Return where the figures of a model are: beside it, as JSON."""
    return model.with_suffix(".json")


@contextmanager
def draft_beside(path: Path) -> Iterator[Path]:
    """Give a path for a model on the same disk as its place, in a folder that is removed afterwards.

    Raises
    ------
    LimeError
        If nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=path.parent, prefix=_DRAFT)
    except OSError as error:
        raise LimeError(f"Cannot write to {path.parent}: {error.strerror or error}. Choose another output.") from error
    with folder as name:
        yield Path(name) / path.name


def write_model(model: Any, draft: Path, classes: Sequence[str]) -> str:
    """Write a Keras model with the names of its classes inside, and return the file's digest.

    Raises
    ------
    LimeError
        If it cannot be written.
    """
    with _in_words(draft):
        model.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            archive.writestr(LABELS, "".join(f"{name}\n" for name in classes))
        with draft.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def move_into_place(draft: Path, training: Training) -> None:
    """Write the figures beside a model's draft, and move both to where they belong.

    Raises
    ------
    LimeError
        If they cannot be written there.
    """
    with _in_words(training.model):
        figures_path(draft).write_text(training.to_json(), encoding="utf-8")
        draft.replace(training.model)
        figures_path(draft).replace(figures_path(training.model))


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LimeError(f"Cannot write {path}: {error.strerror or error}. Choose another output.") from error


def _ours(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["format"] == FORMAT)
    except (OSError, ValueError, KeyError, TypeError):
        return False
