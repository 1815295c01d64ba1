"""``limelight audit``: a whole collection of pictures explained, and what the model has really learned."""

from __future__ import annotations

import math
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

import lime_core as lc
from lime_core.audits.run import SAMPLES
from lime_core.cli.model_source import add_model_flags, source_of
from lime_core.cli.printable import printable
from lime_core.cli.progress import progress_bars
from lime_core.cli.question import add_running_flags
from lime_core.cli.tables import Column, print_table
from lime_core.collections import open_collection
from lime_core.errors import in_words
from lime_core.settings.flags import spec_from

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from lime_core.audits.storage.findings import Findings, Interval


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give the command its flags, but for those of the settings."""
    parser.add_argument(
        "pictures",
        metavar="PICTURES",
        nargs="+",
        help="a folder whose subfolders are the true classes, a CSV of path and label, a zip file, an address such as "
        "s3://bucket/folder, or pictures one by one",
    )
    add_model_flags(parser)
    parser.add_argument(
        "--output",
        dest="folder",
        default="audit",
        metavar="DIR",
        help="folder of the audit; one that is there goes on (default %(default)s)",
    )
    parser.add_argument("--restart", action="store_true", default=False, help="begin anew where there is an audit")
    parser.add_argument(
        "--keep-answers",
        action="store_true",
        default=False,
        help="keep what the model answers about the pictures that are explained from now on, about 1 MB each, so that "
        "the page opens them without asking again",
    )
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes that explain pictures (default %(default)s)"
    )
    parser.add_argument(
        "--ray", default=None, metavar="ADDRESS", help="let a Ray cluster explain them: auto, or ray://host:port"
    )
    add_running_flags(parser, precision="moves the scores a little; auto decides by the first picture")


def run(options: argparse.Namespace) -> None:
    """Explain all PICTURES, and find what the model has really learned.

    What is explained is written at once: the same command goes on where an earlier one was ended. It tries again what
    was skipped, and explains again what has another label by now or was replaced by another picture. Of pictures at an
    address a replacement is not noticed: give --restart.
    """
    spec = spec_from(options, lc.preset(options.preset))
    if not hasattr(options, "samples") and options.preset == "default":
        spec = lc.ExplainSpec.from_dict({**spec.to_dict(), "samples": SAMPLES})
    given = options.pictures
    collection = open_collection(given[0] if len(given) == 1 else given)
    titles = ("Looking for changed pictures", "Explaining pictures", "Experiments")
    with (
        _saying_how_to_go_on(options) as begun,
        progress_bars(titles, unit="pictures", quiet=options.quiet) as bars,
    ):
        folder = lc.audit(
            collection,
            source_of(options, collection, spec),
            options.folder,
            spec,
            workers=options.workers,
            ray=options.ray,
            restart=options.restart,
            precision=options.precision,
            keep_answers=options.keep_answers,
            on_check=_first(begun.set, bars[0]),
            on_progress=_first(begun.set, bars[1]),
            on_finding=bars[2],
        )
    _print(folder.findings())
    print(f"\nWritten to {folder.path}; open {folder.path / 'report.html'}")


@contextmanager
def _saying_how_to_go_on(options: argparse.Namespace) -> Iterator[Event]:
    """Say so when the block is interrupted, once the event says that explaining has begun."""
    folder, begun = options.folder, Event()
    try:
        yield begun
    except KeyboardInterrupt as stop:
        if not begun.is_set():
            raise
        same = "the same command without --restart" if options.restart else "the same command"
        raise type(stop)(f"What was explained is in {folder}; {same} goes on with it.") from stop
    except OSError as error:
        # Nothing is printed before the end, so that it is not standard output that cannot be written.
        place = f"{error.filename}: " if error.filename else ""
        raise lc.LimeError(f"The audit in {folder} has failed: {place}{error.strerror or in_words(error)}.") from error


def _first(before: Callable[[], object], report: Callable[[int, int], object]) -> Callable[[int, int], None]:
    """Return a report of progress that does something else before."""

    def both(done: int, total: int) -> None:
        before()
        report(done, total)

    return both


def _print(found: Findings) -> None:
    known = math.isfinite(found.accuracy)
    proven = sum(concept.proven for concept in found.concepts)
    rows = [
        ["pictures explained", f"{found.pictures:,}"],
        ["pictures skipped", f"{found.skipped:,}"],
        ["accuracy", f"{found.accuracy:.1%}" if known else "not known"],
        ["concepts", f"{len(found.concepts):,}, {proven:,} of them proven"],
        ["shortcut candidates", f"{len(found.shortcut_candidates):,}"],
    ]
    print_table([Column("audit"), Column("", "right")], rows)
    if found.shortcut_candidates:
        print()
        numbers = ("concept", "pictures", "effect", "95 % interval", "adjusted p")
        print_table(
            [Column("class"), *(Column(title, "right") for title in numbers), Column("why")],
            [
                [
                    item.class_name,
                    str(item.concept),
                    f"{len({path for path, _ in item.pictures}):,}",
                    f"{item.effect:.3f}",
                    _interval(item.interval),
                    f"{item.p_adjusted:.2g}",
                    " ".join(item.reasons),
                ]
                for item in found.shortcut_candidates
            ],
        )
    for note in found.notes:
        print(printable(f"Note: {note}"))


def _interval(interval: Interval) -> str:
    low, high = interval
    return f"{low:.3f}..{high:.3f}"
