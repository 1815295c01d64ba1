"""``limelight explain``: from a picture to a folder of results and a short table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core.cli.question import ask_model
from lime_core.cli.results import writing
from lime_core.cli.tables import UNBROKEN, Column, print_table
from lime_core.explanation.explanation import CONFIDENT
from lime_core.show import render

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_COLUMNS = (
    Column("class"),
    Column("probability", "right"),
    Column("held-out R²", "right"),
    Column("verdict"),
    Column("strongest superpixels for it"),
)


def run(options: argparse.Namespace) -> None:
    """Explain IMAGE and write explanation.json, neighborhood.npz and one PNG per class into the output folder."""
    answers = ask_model(options)
    explanation = answers.explanation
    with writing(options.output) as folder:
        (folder / "explanation.json").write_text(explanation.to_json(), encoding="utf-8")
        answers.neighborhood.save_npz(folder / "neighborhood.npz")
        _write_pictures(folder, answers.image, explanation)
    _print_verdict(explanation)
    print()
    print_table(_COLUMNS, [_row(explanation, explained) for explained in explanation.classes])
    print(_unit_of(explanation))
    for note in explanation.notes:
        print(f"Note: {note}")
    print(f"\nWritten to {options.output}")


def _write_pictures(folder: Path, image: lc.Image, explanation: lc.Explanation) -> None:
    framed = lc.frame(image, explanation.spec)
    for rank, explained in enumerate(explanation.classes, start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", explained.name.lower()).strip("-")
        picture = render.to_png(render.render(framed, explanation, explained.index))
        (folder / f"{rank}-{slug or explained.index}.png").write_bytes(picture)


def _print_verdict(explanation: lc.Explanation) -> None:
    first = explanation.classes[0]
    print(f"{first.name}: {first.trust.level}")
    for reason in first.trust.reasons:
        print(f"  {reason}")
    if first.trust.advice:
        print(f"  What would help most: {first.trust.advice}")


def _row(explanation: lc.Explanation, explained: lc.ClassExplanation) -> tuple[str, ...]:
    strongest = [
        f"{feature} ({_score(explanation, explained, feature)})".replace(" ", UNBROKEN)
        for feature in explanation.top_features(explained.index, 3)
    ]
    return (
        explained.name,
        f"{explained.probability:.3g}",
        f"{explained.r2_holdout:.2f}",
        explained.trust.level,
        ", ".join(strongest),
    )


def _score(explanation: lc.Explanation, explained: lc.ClassExplanation, feature: int) -> str:
    if not explanation.signed:
        return f"{explained.coefficients[feature]:.3g}"
    return f"{explained.coefficients[feature]:.3f} ± {CONFIDENT * explained.std_errors[feature]:.3f}"


def _unit_of(explanation: lc.Explanation) -> str:
    if not explanation.signed:
        return "In brackets: importance, without a sign or an error bar."
    meaning = ", where +1 multiplies the odds by 2.7" if explanation.spec.target == "log_odds" else ""
    return f"In brackets: what showing it adds, in {explanation.spec.unit}{meaning}; 95 % intervals."
