"""``limelight explain``: from a picture to a folder of results and a short table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core.cli.earlier_results import ATTRIBUTION, EXPLANATION, NEIGHBORHOOD, picture_name
from lime_core.cli.question import Answers, ask_model
from lime_core.cli.tables import UNBROKEN, Column, print_table
from lime_core.show import render, to_png

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


def run(options: argparse.Namespace) -> None:
    """Explain IMAGE. Write the result as JSON, neighborhood.npz and one PNG per class into the output folder."""
    answers = ask_model(options)
    with options.output.writing("explain", answers.attribution.provenance) as folder:
        _write(folder, answers)
    attribution = answers.attribution
    _print_verdict(attribution.classes[0])
    print()
    _print_classes(attribution, answers.spec.view)
    print(_meaning_of_scores(attribution))
    for note in attribution.notes:
        print(f"Note: {note}")
    print(f"\nWritten to {options.output}")


def _write(folder: Path, answers: Answers) -> None:
    attribution = answers.attribution
    name = EXPLANATION if isinstance(attribution, lc.Explanation) else ATTRIBUTION
    (folder / name).write_text(attribution.to_json(), encoding="utf-8")
    if answers.neighborhood is not None:
        answers.neighborhood.save_npz(folder / NEIGHBORHOOD)
    framed = lc.frame(answers.image, attribution.spec)
    for rank, item in enumerate(attribution.classes, start=1):
        picture = render(framed, attribution, item.index, answers.spec.view)
        (folder / picture_name(rank, item.index, item.name)).write_bytes(to_png(picture))


def _print_verdict(item: lc.ClassAttribution) -> None:
    print(f"{item.name}: {item.trust.level}")
    for reason in item.trust.reasons:
        print(f"  {reason}")
    if item.trust.advice:
        print(f"  Advice: {item.trust.advice}")


def _print_classes(attribution: lc.Attribution, view: lc.View) -> None:
    columns = [Column("class"), Column("output", "right"), Column("verdict"), Column("strongest superpixels for it")]
    rows = [
        [item.name, f"{item.output:.3g}", item.trust.level, _strongest(attribution, item)]
        for item in attribution.classes
    ]
    if isinstance(attribution, lc.Explanation):
        columns.insert(2, Column("held-out R²", "right"))
        for row, explained in zip(rows, attribution.classes, strict=True):
            row.insert(2, f"{explained.r2_holdout:.2f}")
    if isinstance(attribution, lc.AnchorAttribution):
        columns[2:2] = [Column("precision", "right"), Column("coverage", "right")]
        for row, anchored in zip(rows, attribution.classes, strict=True):
            bounds = f"{anchored.precision_low:.3f}..{anchored.precision_high:.3f}"
            row[2:2] = [f"{anchored.precision:.3f} ({bounds})", f"{anchored.coverage:.3g}"]
    tops = [attribution.certain_top(item.index, view.top_k, view.sign) for item in attribution.classes]
    if tops[0] is not None:
        columns.append(Column(f"among the {tops[0].strongest}"))
        for row, top in zip(rows, tops, strict=True):
            row.append("" if top is None else top.members(attribution.superpixel_ids))
    print_table(columns, rows)


def _strongest(attribution: lc.Attribution, item: lc.ClassAttribution) -> str:
    scores = attribution.scores(item.index)
    items = []
    for feature in attribution.top_features(item.index, 3):
        # Superpixel and score stay on one line, wherever the terminal folds the list.
        text = f"{attribution.id_of(feature)} ({scores[feature]:.3f}{_error_bar(item, feature)})"
        items.append(text.replace(" ", UNBROKEN))
    return ", ".join(items)


def _error_bar(item: lc.ClassAttribution, feature: int) -> str:
    if item.std_errors is None or item.std_errors.ndim != 1:
        return ""
    half_width = float(item.half_widths[feature])
    return f" ± {half_width:.3f}" if math.isfinite(half_width) else ""


def _meaning_of_scores(attribution: lc.Attribution) -> str:
    if attribution.classes[0].scores.ndim > 1:
        sign = "" if attribution.signed else ", without a sign"
        return f"In brackets: the mean score of the superpixel's pixels, in {attribution.unit}{sign}."
    if not attribution.signed:
        return f"In brackets: {attribution.unit}, without a sign."
    meaning = ", where +1 multiplies the odds by 2.7" if attribution.spec.target.name == "log_odds" else ""
    errors = any(item.std_errors is not None for item in attribution.classes)
    bars = "; 95 % intervals" if errors else ""
    return f"In brackets: what showing the superpixel adds, in {attribution.unit}{meaning}{bars}."
