"""Audits of models whose shortcut is known: how many are found, and how much is found that is not there."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import lime_core as lc
from lime_core.audits.storage.findings import Findings
from tests.benchmarks.audit_scores import Learned, Pick, Scored, Share, score, score_pick
from tests.benchmarks.audit_sets import Controls, DataSet, learned_of, loaded, slug, trained
from tests.benchmarks.report import Report
from tests.benchmarks.summary import bootstrap_mean
from tests.planted import Planted, plant

SAMPLES = 128  # half of what an audit asks: the experiments ask anew, and fewer are the harder case
HEADER = (
    "data set",
    "pictures",
    "accuracy",
    "class moved by",
    "accuracy falls by",
    "learned",
    "candidates: planted, other",
    "found",
    "coverage: pick, random",
    "train, explain, find",
)
EXPLANATION = """\
One class of each data set holds a shortcut in the stated share of its pictures; a model is trained on the data set and
audited on all of its pictures.
- Class moved by: mean change of the class's probability when the shortcut is laid onto held-out pictures of all
  classes; the same above what it does to a model trained without it; 95 % bootstrap intervals over pictures.
- Accuracy falls by: on held-out pictures of the class, when the shortcut is taken away; likewise.
- Learned: "clearly" where the first two intervals are above 0.05 and the others above 0; "moves" where only the first
  two are.
- Candidates are the planted shortcut when their class is right and at least half of their boxes and superpixels are on
  it (they share a quarter of the smaller one). A tint is everywhere, so that only class and pictures can be wrong.
- Coverage: share of the concepts' importance that the representative pictures show, beside the mean of random picks."""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one data set."""

    name: str
    kind: str | None
    share: float
    base: str
    class_name: str
    pictures: int
    holding: int
    accuracy: float
    learned: dict[str, Any] | None
    moves: bool
    clearly: bool
    candidates: list[dict[str, Any]]
    found: bool
    pick: dict[str, Any]
    concepts: int
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def false(self) -> int:
        """How many candidates are not the planted shortcut."""
        return sum(not candidate["matches"] for candidate in self.candidates)


def measure(
    plan: Sequence[DataSet],
    found: Report,
    *,
    samples: int = SAMPLES,
    resumed: Path | None = None,
    keep: Path | None = None,
) -> list[Row]:
    """Train and audit on every data set; each row is printed and kept when it is ready.

    Parameters
    ----------
    plan : sequence of DataSet
    found : Report
        Where it is printed and kept.
    samples : int
        Calls a picture.
    resumed : Path, optional
        A file of an earlier run: what it has measured is not measured again.
    keep : Path, optional
        Where data sets, models and audits are kept, and used again if they are there; otherwise they are deleted.
    """
    rows = rows_of(resumed, samples)
    names = {row.name for row in rows}
    left = [one for one in plan if one.name not in names]
    found.expect(sum(one.cost for one in left))
    found.table(HEADER, f"{EXPLANATION}\n{samples} calls a picture.")
    for row in rows:
        found.row(cells(row))
    found.keep(samples=samples, audits=[asdict(row) for row in rows])
    folder = keep or Path(tempfile.mkdtemp(prefix="audits-"))
    try:
        controls = Controls(folder)
        for one in left:
            rows.append(measure_one(one, folder, controls, samples, found.say))
            found.keep(audits=[asdict(row) for row in rows], summary=summary(rows))
            found.row(cells(rows[-1]), one.cost)
            if keep is None:
                shutil.rmtree(folder / slug(one), ignore_errors=True)
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    found.text("\n".join(f"{name}: {value}" for name, value in summary(rows).items()))
    return rows


def measure_one(
    one: DataSet, folder: Path, controls: Controls, samples: int, say: Callable[[str], object] = lambda _: None
) -> Row:
    """Plant, train, audit and score."""
    clock = Clock()
    planted = plant(one.kind, one.share, one.base, one.seed, folder / slug(one), per_class=one.per_class)
    clock.lap("plant")
    say(f"{one.name}: training")
    training = trained(planted, one.seed)
    model = loaded(training.model)
    clock.lap("train")
    learned = learned_of(one, planted, model, training.held_out, controls, say)
    clock.lap("learned")
    audit = lc.audit(
        planted.pictures,
        model,
        planted.folder / "audit",
        lc.ExplainSpec(samples=samples, seed=one.seed),
        on_progress=lambda done, total: say(f"{one.name}: {done} of {total} explained"),
        on_finding=lambda done, total: clock.once("explain") or say(f"{one.name}: {done} of {total} tested"),
    )
    clock.lap("find")
    return row_of(one, planted, training.accuracy, learned, audit.findings(), clock.seconds)


