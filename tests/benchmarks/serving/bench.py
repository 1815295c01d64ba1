"""What the measurements of the server share: new questions, rows, and the command line's answers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Report, Row
from tests.benchmarks.serving import explain_page
from tests.benchmarks.serving.explain_page import Visit
from tests.benchmarks.serving.page_server import PageServer
from tests.benchmarks.serving.questions import (
    TOLERANCE,
    Question,
    command_line_scores,
    gallery_questions,
    worst_difference,
)


class Bench:
    """One measurement of the server.

    Parameters
    ----------
    name : str
        Under which its numbers are kept.
    samples : int
        Of every question.
    found : Report
        Where rows go.
    folder : Path
        For converted models, logs and the command line's answers; made anew for every measurement, see `on_a_bench`.
    **kept
        More to keep beside the rows; lists may grow.
    """

    def __init__(self, name: str, samples: int, found: Report, folder: Path, **kept: Any) -> None:
        self.found, self.folder, self.cache = found, folder, folder / "cache"
        self._name, self._samples, self._kept = name, samples, kept
        self._seeds = count(1)
        self._rows: list[Row] = []

    @contextmanager
    def server(self, **environment: str) -> Iterator[PageServer]:
        """Run a server until the end of the block; an exception in its log counts as a failure."""
        with PageServer(self.folder, self.cache, **environment) as server:
            yield server
            for line in server.complaints():
                self.found.fail(f"The server's log says: {line}")

    def questions(self, number: int) -> list[Question]:
        """Return questions that nobody has asked before."""
        return gallery_questions(self._samples, [next(self._seeds) for _ in range(number)])

    def row(self, row: Row, cost: float = 0.0) -> None:
        """Keep a row and print it."""
        self._rows.append(row)
        self.keep()
        self.found.row(row.cells, cost)

    def keep(self) -> None:
        """Keep everything so far."""
        self.found.keep(**{self._name: {"rows": self._rows, **self._kept}})

    def compare(self, visits: Sequence[Visit], *, all_classes: bool = True) -> float:
        """Return the largest difference from the command line's coefficients, and close the pages.

        With `all_classes` each page is made to show every class it explains; otherwise the one in its table counts,
        which is all that a page that is left already has.
        """
        shown = []
        for one in visits:
            scores = one.visitor.page.scores()
            shown.append(explain_page.every_class(one.visitor) if all_classes else [scores] if scores else [])
            one.visitor.leave()
        expected = command_line_scores([one.question for one in visits], self.folder / "command-line", self.cache)
        found = [
            worst_difference(one, other, all_classes=all_classes) for one, other in zip(shown, expected, strict=True)
        ]
        for one, difference in zip(visits, found, strict=True):
            if difference > TOLERANCE:
                self.found.fail(
                    f"{one.question} gives coefficients that differ by {difference:g} from the command line's."
                )
        return max(found)


@contextmanager
def on_a_bench(name: str, samples: int, found: Report, **kept: Any) -> Iterator[Bench]:
    """Measure in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Bench(name, samples, found, Path(folder), **kept)
