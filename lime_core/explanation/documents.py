"""What the JSON of all kinds of results has in common."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lime_core.answers.origin import Provenance
from lime_core.errors import LimeError
from lime_core.explanation.class_attribution import ClassAttribution
from lime_core.explanation.top_k import certain_top, order_from_dict, order_to_dict
from lime_core.explanation.verdict import Verdict
from lime_core.settings.spec import ExplainSpec
from lime_core.settings.view import View

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


def judged_document(item: ClassAttribution) -> dict[str, Any]:
    """Return verdict and order of a class as plain values for JSON.

    ``sure`` and ``possible`` are read off the order for whoever reads the file: the superpixels 0..S-1 that are for
    sure, or perhaps, among the K strongest by size, where K is that of the verdict.
    """
    k = View().top_k if item.verdict is None else item.verdict.top_k
    top = None if item.order is None else certain_top(item.order, item.scores, k, "both")
    return {
        "trust": None if item.verdict is None else item.verdict.to_dict(),
        "sure": None if top is None else list(top.sure),
        "possible": None if top is None else list(top.possible),
        "order": order_to_dict(item.order),
    }


def judged_from_document(row: dict[str, Any], superpixels: int) -> dict[str, Any]:
    """Return the fields that `judged_document` wrote; files of older versions have no order."""
    return {
        "verdict": None if row["trust"] is None else Verdict.from_dict(row["trust"]),
        "order": order_from_dict(row.get("order"), superpixels),
    }


def check_format(document: dict[str, Any], wanted: str) -> None:
    """Raise `LimeError` when a document is of another format, or of another version of it."""
    if document["format"] != wanted:
        raise LimeError(f"The document holds {document['format']!r}; expected {wanted!r}.")
