"""What a verdict is worth: how often what is called certain holds in a far longer run, and the reality check passes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import lime_core as lc
from lime_core.explanation.verdict import LEVELS, Level
from lime_core.trials import reality_check
from tests.benchmarks.lab import Lab
from tests.benchmarks.pictures import Picture, outputs

LONGER = 6  # times as many samples has the run that says which superpixels are the strongest
CLASSES = 3  # of each picture, the most probable ones
TOP_K = 5
_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class Case:
    """One explained class of one picture.

    Attributes
    ----------
    picture : str
        Name of the picture.
    samples : int
        Of the run that is judged.
    level : {"solid", "usable", "doubtful", "meaningless"}
        Its verdict, before any trial.
    certain : int
        Superpixels that it calls certain to be among the K strongest.
    right : int
        Those of them that are among the K strongest of the longer run.
    shared : float
        Share of its K strongest that are among those of the longer run.
    passed : bool or None
        Whether the reality check is passed; None where no superpixel is evidence for the class.
    """

    picture: str
    samples: int
    level: Level
    certain: int
    right: int
    shared: float
    passed: bool | None

    @property
    def good(self) -> bool:
        """Whether all that is certain holds, and the reality check is passed."""
        return self.certain == self.right and bool(self.passed)


def in_folder(folder: Path, limit: int | None) -> list[Picture]:
    """Return the pictures under a folder, in whatever folders below it; at most `limit`, spread over the whole list."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    if limit is not None and limit < len(files):
        files = [files[place] for place in np.linspace(0, len(files) - 1, limit).round().astype(int)]
    return [Picture(path.stem, lc.load_image(path), ()) for path in files]


def measure(
    lab: Lab, pictures: Sequence[Picture], calls: Sequence[int], spec: lc.ExplainSpec | None = None
) -> Iterator[list[Case]]:
    """Judge runs of several lengths on each picture, and yield its cases as soon as they are ready."""
    spec = spec or lc.ExplainSpec()
    for picture in pictures:
        strongest = np.argsort(-outputs(picture.image, lab.classifier), kind="stable")[:CLASSES]
        asked = replace(picture, classes=tuple(int(index) for index in strongest))
        rows = replace(spec, classes=tuple(range(len(strongest))))
        long = lc.fit(lab.ask(asked, replace(spec, seed=spec.seed + 1), LONGER * max(calls)), rows)
        probe = lc.Probe(lc.prepare(picture.image, lab.classifier.input_size, spec), lab.classifier)
        cases = []
        for samples in sorted(calls, reverse=True):
            short = lc.fit(lab.ask(asked, spec, samples), rows)
            cases += [_case(asked, row, short, long, probe) for row in range(len(strongest))]
        yield cases


def _case(picture: Picture, row: int, short: lc.Explanation, long: lc.Explanation, probe: lc.Probe) -> Case:
    item = short[row]
    # The lab numbers the classes it keeps from 0, the model does not.
    of_the_model = replace(short, classes=(replace(item, index=picture.classes[row]),))
    try:
        passed = reality_check(probe, of_the_model, picture.classes[row], TOP_K).passed
    except lc.SpecError:
        passed = None
    certain = short.certain_top(row, TOP_K, "both")
    sure = () if certain is None else certain.sure
    top, truth = short.top_features(row, TOP_K, "both"), set(long.top_features(row, TOP_K, "both"))
    shared = len(truth.intersection(top)) / max(len(truth), 1)
    return Case(picture.name, short.samples, item.trust.level, len(sure), len(truth.intersection(sure)), shared, passed)


PICTURE_HEADER = ("picture", *(f"{level}" for level in LEVELS), "certain, and right", "reality check passed")
LEVEL_HEADER = (
    "calls",
    "verdict",
    "explanations",
    "certain of the top 5",
    "of them right",
    "reality check passed",
    "top 5 shared with the long run",
)


def picture_cells(cases: Sequence[Case]) -> list[str]:
    """Return a row of the table under `PICTURE_HEADER`."""
    counts = [str(sum(case.level == level for case in cases)) for level in LEVELS]
    certain, right = sum(case.certain for case in cases), sum(case.right for case in cases)
    passed = [case.passed for case in cases if case.passed is not None]
    return [cases[0].picture, *counts, f"{right} of {certain}", f"{sum(passed)} of {len(passed)}"]


def level_rows(cases: Sequence[Case]) -> list[list[str]]:
    """Return the rows of the table under `LEVEL_HEADER`: one for each length of run and level that was given."""
    rows = []
    for samples in sorted({case.samples for case in cases}, reverse=True):
        same = [case for case in cases if case.samples == samples]
        for level in LEVELS:
            given = [case for case in same if case.level == level]
            if given:
                share = f"{len(given)} ({len(given) / len(same):.0%})"
                rows.append([f"{samples:,}", level, share, *_promises(given)])
    return rows


def _promises(cases: Sequence[Case]) -> list[str]:
    certain, right = sum(case.certain for case in cases), sum(case.right for case in cases)
    passed = [case.passed for case in cases if case.passed is not None]
    return [
        f"{certain / len(cases):.1f}",
        f"{right} of {certain}" + (f" ({right / certain:.0%})" if certain else ""),
        f"{sum(passed)} of {len(passed)}" + (f" ({np.mean(passed):.0%})" if passed else ""),
        f"{np.mean([case.shared for case in cases]):.2f}",
    ]


def share_called_solid(cases: Sequence[Case]) -> float:
    """Return which share of the explanations that keep both promises is called solid; NaN of none."""
    good = [case.level == "solid" for case in cases if case.good]
    return float(np.mean(good)) if good else float("nan")
