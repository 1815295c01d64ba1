"""What the pictures of an audit are explained with once more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lime_core as lc
from lime_core.audits.storage.answers import KeptAnswers
from lime_core.collections import Collection
from lime_core.models.engines.base import PrecisionChoice


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
    answers : KeptAnswers or None
        The model's answers, of those pictures for which they were kept; None where they are not to be trusted.
    made_here : bool
        Whether the answers are those of this server's own model, and not of one that only has its name.
    """

    collection: Collection
    model: str
    spec: lc.ExplainSpec
    precision: PrecisionChoice = "f32"
    answers: KeptAnswers | None = None
    made_here: bool = False

    def kept_answers(self, path: str) -> Path | None:
        """Return where the answers about a picture are; None where they were not kept."""
        file = None if self.answers is None else self.answers.file(path)
        return file if file is not None and file.is_file() else None
