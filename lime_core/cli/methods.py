"""``limelight methods``: several methods explain one picture, and the model is asked about each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core.cli import tables
from lime_core.cli.earlier_results import METHODS, picture_name, picture_of_method
from lime_core.cli.model_source import loader
from lime_core.cli.progress import progress_bar
from lime_core.cli.tables import print_table
from lime_core.settings.flags import spec_from
from lime_core.show import render, to_png
from lime_core.trials.method_comparison import COLUMNS
from lime_core.trials.question_groups import seeds_from

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from lime_core.trials.method_comparison import Column, MethodComparison
    from lime_core.trials.method_measures import MethodMeasures, RandomOrders

_BEST, _TIED = "*", "="


def run(options: argparse.Namespace) -> None:
    """Explain IMAGE with several methods and let the model judge. Write methods.json and a PNG a method and class."""
    options.output.check()
    spec = spec_from(options, lc.preset(options.preset))
    seeds = seeds_from(spec.seed, options.seeds)
    image = lc.load_image(options.image, value_range=options.value_range)
    with progress_bar("Fetching weights", unit="bytes", quiet=options.quiet) as report:
        # Not every method has error bars by which bf16 could be called good enough, so it is taken when asked for.
        classifier = loader(options, image, spec, report)("bf16" if options.precision == "bf16" else "f32")
    with progress_bar("Asking the model", quiet=options.quiet) as report:
        comparison = lc.compare_methods(
            image,
            classifier,
            options.methods,
            spec,
            seeds=seeds,
            on_progress=report,
        )
    if not comparison.methods:
        raise lc.LimeError(" ".join(f"{name}: {reason}" for name, reason in comparison.failed.items()))
    with options.output.writing("methods", comparison.methods[0].attribution.provenance) as folder:
        _write(folder, image, comparison, spec.view)
    _print(comparison)
    print(f"\nWritten to {options.output}")


def _write(folder: Path, image: lc.Image, comparison: MethodComparison, view: lc.View) -> None:
    (folder / METHODS).write_text(comparison.to_json(), encoding="utf-8")
    framed = lc.frame(image, comparison.spec)
    for item in comparison.methods:
        for rank, explained in enumerate(item.attribution.classes, start=1):
            name = picture_of_method(item.method, picture_name(rank, explained.index, explained.name))
            (folder / name).write_bytes(to_png(render(framed, item.attribution, explained.index, view)))


def _print(comparison: MethodComparison) -> None:
    for orders in comparison.random:
        print(f"{comparison.methods[0].attribution[orders.index].name}:")
        _print_measures(comparison, orders)
        print()
    print(
        f"{_BEST} best of the column, {_TIED} tied with the best within the error; areas and outputs are the model's."
    )
    if any(item.shares_answers for item in comparison.methods):
        print("Methods that share answers are given the calls and seconds that each would need alone.")
    for name, reason in comparison.failed.items():
        print(f"Left out: {name}. {reason}")
    for item in comparison.methods:
        for note in item.attribution.notes:
            print(f"Note on {item.method}: {note}")
    if len(comparison.methods) > 1:
        print()
        _print_agreement(comparison)


def _print_measures(comparison: MethodComparison, orders: RandomOrders) -> None:
    k = comparison.top_k
    titles = (f"top {k} alone", "without them", "deletion", "insertion", "between seeds", "seconds", "calls")
    columns = [tables.Column("method"), *(tables.Column(title, "right") for title in titles)]
    best = {column: comparison.best(orders.index, column) for column in COLUMNS}

    def marked(item: MethodMeasures, column: Column, text: str) -> str:
        names = best[column]
        return text + (" " if item.method not in names else _BEST if item.method == names[0] else _TIED)

    rows = [
        [
            item.method,
            *(
                marked(item, column, _number(getattr(item[orders.index], column).value))
                for column in COLUMNS
                if column not in ("seconds", "calls")
            ),
            marked(item, "seconds", _number(item.seconds, 2)),
            marked(item, "calls", f"{item.calls:,}"),
        ]
        for item in comparison.methods
    ]
    chance = (orders.top_alone, orders.without_top, orders.area, orders.area)
    rows.append(["random order", *(f"{_number(band.mean)} " for band in chance), *["– "] * 3])
    print_table(columns, rows)
    low, high = orders.area.low, orders.area.high
    print(f"Nine of ten random orders have an area of {_number(low)} to {_number(high)}.")


def _print_agreement(comparison: MethodComparison) -> None:
    index = comparison.random[0].index
    agreement = comparison.agreement(index)
    names = [item.method for item in comparison.methods]
    print(
        f"Agreement about {comparison.methods[0].attribution[index].name}: rank correlation of the scores above the "
        f"diagonal, Jaccard index of the {comparison.top_k} strongest below"
    )
    rows = [
        [
            f"{row + 1} {name}",
            *(
                "–" if row == column else _number(values[row, column], 2)
                for column in range(len(names))
                for values in [agreement.rank_correlation if column > row else agreement.jaccard]
            ),
        ]
        for row, name in enumerate(names)
    ]
    print_table([tables.Column(""), *(tables.Column(str(column + 1), "right") for column in range(len(names)))], rows)
    common = comparison.shared(index).common
    ids = comparison.methods[0].attribution.superpixel_ids
    shared = ", ".join(str(ids[feature]) for feature in common) or "none"
    print(f"Superpixels among the {comparison.top_k} strongest of every method: {shared}")


def _number(value: float, digits: int = 3) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"
