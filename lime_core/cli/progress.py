"""A progress bar with the time left on standard error; nothing if that is not a terminal."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress_bar(
    title: str, *, unit: Literal["count", "bytes"] = "count", quiet: bool = False
) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the block runs, and remove it afterwards.

    Parameters
    ----------
    title : str
        What is being done.
    unit : {"count", "bytes"}
        What is counted.
    quiet : bool
        Show nothing.

    Yields
    ------
    report : callable
        Called as ``report(done, total)``; the bar appears with its first call.
    """
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield _show_nothing
        return
    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def report(done: int, total: int) -> None:
            if not bars.task_ids:
                bars.add_task(title, total=total)
            bars.update(bars.task_ids[0], completed=done, total=total)

        yield report


def _show_nothing(done: int, total: int) -> None:
    del done, total


@contextmanager
def steps_bar(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for one step after another while the block runs.

    Parameters
    ----------
    quiet : bool
        Show nothing.

    Yields
    ------
    report : callable
        Called as ``report(step, done, total)``; a step that was not named before ends the one before it.
    """
    with ExitStack() as bars:
        current: dict[str, Callable[[int, int], None]] = {}

        def report(step: str, done: int, total: int) -> None:
            if step not in current:
                bars.close()
                current.clear()
                current[step] = bars.enter_context(progress_bar(step, quiet=quiet))
            current[step](done, total)

        yield report
