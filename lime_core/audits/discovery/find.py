"""What an audit has found: groups of superpixels, experiments with them, shortcut candidates, and mistakes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.concepts import class_names, counted_once, members_of, patches_of, read_explained
from lime_core.audits.discovery.grouping import group_audit
from lime_core.audits.discovery.holding import Finder
from lime_core.audits.discovery.mistakes import MOST_FLIPS, mistakes
from lime_core.audits.discovery.proof import Bench
from lime_core.audits.discovery.representative import representative
from lime_core.audits.discovery.shortcuts import shortcut_candidates
from lime_core.audits.discovery.suspicions import background
from lime_core.audits.discovery.testing import Proof, Tester
from lime_core.audits.discovery.views import Views
from lime_core.audits.storage.findings import Concept, Findings, Mistakes
from lime_core.audits.storage.tables import MEMBERS, SCHEMAS, SKIPPED
from lime_core.models.features import as_feature_classifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lime_core.audits.discovery.concepts import Explained
    from lime_core.audits.discovery.grouping import Grouping
    from lime_core.audits.storage.audit_folder import AuditFolder
    from lime_core.audits.storage.findings import ShortcutCandidate
    from lime_core.collections.base import Collection
    from lime_core.models.protocol import Classifier
    from lime_core.settings.spec import ExplainSpec

_NO_MISTAKES: Final = Mistakes((), (), (), ())
_INTERRUPTED: Final = (
    "The audit was interrupted: no experiments were made, so nothing is proven and no shortcut is looked for. Give the "
    "same command again to go on."
)


def find(
    folder: AuditFolder,
    collection: Collection,
    classifier: Classifier,
    spec: ExplainSpec,
    *,
    seed: int,
    on_progress: Callable[[int, int], object] | None = None,
    complete: bool = True,
) -> Findings:
    """Find what a model has learned in the explanations of an audit, and write the members of its concepts.

    Parameters
    ----------
    folder : AuditFolder
        Its explanations, superpixels and thumbnails are read; its members are written.
    collection : Collection
        From which pictures are read for the experiments.
    classifier : Classifier
        The model that was explained.
    spec : ExplainSpec
        The settings of the explanations.
    seed : int
        Of groups, experiments and random picks.
    on_progress : callable, optional
        Called as ``on_progress(done, total)`` after the experiments with each concept, and after each wrong prediction,
        or right one for the wrong reason, that the model is asked about again.
    complete : bool
        False after an interrupt: then no experiments are made, and a note says so.

    Returns
    -------
    findings : Findings

    Raises
    ------
    ModelError
        When the model's outputs cannot be used.
    """
    explained = read_explained(folder)
    steps = _Steps(on_progress, min(sum(item.correct is False for item in explained.values()), MOST_FLIPS))
    notes = [] if complete else [_INTERRUPTED]
    concepts: tuple[Concept, ...] = ()
    candidates: tuple[ShortcutCandidate, ...] = ()
    members = evidence = SCHEMAS[MEMBERS].empty_table()
    grouping = group_audit(folder, explained, seed)
    if grouping is not None:
        tester, proofs = None, [Proof()] * len(grouping.groups)
        if complete:
            network, note = as_feature_classifier(classifier)
            notes += [] if note is None else [note]
            views = Views(folder, collection, classifier.input_size, spec)
            finder = Finder(network, grouping.patches.components, grouping.means)
            tester = Tester(grouping, explained, views, finder, Bench(classifier, spec), seed)
            proofs = tester.test(steps.concepts)
        concepts = _concepts(grouping, proofs, class_names(folder))
        candidates = shortcut_candidates(grouping, concepts, explained, tester.alone if tester else _untested)
        members = members_of(grouping.patches, grouping.groups)
        evidence = counted_once(members, grouping.groups)
    folder.write_part(MEMBERS, "members", members)
    return Findings(
        complete=complete,
        pictures=len(explained),
        skipped=len(folder.table(SKIPPED)),
        accuracy=_accuracy(explained),
        representative=representative(folder, evidence, seed),
        concepts=concepts,
        shortcut_candidates=candidates,
        mistakes=(
            mistakes(folder, collection, classifier, spec, candidates, evidence, on_progress=steps.mistakes)
            if complete
            else _NO_MISTAKES
        ),
        notes=tuple(notes),
    )


class _Steps:
    """Reports the progress of all that is found as one.

    Parameters
    ----------
    report : callable or None
    mistakes : int
        Pictures that the model is expected to be asked about again; more come if a shortcut is found.
    """

    def __init__(self, report: Callable[[int, int], object] | None, mistakes: int) -> None:
        self._report, self._tested, self._mistakes = report, 0, mistakes

    def concepts(self, done: int, total: int) -> None:
        """Report that so many of all concepts were tested."""
        self._tested = total
        self._tell(done, total + self._mistakes)

    def mistakes(self, done: int, total: int) -> None:
        """Report that the model was asked again about so many pictures."""
        self._tell(self._tested + done, self._tested + total)

    def _tell(self, done: int, total: int) -> None:
        if self._report is not None:
            self._report(done, total)


def _untested(*_: object) -> None:
    """Test nothing: without experiments no concept is proven, and none is asked about."""


def _accuracy(explained: dict[str, Explained]) -> float:
    known = [item.correct for item in explained.values() if item.correct is not None]
    return float(np.mean(known)) if known else math.nan


def _concepts(grouping: Grouping, proofs: Sequence[Proof], names: dict[int, str]) -> tuple[Concept, ...]:
    patches = grouping.patches
    return tuple(
        Concept(
            number=number,
            class_name=names[group.class_index],
            classes=tuple((names[index], share) for index, share in group.shares),
            pictures=len(set(patches.pictures[group.rows])),
            share=group.share,
            centre=group.centre,
            border=group.border,
            corner=group.corner,
            patches=patches_of(patches, group.of_class(patches)),
            take_away=proof.take_away,
            add=proof.add,
            p_adjusted=proof.p_adjusted,
            proven=proof.proven,
            suspicions=reasons or background(proof.surrounding, proof.pictures),
        )
        for number, (group, proof, reasons) in enumerate(zip(grouping.groups, proofs, grouping.reasons, strict=True))
    )
