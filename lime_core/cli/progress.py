"""A progress bar with the time left on standard error; nothing if that is not a terminal."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


Unit = Literal["count", "bytes", "pictures"]


@contextmanager
def progress_bar(title: str, *, unit: Unit = "count", quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while the block runs, and remove it afterwards.

    Parameters
    ----------
    title : str
        What is being done.
    unit : {"count", "bytes", "pictures"}
        What is counted; of pictures the bar says how many a second.
    quiet : bool
        Show nothing.

    Yields
    ------
    report : callable
        Called as ``report(done, total)``; the bar appears with its first call.
    """
    with progress_bars((title,), unit=unit, quiet=quiet) as (report,):
        yield report


@contextmanager
def progress_bars(
    titles: Sequence[str], *, unit: Unit = "count", quiet: bool = False
) -> Iterator[tuple[Callable[[int, int], None], ...]]:
    """Show one bar a title, as `progress_bar` does."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield tuple(_show_nothing for _ in titles)
        return
    amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    speed = [_Speed()] if unit == "pictures" else []
    left = (TimeRemainingColumn(), TextColumn("left"))
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        amount,
        *speed,
        *left,
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        yield tuple(_reporter(bars, title) for title in titles)


def _reporter(bars: Progress, title: str) -> Callable[[int, int], None]:
    tasks: list[TaskID] = []

    def report(done: int, total: int) -> None:
        if not tasks:
            # What is done at the first report was not done in the time that the speed is counted in.
            tasks.append(bars.add_task(title, completed=done, total=total))
        bars.update(tasks[0], completed=done, total=total)

    return report


class _Speed(ProgressColumn):
    """How much is done a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.2g} a second")


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
