"""``limelight diff``: what has changed between two audits, as a guard of a training pipeline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lime_core.audits.difference.comparing import diff
from lime_core.audits.difference.fail_on import MEANINGS, Condition
from lime_core.audits.difference.page import difference_page
from lime_core.audits.difference.words import candidate_sentences, summary
from lime_core.cli.printable import printable
from lime_core.cli.streams import give_up_stdout
from lime_core.cli.tables import UNBROKEN, Column, print_table
from lime_core.errors import LimeError, SpecError

if TYPE_CHECKING:
    from lime_core.audits.difference.difference import AuditDifference, PictureDifference

CHANGED: Final = 1
FAILED: Final = 2

_COLUMNS = (
    Column("picture"),
    Column("moved", "right"),
    Column("largest", "right"),
    Column("prediction before"),
    Column("prediction after"),
)


def run(options: argparse.Namespace) -> int:
    """Compare two audits of the same pictures, and end with status 1 on a change that --fail-on names."""
    difference = diff(options.a, options.b)
    reasons = [reason for each in options.fail_on for reason in (each.reason(difference),) if reason is not None]
    if options.json is not None:
        _write(options.json, difference.to_json())
    if options.html is not None:
        _write(options.html, difference_page(difference))
    try:
        _print(difference, options.rows)
        for reason in reasons:
            print(printable(f"Changed: {reason}"))
        if options.fail_on and not reasons:
            print(f"No change in {', '.join(map(str, options.fail_on))}.")
    except BrokenPipeError:
        # A reader that has stopped reading must not turn a change into a success.
        give_up_stdout()
    return CHANGED if reasons else 0


def add_diff_command(commands: Any) -> None:
    """Add the command to the parser's subcommands."""
    command: argparse.ArgumentParser = commands.add_parser(
        "diff",
        help="compare two audits of the same pictures",
        description=run.__doc__,
        epilog="Exit status: 0 without such a change, 1 with one, 2 when the audits cannot be compared. Between two "
        "seeds of one model the chance that evidence, verdict or accuracy (without a number) gives 1 is at most 1 %.",
        allow_abbrev=False,
    )
    command.add_argument("a", metavar="AUDIT_A", help="folder of the audit before")
    command.add_argument("b", metavar="AUDIT_B", help="folder of the audit after")
    command.add_argument(
        "--fail-on",
        nargs="+",
        type=_condition,
        default=[],
        metavar="CHANGE",
        help="; ".join(f"{name}: {meaning}" for name, meaning in MEANINGS.items()).replace("%", "%%"),
    )
    command.add_argument(
        "--output", dest="json", type=Path, default=None, metavar="FILE", help="write everything as JSON"
    )
    command.add_argument("--html", type=Path, default=None, metavar="FILE", help="write a page with the pictures")
    command.add_argument(
        "--rows", type=_rows, default=20, metavar="N", help="how many pictures are printed (default %(default)s)"
    )
    command.set_defaults(run=run, failed=FAILED)


def _print(difference: AuditDifference, rows: int) -> None:
    print("\n".join(map(printable, summary(difference))))
    shown = [each for each in difference.pictures if each.moved or each.prediction_changed]
    if shown:
        print()
        print_table(_COLUMNS, [_row(each) for each in shown[:rows]])
        if len(shown) > rows:
            print(f"... and {len(shown) - rows} more; --rows shows more, --output has all.")
        print()
    for sentence in candidate_sentences(difference):
        print(printable(sentence))
    for note in difference.notes:
        print(printable(f"Note: {note}"))


def _condition(text: str) -> Condition:
    try:
        return Condition.parse(text)
    except SpecError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _rows(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"it must be a whole number of at least 0; got {text[:40]!r}")
    return count


def _row(picture: PictureDifference) -> tuple[str, ...]:
    before, after = (
        f"{name.replace(' ', UNBROKEN)} {probability:.0%}"
        for name, probability in zip(picture.predicted, picture.probability, strict=True)
    )
    largest = f"{picture.shift:.1f}{UNBROKEN}SE" if picture.shift == picture.shift else ""
    return picture.picture, str(len(picture.moved)), largest, before, after


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LimeError(f"Cannot write {path}: {error.strerror or error}. Choose another file.") from error
