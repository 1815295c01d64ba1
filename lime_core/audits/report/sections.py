"""What the report shows of each finding: bounded numbers of pictures and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lime_core.audits.report.charts import Bar, interval_bars
from lime_core.audits.report.thumbnails import Thumbnails, data_url
from lime_core.audits.report.words import counted, evidence, facts, proof, state

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lime_core.audits.storage.findings import Box, Concept, Experiment, Findings, Flip, Patch

MOST_CONCEPTS: Final = 40
MOST_CANDIDATES: Final = 20
MOST_PAIRS: Final = 20
MOST_FLIPS: Final = 12
_PATCHES: Final = 8
_PICTURES: Final = 6
_LARGE, _SMALL, _PATCH_SIDE = 256, 144, 80


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the report: its data URL, what it shows in words, and a caption."""

    source: str
    alternative: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """An experiment in words, beside its bar."""

    name: str
    effect: str
    interval: str
    concept: str
    random: str
    pictures: int
    bar: Bar


@dataclass(frozen=True, slots=True)
class ConceptSection:
    """A concept: its patches, what is known of it, and its experiments."""

    number: int
    class_name: str
    state: str
    facts: tuple[str, ...]
    suspicions: tuple[str, ...]
    patches: tuple[Picture, ...]
    experiments: tuple[ExperimentRow, ...]


