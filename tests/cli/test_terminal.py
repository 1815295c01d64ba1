"""What a terminal is shown, and what a pipe gets instead."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from lime_core.cli.progress import progress_bar
from lime_core.cli.tables import UNBROKEN, Column, plain_table, print_table

pty = pytest.importorskip("pty")

COLUMNS = (Column("name"), Column("size", "right"), Column("parts"))
ROWS = (("a", "1,000", "one [of] 2"), ("longer", "7", ""))
COUNTING = """
    from lime_core.cli.progress import progress_bar
    with progress_bar("Counting") as report:
        for done in range(4):
            report(done, 3)
    print("after")
"""


def on_a_terminal(source, columns=60):
    """Run a piece of Python whose output and errors go to one terminal; what that received."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "20"}
    command = [sys.executable, "-c", textwrap.dedent(source)]
    with subprocess.Popen(command, stdout=terminal, stderr=terminal, env=environment) as process:
        os.close(terminal)
        received = b""
        # Linux reports the end of a terminal as an error.
        try:
            while piece := os.read(reader, 4096):
                received += piece
        except OSError:
            pass
        os.close(reader)
    assert process.returncode == 0, received
    return received.decode()


def test_a_terminal_is_shown_a_bar_with_the_time_left_which_goes_when_it_is_done():
    received = on_a_terminal(COUNTING)
    assert "Counting" in received
    assert "3/3" in received
    assert "left" in received
    # The bar's line is erased before anything else is printed.
    assert received.rsplit("\x1b[2K", 1)[-1].strip() == "after"


def test_no_bar_is_drawn_where_errors_are_no_terminal(capsys):
    with progress_bar("Counting") as report:
        report(1, 3)
    assert capsys.readouterr() == ("", "")


def test_quiet_is_quiet_on_a_terminal_too():
    assert on_a_terminal(COUNTING.replace('"Counting"', '"Counting", quiet=True')).strip() == "after"


def test_a_pipe_gets_aligned_columns_without_control_characters(capsys):
    print_table(COLUMNS, ROWS)
    printed = capsys.readouterr().out
    assert printed == "name     size  parts\na       1,000  one [of] 2\nlonger      7\n"
    assert printed.replace("\n", "").isprintable()


def test_items_that_a_terminal_does_not_break_hold_plain_spaces_in_a_pipe(capsys):
    print_table((Column("parts"),), [(f"4{UNBROKEN}of{UNBROKEN}5",)])
    assert capsys.readouterr().out == "parts\n4 of 5\n"


def test_a_table_without_rows_is_its_headings():
    assert plain_table(COLUMNS, []) == "name  size  parts"


def test_a_terminal_is_shown_a_table_that_fits_its_width():
    source = """
        from lime_core.cli.tables import Column, print_table
        print_table((Column("name"), Column("parts")), [("a", "[1] " + "word " * 30)])
    """
    lines = on_a_terminal(source, columns=40).splitlines()
    assert len(lines) > 4
    assert max(map(len, lines[2:])) <= 40
    assert any("[1]" in line for line in lines)
