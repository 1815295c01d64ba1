"""What the JSON of all kinds of results has in common."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lime_core.answers.origin import Provenance
from lime_core.errors import LimeError
from lime_core.settings.spec import ExplainSpec

_PLAIN = ("method", "signed", "unit", "calls")


def shared_document(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that every result has, by name, as plain values for JSON."""
    return {
        **{name: fields[name] for name in _PLAIN},
        "notes": list(fields["notes"]),
        # How a result is drawn is not part of it.
        "spec": {name: value for name, value in fields["spec"].to_dict().items() if name != "view"},
        "provenance": asdict(fields["provenance"]),
    }


def shared_from_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that `shared_document` wrote."""
    return {
        **{name: document[name] for name in _PLAIN},
        "notes": tuple(document["notes"]),
        "spec": ExplainSpec.from_dict(document["spec"]),
        "provenance": Provenance.from_dict(document["provenance"]),
    }


def check_format(document: dict[str, Any], wanted: str) -> None:
    """Raise `LimeError` when a document is of another format, or of another version of it."""
    if document["format"] != wanted:
        raise LimeError(f"The document holds {document['format']!r}; expected {wanted!r}.")
