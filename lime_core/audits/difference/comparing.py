"""Compare two audits of the same pictures."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lime_core.audits.difference.candidate_shifts import candidate_shifts
from lime_core.audits.difference.difference import (
    AuditDifference,
    CandidateShift,
    Counts,
    MovedSuperpixel,
    PictureDifference,
)
from lime_core.audits.difference.significance import EVIDENCE_ERROR, holm, mcnemar, standard_errors, welch_p
from lime_core.audits.storage.findings import Box
from lime_core.errors import LimeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lime_core.audits.difference.pairs import Evidence, Pairing
    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.audits.storage.findings import Findings

_RELIABLE = ("solid", "usable")
# Settings that may differ: seeds, and what is chosen after the fit.
_FREE = frozenset({"seed", "classes", "top_classes", "view", "top_k"})


def diff(a: str | Path | AuditFolder, b: str | Path | AuditFolder) -> AuditDifference:
    """Return what has changed between two audits of the same pictures.

    Pictures are the same where their pixels are. A superpixel has moved when its coefficient for a class has changed
    beyond its error bars: by Welch's t test of the two coefficients, corrected by Holm's procedure for all superpixels
    of all pictures. The chance that any has moved between two seeds of one model is at most 0.5 %. The test takes the
    errors of the two audits as independent; with one seed for both their samples are the same, and it is on the safe
    side where the two models err alike.

    Parameters
    ----------
    a, b : path or AuditFolder
        Folders of two audits, before and after.

    Returns
    -------
    difference : AuditDifference

    Raises
    ------
    LimeError
        When a folder is no audit, or is damaged, or the two have no picture in common.

    Examples
    --------
    >>> difference = lc.diff("audit-before", "audit-after")  # doctest: +SKIP
    >>> [picture.picture for picture in difference.moved]  # doctest: +SKIP
    """
    # Here, so that `import lime_core` does not wait for Arrow.
    from lime_core.audits.difference.pairs import pair_pictures, paired_evidence, read_both
    from lime_core.audits.storage.about import kept_about
    from lime_core.audits.storage.audit_folder import AuditFolder

    folders = (
        a if isinstance(a, AuditFolder) else AuditFolder(a),
        b if isinstance(b, AuditFolder) else AuditFolder(b),
    )
    pictures = read_both(*folders)
    pairing = pair_pictures(*pictures)
    if not pairing.pairs:
        raise LimeError(
            f"{folders[0].path} and {folders[1].path} have no picture in common; compare audits of the same pictures."
        )
    about = [kept_about(folder) or {} for folder in folders]
    settings = _unlike_settings(*about)
    evidence = paired_evidence(*folders, pairing, compare=not settings)
    return _Comparison(folders, about, pairing, evidence, settings).difference()


class _Comparison:
    """Two audits side by side, with the tests of all superpixels."""

    def __init__(
        self,
        folders: tuple[AuditFolder, AuditFolder],
        about: list[dict[str, Any]],
        pairing: Pairing,
        evidence: Evidence,
        settings: tuple[str, ...],
    ) -> None:
        self.folders, self.about, self.pairing, self.evidence, self.settings = (
            folders,
            about,
            pairing,
            evidence,
            settings,
        )
        before, after = evidence.coefficients
        size = np.zeros(len(evidence.keys))
        np.maximum.at(size, evidence.key, np.maximum(np.abs(before), np.abs(after)))
        scale = size[evidence.key]
        self.change = after - before
        self.errors = standard_errors(*evidence.errors, scale)
        self.adjusted = holm(welch_p(self.change, evidence.errors, evidence.degrees, scale))
        self.moved = self.adjusted <= EVIDENCE_ERROR  # NaN has not

    def difference(self) -> AuditDifference:
        pairs = self.pairing.pairs
        compared = {position for position, _ in self.evidence.keys}
        explained = [both for position, both in enumerate(pairs) if position in compared]
        known = [both for both in pairs if None not in (both[0].correct, both[1].correct)]
        findings = [self._findings(folder) for folder in self.folders]
        return AuditDifference(
            a=str(self.folders[0].path),
            b=str(self.folders[1].path),
            models=(_model(self.about[0]), _model(self.about[1])),
            pictures=self._pictures(),
            only_a=self.pairing.only_a,
            only_b=self.pairing.only_b,
            replaced=self.pairing.replaced,
            predictions_only=tuple(pairs[place][0].path for place in range(len(pairs)) if place not in compared),
            tested=int(np.count_nonzero(~np.isnan(self.adjusted))),
            accuracy=_counts([(bool(x.correct), bool(y.correct)) for x, y in known]) if known else None,
            reliable=_counts([(x.level in _RELIABLE, y.level in _RELIABLE) for x, y in explained]),
            candidates=self._candidates(findings),
            notes=tuple(self._notes(findings)),
        )

    def _pictures(self) -> tuple[PictureDifference, ...]:
        evidence = self.evidence
        shifts = np.full(len(self.pairing.pairs), np.nan)
        positions = np.array([position for position, _ in evidence.keys], dtype=np.int64)[evidence.key]
        sizes = np.abs(self.change) / np.maximum(self.errors, 1e-300)
        known = ~np.isnan(sizes)
        np.fmax.at(shifts, positions[known], sizes[known])
        moved = defaultdict[int, list[MovedSuperpixel]](list)
        for row in sorted(np.flatnonzero(self.moved).tolist(), key=lambda row: -sizes[row]):
            moved[int(positions[row])].append(self._moved_superpixel(row))
        made = [
            PictureDifference(
                picture=before.path,
                picture_b=after.path,
                label=before.label,
                predicted=(before.predicted, after.predicted),
                probability=(before.probability, after.probability),
                level=(before.level, after.level),
                moved=tuple(moved[position]),
                shift=float(shifts[position]),
            )
            for position, (before, after) in enumerate(self.pairing.pairs)
        ]
        return tuple(sorted(made, key=_most_moved))

    def _moved_superpixel(self, row: int) -> MovedSuperpixel:
        evidence = self.evidence
        top, left, bottom, right = evidence.boxes[row].tolist()
        return MovedSuperpixel(
            class_name=evidence.keys[evidence.key[row]][1],
            superpixel=int(evidence.superpixel[row]),
            box=Box(top=top, left=left, bottom=bottom, right=right),
            before=float(evidence.coefficients[0][row]),
            after=float(evidence.coefficients[1][row]),
            std_error=float(self.errors[row]),
            p_adjusted=float(self.adjusted[row]),
        )

    def _findings(self, folder: AuditFolder) -> Findings | None:
        from lime_core.audits.storage.audit_folder import FINDINGS

        return folder.findings() if (folder.path / FINDINGS).exists() else None

    def _candidates(self, findings: list[Findings | None]) -> tuple[CandidateShift, ...] | None:
        before, after = findings
        if before is None or after is None:
            return None
        return candidate_shifts(self.pairing, self.evidence, self.errors, self.moved, (before, after))

    def _notes(self, findings: list[Findings | None]) -> Iterator[str]:
        """Yield what keeps the two audits from being compared in full."""
        pairs, compared = len(self.pairing.pairs), {position for position, _ in self.evidence.keys}
        if self.settings:
            yield (
                f"The audits were made with different settings ({'; '.join(self.settings)}), so that only predictions "
                "are compared. Make both with the same settings; only the seed may differ."
            )
        elif self.evidence.unlike:
            yield (
                f"{len(self.evidence.unlike)} of {pairs} pictures were cut into other superpixels, so that only their "
                "predictions are compared. Make both audits with the same segmentation, at viewing resolution."
            )
        classless = pairs - len(compared | self.evidence.unlike)
        if classless:
            yield (
                f"{classless} of {pairs} pictures have no class that both audits explain, so that only their "
                "predictions are compared; with true classes both would explain these."
            )
        untested = int(np.isnan(self.adjusted).sum())
        if untested:
            yield f"{untested} coefficients have no error bar and were not tested."
        precisions = [about.get("precision") for about in self.about]
        if None not in precisions and precisions[0] != precisions[1]:
            yield f"Audit A was made in {precisions[0]}, audit B in {precisions[1]}; give both the same --precision."
        for name, each in zip("AB", findings, strict=True):
            if each is not None and not each.complete:
                yield f"Audit {name} was interrupted: it may lack pictures, and its concepts were not tested."


def _most_moved(picture: PictureDifference) -> tuple[float, ...]:
    shift = -1.0 if math.isnan(picture.shift) else picture.shift
    return -len(picture.moved), -picture.prediction_changed, -shift


def _counts(holds: list[tuple[bool, bool]]) -> Counts:
    lost, gained = holds.count((True, False)), holds.count((False, True))
    before = lost + holds.count((True, True))
    return Counts(
        pictures=len(holds), before=before, after=before - lost + gained, lost=lost, gained=gained,
        p=mcnemar(lost, gained),
    )  # fmt: skip


def _model(about: Mapping[str, Any]) -> str:
    model = about.get("model")
    return str(model.get("id", "")) if isinstance(model, dict) else ""


def _unlike_settings(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how the settings differ that coefficients depend on: ``fill: blur / mean``."""
    before, after = a.get("spec"), b.get("spec")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ()
    names = sorted((before.keys() | after.keys()) - _FREE)
    return tuple(
        f"{name}: {_written(before.get(name))} / {_written(after.get(name))}"
        for name in names
        if before.get(name) != after.get(name)
    )


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
