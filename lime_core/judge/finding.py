"""What a rule of the judge finds, and what is said where nothing is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lime_core.explanation.verdict import Level


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to believe less, and the one change that would help most, also as settings of `ExplainSpec`."""

    level: Level
    reason: str
    advice: str
    changes: dict[str, Any] = field(default_factory=dict)


NOT_MEASURED = Finding(
    "usable",
    "This method does not measure how well its scores describe the model, so only the trials can confirm it.",
    "Run the reality check and repeat it with other seeds, or compare with LIME.",
)
