"""What the pictures of an audit are explained with once more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lime_core as lc
from lime_core.collections import Collection
from lime_core.models.engines.base import PrecisionChoice
from pages.state.cache import digest


@dataclass(frozen=True, slots=True)
class AuditSource:
    """What the pictures of an audit are explained with once more.

    Attributes
    ----------
    collection : Collection
        Where the pictures are.
    model : str
        Key of `known_model`.
    spec : ExplainSpec
        The settings; every picture has a seed of its own.
    precision : {"auto", "f32", "bf16"}
        Numbers inside the network.
    answers : Path or None
        Folder with the model's answers, a file a picture, see `answers_file`; None where they were not kept.
    """

    collection: Collection
    model: str
    spec: lc.ExplainSpec
    precision: PrecisionChoice = "f32"
    answers: Path | None = None

    def kept_answers(self, path: str) -> Path | None:
        """Return where the answers about a picture are; None where they were not kept."""
        file = None if self.answers is None else answers_file(self.answers, path)
        return file if file is not None and file.is_file() else None


def answers_file(folder: Path, path: str) -> Path:
    """Return where in a folder the answers about a picture are kept."""
    return folder / f"{digest(path)}.npz"
