"""Tables on standard output."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lime_core.cli.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


# A space at which a line is never broken.
UNBROKEN = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title : str
        Its heading.
    side : {"left", "right"}
        Side to which its cells are aligned; right for numbers.
    """

    title: str
    side: Literal["left", "right"] = "left"


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: laid out for the window in a terminal, one plain line a row anywhere else.

    Cells may be names from anywhere: control characters in them are spelled out.
    """
    rows = [[printable(cell) for cell in row] for row in rows]
    # A program may be started without a standard output.
    if sys.stdout is None or not sys.stdout.isatty():
        print(plain_table(columns, rows).replace(UNBROKEN, " "))
        return
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        # Numbers and names stay whole; a long last column may be folded.
        table.add_column(column.title, justify=column.side, no_wrap=column is not columns[-1])
    for row in rows:
        # As `Text`, because brackets in a cell would be taken for markup.
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def plain_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as lines of text with aligned columns, headings first."""
    cells = [[column.title for column in columns], *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if column.side == "right" else cell.ljust(width)
            for column, cell, width in zip(columns, row, widths, strict=True)
        )
        return "  ".join(padded).rstrip()

    return "\n".join(map(line, cells))
