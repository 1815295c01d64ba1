"""What a benchmark has found so far: each row is printed when it is ready, and the file is whole after every row."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks.summary import to_plain
from tests.benchmarks.table import line, rule


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, and all that was measured for it."""

    what: str
    ours: str
    against: str
    result: str
    target: str
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> list[str]:
        """What stands under `HEADER`."""
        return [self.what, self.ours, self.against, self.result, self.target]


_SECONDS_BETWEEN_WORDS = 20.0
HEADER = ("what", "ours", "against", "result", "target")


class Report:
    """Prints tables on stdout and the time left on stderr, and keeps the numbers.

    Parameters
    ----------
    target : Path, optional
        A JSON file, written anew whenever there is something new to keep.
    **first
        What stands at the beginning of the file.

    Attributes
    ----------
    failures : list of str
        What must not be, such as a wrong answer.
    """

    def __init__(self, target: Path | None = None, **first: Any) -> None:
        self.failures: list[str] = []
        self._target = target
        self._results: dict[str, Any] = dict(first)
        self._began = time.monotonic()
        self._expected = self._done = self._next_word = 0.0

    def expect(self, costs: float) -> None:
        """Say how much work is to come, in any unit in which the cost of a row is given."""
        self._began, self._expected, self._done = time.monotonic(), costs, 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes if it goes on as so far; None before anything is done."""
        if not self._done:
            return None
        return (time.monotonic() - self._began) * max(self._expected - self._done, 0.0) / self._done

    def table(self, header: Sequence[str], above: str = "") -> None:
        """Print the head of a table."""
        self.text("\n".join([*([above] if above else []), line(header), rule(header)]))

    def row(self, cells: Sequence[str], cost: float = 0.0) -> None:
        """Print a row, and how long the rest takes now that its cost is paid."""
        self.say("")
        print(line(cells), flush=True)
        self.advance(cost)

    def advance(self, cost: float) -> None:
        """Note that work is done, and say now and then how long the rest takes."""
        self._done += cost
        now, left = time.monotonic(), self.seconds_left
        if cost and left is not None and now >= self._next_word:
            self._next_word = now + _SECONDS_BETWEEN_WORDS
            self.say("")
            print(
                f"({min(self._done / self._expected, 1):.0%} done, {in_words(left)} left)", file=sys.stderr, flush=True
            )

    def text(self, text: str) -> None:
        """Print a paragraph."""
        self.say("")
        print(f"\n{text}", flush=True)

    def say(self, text: str) -> None:
        """Tell what is going on, on one line of stderr where that is a terminal."""
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def keep(self, **numbers: Any) -> None:
        """Put numbers into the file, in place of what had their names."""
        self._results |= numbers
        if self._target is not None:
            unfinished = self._target.with_name(f"{self._target.name}.part")
            text = json.dumps(to_plain(self._results), indent=1, allow_nan=False)
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(self._target)

    def fail(self, text: str) -> None:
        """Note what must not be; the command then ends with an error."""
        self.failures.append(text)
        self.text(f"WRONG: {text}")


def in_words(seconds: float) -> str:
    """Return a duration as one says it, such as ``about 3 min``."""
    return f"about {seconds:.0f} s" if seconds < 90 else f"about {seconds / 60:.0f} min"
