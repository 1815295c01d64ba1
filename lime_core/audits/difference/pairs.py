"""The same pictures in two audits: which there are, and their evidence side by side."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lime_core.audits.difference.superpixel_rows import Superpixels, read_rows
from lime_core.audits.storage.tables import EXPLANATIONS
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lime_core.audits.storage.audit_folder import AuditFolder

Floats = NDArray[np.float64]

_ABOUT_PICTURES = (
    "picture", "sha256", "label", "class_name", "class_index", "role", "probability", "level", "correct", "calls",
    "superpixels",
)  # fmt: skip
_LEAST_DEGREES = 1.0


@dataclass(frozen=True, slots=True)
class AuditedPicture:
    """What an audit says of a picture.

    Attributes
    ----------
    path, sha256 : str
    label : str or None
        Its true class.
    predicted : str
    probability : float
        Of the predicted class.
    level : str
        Of the verdict on the predicted class.
    correct : bool or None
    calls, superpixels : int
    classes : dict of str to int
        Names of the explained classes, with their indices in the model.
    """

    path: str
    sha256: str
    label: str | None
    predicted: str
    probability: float
    level: str
    correct: bool | None
    calls: int
    superpixels: int
    classes: Mapping[str, int]

    @property
    def degrees(self) -> float:
        """Degrees of freedom where none were written: pairs of samples less superpixels less one."""
        return max((self.calls - 1) // 2 - self.superpixels - 1, _LEAST_DEGREES)


@dataclass(frozen=True, slots=True)
class Pairing:
    """Which pictures two audits have in common.

    Attributes
    ----------
    pairs : tuple of (AuditedPicture, AuditedPicture)
        The same pixels, under `a` and under `b`.
    only_a, only_b : tuple of str
        Paths of pictures that the other does not have.
    replaced : tuple of str
        Paths at which there is another picture now.
    """

    pairs: tuple[tuple[AuditedPicture, AuditedPicture], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Coefficients of the same superpixels for the same classes in two audits.

    Attributes
    ----------
    keys : tuple of (int, str)
        Position of the picture in `Pairing.pairs`, and class, of each explanation.
    key, superpixel : ndarray of int64, shape (M,)
        Position in `keys`, and superpixel; sorted by both.
    coefficients, errors, degrees : two ndarrays of float64, shape (M,)
        Before and after; errors are NaN where they are not known.
    boxes : ndarray of int64, shape (M, 4)
        top, left, bottom, right in pixels.
    unlike : frozenset of int
        Positions of pictures that were cut into other superpixels, whose evidence cannot be compared.
    """

    keys: tuple[tuple[int, str], ...]
    key: NDArray[np.int64]
    superpixel: NDArray[np.int64]
    coefficients: tuple[Floats, Floats]
    errors: tuple[Floats, Floats]
    degrees: tuple[Floats, Floats]
    boxes: NDArray[np.int64]
    unlike: frozenset[int]


def read_both(a: AuditFolder, b: AuditFolder) -> tuple[dict[str, AuditedPicture], dict[str, AuditedPicture]]:
    """Return the pictures of two audits by path.

    Classes are matched by name, as two models may number them differently. A name that one of the models has twice
    (ImageNet has two classes "crane") is told apart by its number.

    Raises
    ------
    LimeError
        When one of the two is no audit, or damaged.
    """
    rows = [_explanations(folder) for folder in (a, b)]
    numbers = [defaultdict[str, set[int]](set) for _ in rows]
    for each, seen in zip(rows, numbers, strict=True):
        for row in each:
            seen[row["class_name"]].add(row["class_index"])
    twice = {name for seen in numbers for name, indices in seen.items() if len(indices) > 1}
    first, second = (_by_picture(each, twice) for each in rows)
    return first, second


