"""Where a model is wrong, or right for the wrong reason, and what would turn its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lime_core.audits.discovery.flips import Suspect, flip
from lime_core.audits.storage.findings import Confusion, Flip, Mistakes
from lime_core.audits.storage.tables import EXPLANATIONS, SUPERPIXELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.audits.storage.findings import ShortcutCandidate
    from lime_core.collections.base import Collection
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec

MOST_FLIPS: Final = 40  # pictures that the model is asked about again
_CLASS: Final = ["picture", "class_index"]
_KEYS: Final = [*_CLASS, "superpixel"]


def mistakes(
    folder: AuditFolder,
    collection: Collection,
    classifier: Classifier,
    spec: ExplainSpec,
    candidates: Sequence[ShortcutCandidate],
    members: pa.Table,
    *,
    on_progress: Callable[[int, int], object] | None = None,
) -> Mistakes:
    """Return what is wrong in the predictions and explanations of an audit.

    Parameters
    ----------
    folder : AuditFolder
        Its explanations and superpixels are read.
    collection, classifier, spec
        What the audit was made with; the model is asked again about at most `MOST_FLIPS` pictures.
    candidates : sequence of ShortcutCandidate
    members : pyarrow.Table
        Which superpixels belong to which concept, by the schema of `MEMBERS`.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after each picture that the model was asked about.

    Returns
    -------
    mistakes : Mistakes
        The pictures of `flips` are as many wrong ones and right ones for the wrong reason as there is room for, half of
        each if there are too many of both.

    Raises
    ------
    ModelError
        When the model's outputs cannot be used.
    """
    predicted = _predicted(folder)
    evidence = _Evidence(folder, members)
    wrong = [row for row in predicted if row["correct"] is False]
    by_shortcut = _right_for_the_wrong_reason(predicted, evidence, candidates)
    doubted = {picture for picture, _ in by_shortcut}
    asked = _as_many_as_fit(wrong, [row for row in predicted if row["picture"] in doubted])
    return Mistakes(
        confusions=_confusions(wrong, evidence),
        meaningless=tuple(row["picture"] for row in predicted if row["level"] == "meaningless"),
        wrong_reason=tuple(by_shortcut),
        flips=_flips(_suspects(folder, asked), collection, classifier, spec, on_progress),
    )


def _predicted(folder: AuditFolder) -> list[dict[str, Any]]:
    """Return the explanation of each picture's predicted class, by path."""
    columns = [*_CLASS, "class_name", "label", "role", "correct", "level", "seed", "superpixels"]
    rows = folder.table(EXPLANATIONS, columns)
    listed: list[dict[str, Any]] = rows.filter(pc.equal(rows["role"], "predicted")).sort_by("picture").to_pylist()
    return listed


class _Evidence:
    """The positive evidence of every explanation: in all, and of each concept."""

    def __init__(self, folder: AuditFolder, members: pa.Table) -> None:
        superpixels = folder.table(SUPERPIXELS, [*_KEYS, "coefficient"])
        superpixels = superpixels.filter(pc.greater(superpixels["coefficient"], 0))
        totals = superpixels.group_by(_CLASS).aggregate([("coefficient", "sum")])
        parts = superpixels.join(members.select([*_KEYS, "concept"]), _KEYS, join_type="inner")
        parts = parts.group_by([*_CLASS, "concept"]).aggregate([("coefficient", "sum")])
        self._totals = {(row["picture"], row["class_index"]): row["coefficient_sum"] for row in totals.to_pylist()}
        self._parts: dict[tuple[str, int], dict[int, float]] = {}
        for row in parts.to_pylist():
            key = (row["picture"], row["class_index"])
            self._parts.setdefault(key, {})[row["concept"]] = row["coefficient_sum"]

    def shares(self, rows: Sequence[dict[str, Any]]) -> dict[int, float]:
        """Return each concept's share of the positive evidence of some explanations, falling."""
        keys = [(row["picture"], row["class_index"]) for row in rows]
        total = sum(self._totals.get(key, 0.0) for key in keys)
        sums: dict[int, float] = {}
        for key in keys:
            for concept, value in self._parts.get(key, {}).items():
                sums[concept] = sums.get(concept, 0.0) + value
        ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
        return {concept: value / total for concept, value in ordered}


def _confusions(wrong: Sequence[dict[str, Any]], evidence: _Evidence) -> tuple[Confusion, ...]:
    pairs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in wrong:
        pairs.setdefault((row["label"], row["class_name"]), []).append(row)
    found = [
        Confusion(
            true=true,
            predicted=predicted,
            pictures=tuple(row["picture"] for row in rows),
            concepts=tuple(evidence.shares(rows).items()),
        )
        for (true, predicted), rows in pairs.items()
    ]
    return tuple(sorted(found, key=lambda pair: (-len(pair.pictures), pair.true, pair.predicted)))


def _right_for_the_wrong_reason(
    predicted: Sequence[dict[str, Any]], evidence: _Evidence, candidates: Sequence[ShortcutCandidate]
) -> list[tuple[str, int]]:
    """Return correct pictures with more than half of their evidence on shortcut candidates, and the strongest of these.

    Only candidates for the predicted class count.
    """
    of_class: dict[str, set[int]] = {}
    for candidate in candidates:
        of_class.setdefault(candidate.class_name, set()).add(candidate.concept)
    found = []
    for row in predicted:
        concepts = of_class.get(row["class_name"], set())
        if row["correct"] and concepts:
            shares = {concept: share for concept, share in evidence.shares([row]).items() if concept in concepts}
            if sum(shares.values()) > 0.5:
                found.append((row["picture"], next(iter(shares))))
    return found


def _as_many_as_fit(wrong: list[dict[str, Any]], by_shortcut: list[dict[str, Any]]) -> list[dict[str, Any]]:
    half = MOST_FLIPS // 2
    first = wrong[: max(half, MOST_FLIPS - len(by_shortcut))]
    return first + by_shortcut[: MOST_FLIPS - len(first)]


def _suspects(folder: AuditFolder, rows: Sequence[dict[str, Any]]) -> list[Suspect]:
    paths = [row["picture"] for row in rows]
    table = folder.table(SUPERPIXELS, [*_KEYS, "coefficient"], pictures=paths)
    coefficients = {(row["picture"], row["class_index"]): np.zeros(row["superpixels"]) for row in rows}
    for picture, class_index, superpixel, value in zip(*(column.to_pylist() for column in table.columns), strict=True):
        if (picture, class_index) in coefficients:
            coefficients[picture, class_index][superpixel] = value
    return [
        Suspect(
            picture=row["picture"],
            class_index=row["class_index"],
            class_name=row["class_name"],
            seed=row["seed"],
            coefficients=coefficients[row["picture"], row["class_index"]],
        )
        for row in rows
    ]


def _flips(
    suspects: Sequence[Suspect],
    collection: Collection,
    classifier: Classifier,
    spec: ExplainSpec,
    on_progress: Callable[[int, int], object] | None,
) -> tuple[Flip, ...]:
    found = []
    for done, suspect in enumerate(suspects, start=1):
        result = flip(suspect, collection, classifier, spec)
        if result is not None:
            found.append(result)
        if on_progress is not None:
            on_progress(done, len(suspects))
    return tuple(found)
