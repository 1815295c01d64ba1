"""All methods by the same measures, at the same budgets: which is the most faithful, and which the most stable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import lime_core as lc
from lime_core.explanation.agreement import rank_correlation
from lime_core.methods import MaskMethod
from lime_core.trials.question_groups import grouped
from tests.benchmarks.collages import inside_cell
from tests.benchmarks.measures import Floats, pointing_share
from tests.benchmarks.pictures import Picture
from tests.benchmarks.report import Report
from tests.benchmarks.summary import bootstrap_mean
from tests.benchmarks.table import render

# What others are set against.
REFERENCE = "lime"
CHANCE = "random order"
_FEWEST = 4  # pictures from which on a difference is called one: resampling fewer says little


@dataclass(frozen=True, slots=True)
class Measure:
    """A column: its title, and whether more is better (1), less is (−1), or neither (0)."""

    title: str
    better: int


MEASURES = {
    "pointing_2": Measure("pointing 2×2 ↑", 1),
    "pointing_3": Measure("pointing 3×3 ↑", 1),
    "deletion": Measure("deletion ↓", -1),
    "insertion": Measure("insertion ↑", 1),
    "agreement": Measure("top-5 Jaccard of seeds ↑", 1),
    "hiding": Measure("correlation with hiding one ↑", 1),
    "r2_holdout": Measure("held-out R²", 0),
}
HEADER = ("method", "budget", "calls", "seconds", *(measure.title for measure in MEASURES.values()))


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked.

    Attributes
    ----------
    methods : tuple of str
        Names of the methods.
    budgets : tuple of int
        Pictures that each run may ask about.
    seeds : int
        Runs of each method on each picture.
    pictures : tuple of Picture
        Each with the class the model itself puts first.
    collages : mapping of int to tuple of Picture
        By their side; ``classes[i]`` is in cell i.
    """

    methods: tuple[str, ...]
    budgets: tuple[int, ...]
    seeds: int
    pictures: tuple[Picture, ...]
    collages: Mapping[int, tuple[Picture, ...]]

    def units(self) -> Iterator[tuple[int, int, Picture]]:
        """Yield budget, side (0 for a single picture) and picture; the small budgets first."""
        for budget in self.budgets:
            for picture in self.pictures:
                yield budget, 0, picture
            for side, collages in self.collages.items():
                for collage in collages:
                    yield budget, side, collage

    def cost(self, budget: int, side: int) -> float:
        """Return about how many pictures a unit asks the model about."""
        if side:
            return len(self.methods) * budget
        return self.seeds * len(self.methods) * (budget + 100) + 1000


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one method on one picture or collage at one budget."""

    method: str
    budget: int
    side: int
    picture: str
    values: dict[str, float | None]


def measure(plan: Plan, classifier: lc.Classifier, found: Report, resumed: Path | None = None) -> None:
    """Measure all methods on everything; rows are kept after every picture, and a table is printed for each budget.

    Parameters
    ----------
    plan : Plan
        How much is asked.
    classifier : Classifier
        The model.
    found : Report
        Where it is printed and kept.
    resumed : Path, optional
        A file of an earlier run: what it has measured is not measured again.
    """
    usable, rows = _usable(plan, classifier, found), _rows_of(resumed, plan.seeds)
    done = {(row.budget, row.side, row.picture) for row in rows}
    units = [unit for unit in plan.units() if (unit[0], unit[1], unit[2].name) not in done]
    found.keep(seeds=plan.seeds, methods=[asdict(row) for row in rows])
    found.expect(sum(plan.cost(budget, side) for budget, side, _ in units))
    found.text(explanation_of(plan))
    for place, (budget, side, picture) in enumerate(units):
        found.say(f"{budget} calls: {picture.name}")
        values = (
            _on_collage(picture, classifier, usable, budget, side, found)
            if side
            else _on_picture(picture, classifier, usable, budget, plan.seeds, found)
        )
        rows += [Row(method, budget, side, picture.name, _plain(numbers)) for method, numbers in values.items()]
        found.keep(methods=[asdict(row) for row in rows])
        found.advance(plan.cost(budget, side))
        if place + 1 == len(units) or units[place + 1][0] != budget:
            found.text(render(HEADER, table_of(rows, (budget,))))
    found.text(render(HEADER, table_of(rows, sorted({row.budget for row in rows}))))
    found.keep(summary=summary_of(rows))


def explanation_of(plan: Plan) -> str:
    """Return what the columns mean, to stand above the tables."""
    counts = ", ".join(f"{len(collages)} of {side}×{side}" for side, collages in plan.collages.items())
    return f"""\
{len(plan.pictures)} pictures (the class the model puts first), collages: {counts} (each class in its cell); means with
95 % bootstrap intervals over pictures or collages. + and − behind a number: better or worse than {REFERENCE} at the
same budget, by the 95 % bootstrap interval of the difference picture by picture.
- Calls: pictures that one run asks about, the median; seconds alike.
- Pointing game: share of positive score inside the right cell; an even map scores 0.25 and 0.11. Of scores without a
  sign, what exceeds the least.