@dataclass(frozen=True, slots=True)
class CandidateSection:
    """A shortcut candidate: pictures with the place marked, and why it is one."""

    class_name: str
    concept: int
    sentence: str
    reasons: tuple[str, ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class PairSection:
    """Pictures of a class that were taken for another."""

    heading: str
    evidence: str
    pictures: tuple[Picture, ...]


class Sections:
    """Makes the parts of a report from what was found.

    Parameters
    ----------
    findings : Findings
    thumbnails : Thumbnails
        Of the pictures that `shown_pictures` names.
    """

    def __init__(self, findings: Findings, thumbnails: Thumbnails) -> None:
        self._findings, self._thumbnails = findings, thumbnails

    def representative(self, strongest: dict[str, list[int]]) -> list[tuple[Picture, Picture]]:
        """Return each picture of the pick, as it is and with its strongest superpixels lit."""
        pairs = []
        for picture in self._findings.representative.pictures:
            thumbnail = self._thumbnails.get(picture)
            if thumbnail is not None:
                lit = thumbnail.lit(strongest.get(picture, []))
                pairs.append(
                    (
                        _picture(thumbnail.pixels, _LARGE, picture, picture),
                        _picture(lit, _LARGE, f"{picture} with its strongest superpixels lit"),
                    )
                )
        return pairs

    def candidates(self) -> list[CandidateSection]:
        """Return the shortcut candidates, strongest first."""
        concepts = {concept.number: concept for concept in self._findings.concepts}
        sections = []
        for item in self._findings.shortcut_candidates[:MOST_CANDIDATES]:
            concept = concepts.get(item.concept)
            unit = concept.take_away.unit if concept is not None and concept.take_away is not None else "output"
            sections.append(
                CandidateSection(
                    class_name=item.class_name,
                    concept=item.concept,
                    sentence=proof(item, unit),
                    reasons=item.reasons,
                    pictures=tuple(self._marked(item.pictures)),
                )
            )
        return sections

    def _marked(self, held: Sequence[tuple[str, Box]]) -> Iterable[Picture]:
        for path in list(dict.fromkeys(path for path, _ in held))[:_PICTURES]:
            thumbnail = self._thumbnails.get(path)
            if thumbnail is not None:
                pixels = thumbnail.with_boxes([box for other, box in held if other == path])
                yield _picture(pixels, _LARGE, f"{path} with the place marked", path)

    def concepts(self) -> list[ConceptSection]:
        """Return the concepts, by falling share of the evidence."""
        return [self._concept(concept) for concept in self._findings.concepts[:MOST_CONCEPTS]]

    def _concept(self, concept: Concept) -> ConceptSection:
        named = [("taken away", concept.take_away), ("added", concept.add)]
        made = [(name, experiment) for name, experiment in named if experiment is not None]
        bars = interval_bars([experiment for _, experiment in made])
        return ConceptSection(
            number=concept.number,
            class_name=concept.class_name,
            state=state(concept),
            facts=facts(concept),
            suspicions=concept.suspicions,
            patches=tuple(self._patches(concept.patches)),
            experiments=tuple(_row(name, item, bar) for (name, item), bar in zip(made, bars, strict=True)),
        )

    def _patches(self, patches: Sequence[Patch]) -> Iterable[Picture]:
        for patch in patches[:_PATCHES]:
            thumbnail = self._thumbnails.get(patch.picture)
            if thumbnail is not None:
                yield _picture(thumbnail.patch(patch.box), _PATCH_SIDE, f"part of {patch.picture}")

    def pairs(self) -> list[PairSection]:
        """Return the confused classes, by falling number of pictures."""
        return [
            PairSection(
                heading=f"“{pair.true}” taken for “{pair.predicted}”: {counted(len(pair.pictures), 'picture')}",
                evidence=evidence(pair.concepts),
                pictures=tuple(self._plain(pair.pictures)),
            )
            for pair in self._findings.mistakes.confusions[:MOST_PAIRS]
        ]

    def meaningless(self) -> list[Picture]:
        """Return a few pictures whose explanations are worth nothing."""
        return list(self._plain(self._findings.mistakes.meaningless))

    def wrong_reason(self) -> list[Picture]:
        """Return a few pictures that are right for the wrong reason, with the candidate's places marked."""
        held = {item.concept: item.pictures for item in self._findings.shortcut_candidates}
        pictures = []
        for path, concept in self._findings.mistakes.wrong_reason[:_PICTURES]:
            thumbnail = self._thumbnails.get(path)
            if thumbnail is not None:
                pixels = thumbnail.with_boxes([box for other, box in held.get(concept, ()) if other == path])
                pictures.append(_picture(pixels, _SMALL, f"{path} with the place marked", path))
        return pictures

    def flips(self) -> list[Picture]:
        """Return a few pictures with the superpixels struck out that turn the answer."""
        pictures = []
        for item in turned(self._findings)[:MOST_FLIPS]:
            thumbnail = self._thumbnails.get(item.picture)
            if thumbnail is not None:
                gone = counted(len(item.superpixels), "superpixel")
                caption = f"{item.picture}: without {gone} “{item.before}” becomes “{item.after}”"
                pixels = thumbnail.without(item.superpixels)
                pictures.append(_picture(pixels, _LARGE, f"{item.picture} with {gone} struck out", caption))
        return pictures

    def _plain(self, paths: Sequence[str]) -> Iterable[Picture]:
        for path in paths[:_PICTURES]:
            thumbnail = self._thumbnails.get(path)
            if thumbnail is not None:
                yield _picture(thumbnail.pixels, _SMALL, path, path)


def shown_pictures(findings: Findings) -> set[str]:
    """Return the paths of all pictures that a report shows."""
    wrong = findings.mistakes
    paths = set(findings.representative.pictures)
    for item in findings.shortcut_candidates[:MOST_CANDIDATES]:
        paths.update(list(dict.fromkeys(path for path, _ in item.pictures))[:_PICTURES])
    for concept in findings.concepts[:MOST_CONCEPTS]:
        paths.update(patch.picture for patch in concept.patches[:_PATCHES])
    for pair in wrong.confusions[:MOST_PAIRS]:
        paths.update(pair.pictures[:_PICTURES])
    paths.update(wrong.meaningless[:_PICTURES])
    paths.update(picture for picture, _ in wrong.wrong_reason[:_PICTURES])
    paths.update(item.picture for item in turned(findings)[:MOST_FLIPS])
    return paths


def turned(findings: Findings) -> list[Flip]:
    """Return the answers that change when superpixels are hidden."""
    return [item for item in findings.mistakes.flips if item.superpixels]


def _picture(pixels: NDArray[np.uint8], side: int, alternative: str, caption: str = "") -> Picture:
    return Picture(data_url(pixels, side), alternative, caption)


def _row(name: str, item: Experiment, bar: Bar) -> ExperimentRow:
    low, high = item.interval
    return ExperimentRow(
        name=name,
        effect=f"{item.effect:+.2g} {item.unit}",
        interval=f"{low:+.2g} to {high:+.2g}",
        concept=f"{item.concept_effect:+.2g}",
        random=f"{item.random_effect:+.2g}",
        pictures=item.pictures,
        bar=bar,
    )
