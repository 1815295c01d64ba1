"""What an audit has found: groups of superpixels, experiments with them, shortcut candidates, and mistakes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from lime_core.audits.discovery.casts import cast_groups
from lime_core.audits.discovery.concepts import class_names, make_groups, members_of, patches_of, read_explained
from lime_core.audits.discovery.edges import edge_groups
from lime_core.audits.discovery.groups import grouped, joined, likeness_of, means_of
from lime_core.audits.discovery.holding import Finder
from lime_core.audits.discovery.mistakes import mistakes
from lime_core.audits.discovery.patches import read_patches
from lime_core.audits.discovery.proof import Bench
from lime_core.audits.discovery.representative import representative
from lime_core.audits.discovery.shortcuts import shortcut_candidates, suspicions
from lime_core.audits.discovery.testing import Proof, Tester
from lime_core.audits.discovery.views import Views
from lime_core.audits.storage.findings import Concept, Findings, Mistakes
from lime_core.audits.storage.tables import MEMBERS, SCHEMAS, SKIPPED, SUPERPIXELS
from lime_core.models.features import as_feature_classifier

if TYPE_CHECKING:
    from collections.abc import Callable

    from lime_core.audits.discovery.concepts import Explained, Group
    from lime_core.audits.discovery.patches import Patches
    from lime_core.audits.storage.audit_folder import AuditFolder
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
        Called as ``on_progress(done, total)`` after the experiments with each concept.
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
    patches = read_patches(folder, seed)
    notes = [] if complete else [_INTERRUPTED]
    groups: list[Group] = []
    proofs: list[Proof] = []
    if patches is not None:
        parts = grouped(patches.descriptions, seed)
        numbers = joined(parts, likeness_of(patches.descriptions, parts), patches.pictures, patches.boxes)
        total = _evidence(folder)
        groups = make_groups(patches, parts, numbers, explained, total)
        components, means = patches.components, means_of(patches.descriptions, parts)
        patches, edges = edge_groups(folder, patches, explained, total, seed)
        casts = cast_groups(folder, patches, explained, total, seed)
        groups = sorted(groups + edges + casts, key=lambda group: -group.share)
        proofs = [Proof()] * len(groups)
        if complete:
            network, note = as_feature_classifier(classifier)
            notes += [] if note is None else [note]
            views = Views(folder, collection, classifier.input_size, spec)
            finder = Finder(network, components, means)
            bench = Bench(classifier, spec)
            tester = Tester(patches, explained, views, finder, bench, seed)
            proofs = tester.test(groups, on_progress or _silent)
    concepts = _concepts(groups, proofs, patches, explained, class_names(folder))
    candidates = () if patches is None else shortcut_candidates(concepts, groups, patches, explained)
    members = SCHEMAS[MEMBERS].empty_table() if patches is None else members_of(patches, groups)
    folder.write_part(MEMBERS, "members", members)
    return Findings(
        complete=complete,
        pictures=len(explained),
        skipped=len(folder.table(SKIPPED)),
        accuracy=_accuracy(explained),
        representative=representative(folder, members, seed),
        concepts=concepts,
        shortcut_candidates=candidates,
        mistakes=mistakes(folder, collection, classifier, spec, candidates, members) if complete else _NO_MISTAKES,
        notes=tuple(notes),
    )


def _silent(done: int, total: int) -> None:
    """Report no progress."""


def _accuracy(explained: dict[str, Explained]) -> float:
    known = [item.correct for item in explained.values() if item.correct is not None]
    return float(np.mean(known)) if known else math.nan


def _evidence(folder: AuditFolder) -> float:
    """Return the sum of all positive coefficients."""
    coefficients = folder.table(SUPERPIXELS, ["coefficient"])["coefficient"].to_numpy()
    return float(np.maximum(coefficients, 0).sum(dtype=np.float64))


def _concepts(
    groups: list[Group],
    proofs: list[Proof],
    patches: Patches | None,
    explained: dict[str, Explained],
    names: dict[int, str],
) -> tuple[Concept, ...]:
    if patches is None:
        return ()
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
            suspicions=suspicions(group, patches, explained),
        )
        for number, (group, proof) in enumerate(zip(groups, proofs, strict=True))
    )