- Deletion, insertion: area under the output, whole superpixels at a time, the strongest first; hidden behind the
  default fill, as the methods themselves hide.
- Top-5 Jaccard between {plan.seeds} seeds; a dash where nothing is drawn at random.
- Correlation with hiding one: Spearman's, of the scores with the fall of the log-odds when a superpixel alone is
  hidden; of the strengths where scores have no sign. That is what leave_one_out itself measures.
- Held-out R²: of the surrogate, where there is one."""


def table_of(rows: Sequence[Row], budgets: Sequence[int]) -> list[list[str]]:
    """Return a row under `HEADER` for each method at each budget."""
    names = list(dict.fromkeys(row.method for row in rows))
    cells = []
    for budget in budgets:
        of_method = {name: [row for row in rows if (row.method, row.budget) == (name, budget)] for name in names}
        for name, mine in of_method.items():
            if mine:
                reference = of_method.get(REFERENCE, [])
                costs = [_median(mine, "calls", ".0f"), _median(mine, "seconds", ".2f")]
                cells.append([name, str(budget), *costs, *(_cell(mine, reference, measure) for measure in MEASURES)])
    return cells


def summary_of(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return means with intervals, and differences from the reference with theirs, for the JSON file."""
    result = []
    for method, budget in dict.fromkeys((row.method, row.budget) for row in rows):
        mine = [row for row in rows if (row.method, row.budget) == (method, budget)]
        reference = [row for row in rows if (row.method, row.budget) == (REFERENCE, budget)]
        means = {name: bootstrap_mean(list(_values(mine, name).values())) for name in MEASURES}
        differences = {name: bootstrap_mean(_differences(mine, reference, name)) for name in MEASURES}
        result.append({"method": method, "budget": budget, "means": means, "less_the_reference": differences})
    return result


def _on_picture(
    picture: Picture, classifier: lc.Classifier, names: Sequence[str], budget: int, seeds: int, found: Report
) -> dict[str, dict[str, float]]:
    spec = lc.ExplainSpec(samples=budget, classes=picture.classes)
    index = picture.classes[0]
    comparison = lc.compare_methods(picture.image, classifier, names, spec, seeds=range(seeds))
    for name, reason in comparison.failed.items():
        found.text(f"{name} failed on {picture.name} at {budget} calls: {reason}")
    effects = lc.attribute(picture.image, classifier, method="leave_one_out", spec=spec).scores(index)
    values = {}
    for item in comparison.methods:
        measured, scores = item[index], item.attribution.scores(index)
        pair = (scores, effects) if item.attribution.signed else (np.abs(scores), np.abs(effects))
        values[item.method] = {
            "calls": item.calls,
            "seconds": item.seconds,
            "deletion": measured.deletion_area.value,
            "insertion": measured.insertion_area.value,
            "agreement": measured.agreement_between_seeds.value,
            "hiding": rank_correlation(*pair),
            "r2_holdout": getattr(item.attribution[index], "r2_holdout", np.nan),
        }
    area = comparison.random_orders(index).area.mean
    return values | {CHANCE: {"deletion": area, "insertion": area}}


