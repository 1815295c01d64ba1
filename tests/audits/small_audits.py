"""Audits for comparing: of known models, written as a run writes them, and of numbers made up by a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

import lime_core as lc
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, SCHEMAS, SUPERPIXELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SIDE = 20  # pixels of a superpixel that was made up


def explained_audit(
    root: Path,
    pictures: Mapping[str, lc.Image],
    classifier: Callable[[lc.Image], lc.Classifier],
    spec: lc.ExplainSpec,
    *,
    first_seed: int = 0,
) -> AuditFolder:
    """Explain every picture for its most probable class, each with a seed of its own."""
    explanations, superpixels = [], []
    for number, (path, image) in enumerate(sorted(pictures.items())):
        one = replace(spec, seed=first_seed + number, classes=None, top_classes=1)
        explanation = lc.explain(image, classifier(image), one)
        item, about = explanation.classes[0], {"picture": path, "class_index": explanation.classes[0].index}
        height, width = explanation.segments.shape
        explanations.append(
            about
            | {
                "class_name": item.name,
                "role": "predicted",
                "probability": item.probability,
                "level": item.trust.level,
                "findings": [],
                "superpixels": explanation.superpixels,
                "calls": explanation.calls,
                "seed": one.seed,
                "height": height,
                "width": width,
                "sha256": image.sha256,
            }
        )
        for superpixel in range(explanation.superpixels):
            rows, columns = np.nonzero(explanation.segments == superpixel)
            superpixels.append(
                about
                | {
                    "superpixel": superpixel,
                    "coefficient": item.coefficients[superpixel],
                    "std_error": item.std_errors[superpixel],
                    "top": rows.min(),
                    "left": columns.min(),
                    "bottom": rows.max() + 1,
                    "right": columns.max() + 1,
                    "area": len(rows),
                }
            )
    return written(root, explanations, superpixels)


@dataclass(frozen=True)
class Said:
    """What an audit says of a picture with superpixels in one row."""

    coefficients: tuple[float, ...] = (0.0, 1.0, 2.0)
    error: float | None = 0.1
    predicted: str = "cat"
    index: int = 0
    label: str | None = None
    sha256: str = ""
    level: str = "solid"
    area: int = SIDE * SIDE
    also: tuple[tuple[str, int], ...] = ()
    calls: int = 257


def audit_of(root: Path, said: Mapping[str, Said]) -> AuditFolder:
    """Write an audit of numbers that were made up; `Said.also` are further classes, with the same coefficients."""
    explanations, superpixels = [], []
    for path, each in said.items():
        for role, (name, index) in [("predicted", (each.predicted, each.index)), *(("true", one) for one in each.also)]:
            explanations.append(_explanation(path, each, role, name, index))
            superpixels += [_superpixel(path, each, index, place) for place in range(len(each.coefficients))]
    return written(root, explanations, superpixels)


def written(root: Path, explanations: list[dict[str, Any]], superpixels: list[dict[str, Any]]) -> AuditFolder:
    folder = AuditFolder(root)
    for kind, rows in ((EXPLANATIONS, explanations), (SUPERPIXELS, superpixels)):
        folder.write_part(kind, "part-0", pa.Table.from_pylist(rows, schema=SCHEMAS[kind]))
    return folder


def _explanation(path: str, said: Said, role: str, name: str, index: int) -> dict[str, Any]:
    return {
        "picture": path,
        "label": said.label,
        "class_index": index,
        "class_name": name,
        "role": role,
        "correct": None if said.label is None else said.label == said.predicted,
        "probability": 0.9,
        "level": said.level,
        "findings": [],
        "superpixels": len(said.coefficients),
        "calls": said.calls,
        "seed": 0,
        "height": SIDE,
        "width": SIDE * len(said.coefficients),
        "sha256": said.sha256 or f"pixels of {path}",
    }


def _superpixel(path: str, said: Said, index: int, place: int) -> dict[str, Any]:
    return {
        "picture": path,
        "class_index": index,
        "superpixel": place,
        "coefficient": said.coefficients[place],
        "std_error": said.error,
        "top": 0,
        "left": SIDE * place,
        "bottom": SIDE,
        "right": SIDE * (place + 1),
        "area": said.area,
    }
