"""Plain-text tables that are also Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def render(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the table with columns as wide as their widest cell."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [line([cell.ljust(width) for cell, width in zip(row, widths, strict=True)]) for row in cells]
    lines.insert(1, rule([" " * width for width in widths]))
    return "\n".join(lines)


def line(cells: Sequence[str]) -> str:
    """Return one row, for a table that is printed while it grows."""
    return f"| {' | '.join(cells)} |"


def rule(header: Sequence[str]) -> str:
    """Return what stands under a header."""
    return f"|{'|'.join('-' * (len(cell) + 2) for cell in header)}|"