def _on_collage(
    collage: Picture, classifier: lc.Classifier, names: Sequence[str], budget: int, side: int, found: Report
) -> dict[str, dict[str, float]]:
    values = {}
    for name, attribution in _attributions(collage, classifier, names, budget, found):
        shares = [
            pointing_share(_heat(attribution, index), inside_cell(attribution.segments.shape, cell, side))
            for cell, index in enumerate(collage.classes)
        ]
        # The maps of a collage are not independent: their mean is one value.
        values[name] = {f"pointing_{side}": float(np.mean(shares))}
    return values | {CHANCE: {f"pointing_{side}": 1 / side**2}}


def _heat(attribution: lc.Attribution, index: int) -> Floats:
    """Return a map of the evidence: without a sign, such as a mean output, what exceeds the least."""
    heat = attribution.heatmap(index).astype(np.float64)
    return heat if attribution.signed else heat - heat.min()


def _attributions(
    collage: Picture, classifier: lc.Classifier, names: Sequence[str], budget: int, found: Report
) -> Iterator[tuple[str, lc.Attribution]]:
    """Yield each method's attribution of all classes; methods that ask the same questions share the answers."""
    spec = lc.ExplainSpec(samples=budget, classes=collage.classes)
    superpixels = lc.prepare(collage.image, classifier.input_size, spec).superpixels
    for group in grouped([lc.METHODS[name] for name in names], spec, (0,), superpixels):
        answers = None
        for method in group.methods:
            try:
                if isinstance(method, MaskMethod):
                    if answers is None:
                        answers = lc.query(collage.image, classifier, method.asked(spec))
                    yield method.name, method.from_answers(answers, spec)
                else:
                    yield method.name, method.attribute(collage.image, classifier, spec)
            except lc.LimeError as error:
                found.text(f"{method.name} failed on a collage at {budget} calls: {error}")


def _usable(plan: Plan, classifier: lc.Classifier, found: Report) -> list[str]:
    obstacles = {name: lc.METHODS[name].obstacle(classifier) for name in plan.methods}
    for name, reason in obstacles.items():
        if reason is not None:
            found.text(f"{name} is left out: {reason}")
    return [name for name, reason in obstacles.items() if reason is None]


def _rows_of(file: Path | None, seeds: int) -> list[Row]:
    """Return the rows of an earlier run, which must have had as many seeds."""
    if file is None or not file.is_file():
        return []
    earlier = json.loads(file.read_text(encoding="utf-8"))
    if earlier.get("seeds", seeds) != seeds:
        raise SystemExit(f"{file} holds runs of {earlier['seeds']} seeds, not of {seeds}: choose another --json.")
    return [Row(**row) for row in earlier.get("methods", [])]


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: float(value) if np.isfinite(value) else None for name, value in values.items()}


def _values(rows: Sequence[Row], measure: str) -> dict[tuple[int, str], float]:
    """Return what was measured on each picture or collage."""
    known = {(row.side, row.picture): row.values.get(measure) for row in rows}
    return {unit: value for unit, value in known.items() if value is not None}


def _differences(mine: Sequence[Row], reference: Sequence[Row], measure: str) -> list[float]:
    one, other = _values(mine, measure), _values(reference, measure)
    return [one[unit] - other[unit] for unit in one.keys() & other.keys()]


def _cell(mine: Sequence[Row], reference: Sequence[Row], measure: str) -> str:
    text = str(bootstrap_mean(list(_values(mine, measure).values())))
    difference = bootstrap_mean(sorted(_differences(mine, reference, measure)))
    better = MEASURES[measure].better
    if mine is reference or difference.count < _FEWEST or not better:
        return text
    low, high = sorted((better * difference.low, better * difference.high))
    return text + (" +" if low > 0 else " −" if high < 0 else "")


def _median(rows: Sequence[Row], measure: str, form: str) -> str:
    values = list(_values(rows, measure).values())
    return format(float(np.median(values)), form) if values else "—"
