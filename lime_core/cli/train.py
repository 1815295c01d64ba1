"""``limelight train``: from a folder of pictures to a classifier for its subfolders."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core.cli.printable import printable
from lime_core.cli.progress import steps_bar
from lime_core.cli.tables import Column, print_table
from lime_core.collections.addresses import shown
from lime_core.training.saving import figures_path
from lime_core.training.trainer import HELD_OUT

if TYPE_CHECKING:
    import argparse

_WIDEST = 12  # classes of a confusion matrix that is printed whole
_LISTED = 10


@dataclass(slots=True)
class ModelFile:
    """Where the model goes.

    Attributes
    ----------
    path : str
        As it was given.
    written : bool
        Whether the model of this run is there.
    """

    path: str
    written: bool = False

    def __str__(self) -> str:
        return self.path


def add_flags(command: argparse.ArgumentParser) -> None:
    """Give the command its flags."""
    command.add_argument(
        "pictures",
        metavar="PICTURES",
        help="a folder whose subfolders are the classes, a CSV of path and label, a zip file, or an address",
    )
    command.add_argument(
        "--output", type=ModelFile, required=True, metavar="FILE", help="the model to write, such as mine.keras"
    )
    command.add_argument(
        "--from-scratch",
        action="store_true",
        help="train a small network from nothing instead of the built-in network's last layer",
    )
    command.add_argument(
        "--held-out",
        type=float,
        default=HELD_OUT,
        metavar="SHARE",
        help="share of each class that is not trained on and tells how good the model is (default %(default)s)",
    )
    command.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is random (default %(default)s)")
    command.add_argument("--quiet", action="store_true", help="show no progress")


def run(options: argparse.Namespace) -> None:
    """Train a classifier on PICTURES. Write it as a Keras model, and its figures beside it as JSON."""
    with steps_bar(quiet=options.quiet) as report:
        training = lc.train(
            options.pictures,
            options.output.path,
            from_scratch=options.from_scratch,
            held_out=options.held_out,
            seed=options.seed,
            on_progress=report,
        )
    options.output.written = True
    low, high = training.interval
    print(
        f"{training.accuracy:.1%} of {len(training.held_out)} held-out pictures are right (95 % interval {low:.0%} to "
        f"{high:.0%}); always naming the most frequent class would be right in {training.majority:.0%}."
    )
    print(f"Calibration error {training.calibration_error:.1%}. Trained on {len(training.training)} pictures.\n")
    _print_confusion(training)
    for note in training.notes:
        print(printable(f"Note: {note}"))
    for path, reason in training.skipped[:_LISTED]:
        print(printable(f"Left out: {shown(path)}: {reason}"))
    figures = figures_path(training.model)
    if len(training.skipped) > _LISTED:
        print(printable(f"Left out: {len(training.skipped) - _LISTED} more, listed in {figures}"))
    print()
    print(printable(f"Written to {training.model}, with its figures in {figures.name}"))
    # A password in an address must not come into the logs of a pipeline.
    model, pictures = shlex.quote(str(training.model)), shlex.quote(shown(options.pictures))
    print(printable(f"Next, ask why: python -m lime_core audit {pictures} --model {model} --output audit"))


def _print_confusion(training: lc.Training) -> None:
    if len(training.classes) <= _WIDEST:
        columns = [Column("true class"), *(Column(f"as {name}", "right") for name in training.classes)]
        print_table(
            columns,
            [[name, *map(str, row)] for name, row in zip(training.classes, training.confusion, strict=True)],
        )
        return
    pairs = [
        (count, true, predicted)
        for true, row in zip(training.classes, training.confusion, strict=True)
        for predicted, count in zip(training.classes, row, strict=True)
        if count and true != predicted
    ]
    print(f"The most frequent mistakes; the whole table is in {printable(figures_path(training.model).name)}:")
    rows = [[true, predicted, str(count)] for count, true, predicted in sorted(pairs, reverse=True)[:_LISTED]]
    print_table([Column("true class"), Column("taken for"), Column("pictures", "right")], rows)
