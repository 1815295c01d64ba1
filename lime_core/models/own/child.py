"""The main function of the process that reads a model file: the file in, a graph and facts about it out.

Everything here runs on a stranger's data with limits; `lime_core.models.own.returned` checks what comes out.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lime_core.errors import ModelError, in_words
from lime_core.models.own.limits import Limits, apply

FACTS, STRUCTURE, WEIGHTS = "facts.json", "graph.xml", "graph.bin"
_NO_MEMORY = ("bad_alloc", "annot allocate", "ailed to allocate", "OOM when allocating")
_PLACE = re.compile(r"(.*: )?(Exception from|Check .* failed at) ")
_LONGEST = 800


def main(request: dict[str, Any]) -> None:
    """Read the model file in the working folder, and write the results beside it.

    Parameters
    ----------
    request : dict
        `limits` (the fields of `Limits`), `kind`, `file` (its name), `input_size` (height and width, or None) and
        `output` (a name, or None).
    """
    limits = Limits(**request["limits"])
    apply(limits)
    try:
        facts = _read(request)
    except Exception as error:
        facts = {"error": reason_of(error, limits, "The model cannot be read")}
    Path(FACTS).write_text(json.dumps(facts), encoding="utf-8")


def _read(request: dict[str, Any]) -> dict[str, Any]:
    # Imported after the limits are set.
    from lime_core.models.own.conversion import converted
    from lime_core.models.own.sources import network_from

    path, size = Path(request["file"]), request["input_size"]
    network, facts = converted(network_from(path, request["kind"]), size and tuple(size), request["output"])
    Path(STRUCTURE).write_bytes(network.structure)
    Path(WEIGHTS).write_bytes(network.weights)
    return facts


def reason_of(error: Exception, limits: Limits, failure: str) -> str:
    """Return in words why work on a model failed.

    Parameters
    ----------
    error : Exception
        Of any type, because libraries raise any type for what they cannot do.
    limits : Limits
        Of this process.
    failure : str
        What failed, as the beginning of a sentence, for errors that are not our own.
    """
    text = in_words(error)
    if isinstance(error, MemoryError) or any(words in text for words in _NO_MEMORY):
        return f"The model needs more than the {limits.memory / 1e9:.0f} GB of memory that are allowed for it."
    # OpenVINO's messages begin with places in its own source.
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _PLACE.match(line)]
    reason = " ".join(lines)[:_LONGEST] or "no reason given"
    return f"{reason}." if isinstance(error, ModelError) else f"{failure}: {type(error).__name__}: {reason}."