def row_of(
    one: DataSet,
    planted: Planted,
    accuracy: float,
    learned: Learned | None,
    findings: Findings,
    seconds: dict[str, float],
) -> Row:
    """Score what an audit has found."""
    masks = {path: planted.mask(path) for path in planted.holding}
    concepts = {concept.number: concept for concept in findings.concepts}
    scored: list[Scored] = [
        score(each, concepts[each.concept], planted.class_name, masks) for each in findings.shortcut_candidates
    ]
    pick: Pick = score_pick(findings.representative, planted.holding, len(planted.paths))
    return Row(
        name=one.name,
        kind=one.kind,
        share=one.share,
        base=one.base,
        class_name=planted.class_name,
        pictures=findings.pictures,
        holding=len(planted.holding),
        accuracy=accuracy,
        learned=None if learned is None else asdict(learned),
        moves=learned is not None and learned.moves,
        clearly=learned is not None and learned.clearly,
        candidates=[asdict(each) for each in scored],
        found=any(each.matches for each in scored),
        pick=asdict(pick),
        concepts=len(findings.concepts),
        seconds=dict(seconds),
        notes=list(findings.notes),
    )


def cells(row: Row) -> list[str]:
    """Return what stands under `HEADER`."""
    learned = row.learned
    intervals = ["—", "—"]
    if learned is not None:
        intervals = [f"{_interval(learned[name])}; {_interval(learned[f'{name}_above'])}" for name in ("shift", "fall")]
    pick = row.pick
    return [
        row.name,
        f"{row.holding} of {row.pictures}",
        f"{row.accuracy:.2f}",
        *intervals,
        "—" if learned is None else "clearly" if row.clearly else "moves" if row.moves else "no",
        f"{len(row.candidates) - row.false}, {row.false}",
        "—" if learned is None else "yes" if row.found else "MISSED" if row.clearly else "no",
        f"{pick['coverage']:.2f}, {pick['random_mean']:.2f}",
        ", ".join(f"{row.seconds.get(step, 0):.0f} s" for step in ("train", "explain", "find")),
    ]


def summary(rows: Sequence[Row]) -> dict[str, str]:
    """Return the figures over all data sets, each with an interval."""
    planted = [row for row in rows if row.kind is not None]
    controls = [row for row in rows if row.kind is None]
    clearly, moving = ([row for row in planted if getattr(row, name)] for name in ("clearly", "moves"))
    candidates = sum(len(row.candidates) for row in rows)
    gains = [row.pick["coverage"] - row.pick["random_mean"] for row in rows if row.concepts]
    shown = [row.pick for row in planted if row.pick["random_shows"] is not None]
    return {
        "recall where clearly learned": str(Share(sum(row.found for row in clearly), len(clearly))),
        "recall where the class moves": str(Share(sum(row.found for row in moving), len(moving))),
        "false among candidates": str(Share(sum(row.false for row in rows), candidates)),
        "data sets with a false candidate": str(Share(sum(row.false > 0 for row in rows), len(rows))),
        "controls with a candidate": str(Share(sum(row.false > 0 for row in controls), len(controls))),
        "coverage of the pick above random picks": str(bootstrap_mean(gains)),
        "picks that show the shortcut": str(Share(sum(pick["shows"] for pick in shown), len(shown))),
        "random picks that would": f"{sum(pick['random_shows'] for pick in shown):.1f} of {len(shown)}",
    }


def rows_of(file: Path | None, samples: int) -> list[Row]:
    """Return the rows of an earlier run, which must have asked as often."""
    if file is None or not file.is_file():
        return []
    earlier = json.loads(file.read_text(encoding="utf-8"))
    if earlier.get("samples", samples) != samples:
        raise SystemExit(f"{file} holds audits of {earlier['samples']} calls, not of {samples}: choose another --json.")
    return [Row(**row) for row in earlier.get("audits", [])]


class Clock:
    """Seconds of the steps since it was made."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """Note how long the step has taken that ends here."""
        now = time.perf_counter()
        self.seconds[name], self._since = now - self._since, now

    def once(self, name: str) -> None:
        """Note how long a step has taken when that is said for the first time."""
        if name not in self.seconds:
            self.lap(name)


def _interval(values: dict[str, float]) -> str:
    return f"{values['value']:.2f} [{values['low']:.2f}, {values['high']:.2f}]"