def pair_pictures(a: Mapping[str, AuditedPicture], b: Mapping[str, AuditedPicture]) -> Pairing:
    """Return the pictures with the same pixels: those at the same path first, then those that were moved."""
    same = {path for path in a.keys() & b.keys() if a[path].sha256 == b[path].sha256}
    moved_to = {b[path].sha256: path for path in sorted(b.keys() - same, reverse=True)}
    partners = {path: path for path in same}
    for path in sorted(a.keys() - same):
        partner = moved_to.pop(a[path].sha256, None)
        if partner is not None:
            partners[path] = partner
    left_a, left_b = a.keys() - partners.keys(), b.keys() - set(partners.values())
    return Pairing(
        pairs=tuple((a[path], b[partners[path]]) for path in sorted(partners)),
        only_a=tuple(sorted(left_a - left_b)),
        only_b=tuple(sorted(left_b - left_a)),
        replaced=tuple(sorted(left_a & left_b)),
    )


def paired_evidence(a: AuditFolder, b: AuditFolder, pairing: Pairing, *, compare: bool = True) -> Evidence:
    """Return the evidence of two audits for the classes that both have explained, superpixel by superpixel.

    Pictures are cut alike when all superpixels have the same boxes and areas. Without `compare` none counts as alike.

    Raises
    ------
    LimeError
        When one of the two is damaged.
    """
    first, second = Superpixels(a), Superpixels(b)
    keys, rows, unlike = [], [], set()
    for position, (before, after) in enumerate(pairing.pairs):
        for name in sorted(before.classes.keys() & after.classes.keys()):
            both = first.rows(before.path, before.classes[name]), second.rows(after.path, after.classes[name])
            if compare and first.cut_alike(both[0], second, both[1]):
                keys.append((position, name))
                rows.append(both)
            else:
                unlike.add(position)
    key = np.repeat(np.arange(len(keys)), [len(both[0]) for both in rows])
    chosen = [np.concatenate([both[side] for both in rows]) if rows else np.zeros(0, np.int64) for side in (0, 1)]
    assumed = [
        np.array([pairing.pairs[position][side].degrees for position, _ in keys])[key] if keys else np.zeros(0)
        for side in (0, 1)
    ]
    sides = list(zip((first, second), chosen, strict=True))
    written = [each.numbers["degrees"][places] for each, places in sides]
    return Evidence(
        keys=tuple(keys),
        key=key,
        superpixel=first.cut[chosen[0], 0],
        coefficients=_two(each.numbers["coefficient"][places] for each, places in sides),
        errors=_two(each.numbers["std_error"][places] for each, places in sides),
        degrees=_two(
            np.maximum(np.where(np.isfinite(own), own, other), _LEAST_DEGREES)
            for own, other in zip(written, assumed, strict=True)
        ),
        boxes=first.cut[chosen[0], 1:5],
        unlike=frozenset(unlike),
    )


def _two(arrays: Iterable[Floats]) -> tuple[Floats, Floats]:
    first, second = arrays
    return first, second


def _explanations(folder: AuditFolder) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_rows(folder, EXPLANATIONS, _ABOUT_PICTURES).to_pylist()
    if not rows:
        raise LimeError(f"{folder.path} is no audit: there are no explanations in it. Give the --output of an audit.")
    return rows


def _by_picture(rows: Sequence[Mapping[str, Any]], twice: set[str]) -> dict[str, AuditedPicture]:
    """Return the pictures by path; `twice` are names that several classes have."""
    names = [f"{row['class_name']} ({row['class_index']})" if row["class_name"] in twice else row["class_name"]
             for row in rows]  # fmt: skip
    classes = defaultdict[str, dict[str, int]](dict)
    for row, name in zip(rows, names, strict=True):
        classes[row["picture"]][name] = row["class_index"]
    return {
        row["picture"]: AuditedPicture(
            path=row["picture"],
            sha256=row["sha256"],
            label=row["label"],
            predicted=name,
            probability=row["probability"],
            level=row["level"],
            correct=row["correct"],
            calls=row["calls"],
            superpixels=row["superpixels"],
            classes=classes[row["picture"]],
        )
        for row, name in zip(rows, names, strict=True)
        if row["role"] == "predicted"
    }
