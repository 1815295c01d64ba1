"""Who asks the model next: visitors take turns batch by batch, and short questions go before long ones."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import lime_core as lc

MOST_RUNS = 64  # under way or waiting, of all visitors; with more the last one would wait for many minutes
_FIRST_SHARE = 2.0  # seconds of the model's time until a visitor's work counts as long
_BY_WAITING = 5  # every fifth turn goes to whoever has waited longest, so that a long run never stands still


class BusyError(lc.LimeError):
    """Too many runs are waiting for the model."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands that has had no turn yet.

    Attributes
    ----------
    runs : int
        How many runs go before it.
    seconds : float or None
        How long they take together; None while that is not known.
    """

    runs: int
    seconds: float | None


@dataclass(slots=True, eq=False)
class _Visitor:
    """What one visitor has had of the model since the first of the present runs began."""

    level: int
    entered: int  # when this level was reached, in the order of all visitors
    used: float = 0.0  # seconds
    runs: int = 0


class Run:
    """One run among those that share the model; made by `Turns.run`."""

    def __init__(self, turns: Turns, visitor: _Visitor, number: int, remaining: Callable[[], float | None]) -> None:
        self.visitor, self.number, self.remaining = visitor, number, remaining
        self.begun = False
        self.last_turn = number
        self.granted = threading.Event()
        self._turns = turns

    @property
    def order(self) -> tuple[int, int, int]:
        """Smaller is sooner."""
        return self.visitor.level, self.visitor.entered, self.number

    @property
    def place(self) -> Place | None:
        """Where it stands; None once it has had a turn."""
        return None if self.begun else self._turns.place_of(self)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold the model until the end of the block."""
        self._turns.ask_for_turn(self)
        self.granted.wait()
        began = time.monotonic()
        try:
            yield
        finally:
            self._turns.end_turn(self, time.monotonic() - began)


class Turns:
    """The order in which runs may ask the model. Threads share it.

    A visitor's level rises each time that the model's time they have used doubles, beginning at two seconds. The lowest
    level goes first, and within a level whoever came to it first. All runs of one visitor count together. Every fifth
    turn goes to the run that has waited longest.

    Parameters
    ----------
    most : int
        How many runs there may be at once.
    """

    def __init__(self, most: int = MOST_RUNS) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._numbers = count()
        self._visitors: dict[Hashable, _Visitor] = {}
        self._runs: list[Run] = []
        self._waiting: list[Run] = []
        self._held = False
        self._given = 0

    @contextmanager
    def run(self, visitor: Hashable, remaining: Callable[[], float | None]) -> Iterator[Run]:
        """Take part until the end of the block.

        Parameters
        ----------
        visitor : hashable
            Whose run it is.
        remaining : callable
            Returns how many seconds the model still has to work for it, or None while that is not known.

        Raises
        ------
        BusyError
            When there are as many runs as the server takes.
        """
        with self._guard:
            if len(self._runs) >= self._most:
                raise BusyError(self._refusal())
            number = next(self._numbers)
            account = self._visitors.setdefault(visitor, _Visitor(0, number))
            account.runs += 1
            run = Run(self, account, number, remaining)
            self._runs.append(run)
        try:
            yield run
        finally:
            with self._guard:
                self._runs.remove(run)
                account.runs -= 1
                if not account.runs:
                    del self._visitors[visitor]

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Hold the model until the end of the block, before all runs: for a single picture that somebody looks at."""
        run = Run(self, _Visitor(-1, next(self._numbers)), next(self._numbers), lambda: 0.0)
        with run.turn():
            yield

    def ask_for_turn(self, run: Run) -> None:
        """Grant the run its turn now if nobody holds the model, else when it is the run's turn."""
        with self._guard:
            run.granted.clear()
            if self._held:
                self._waiting.append(run)
            else:
                self._grant(run)

    def end_turn(self, run: Run, used: float) -> None:
        """Give the next turn; the one that ends took `used` seconds."""
        with self._guard:
            visitor = run.visitor
            visitor.used += used
            level = 0 if visitor.used < _FIRST_SHARE else 1 + int(math.log2(visitor.used / _FIRST_SHARE))
            if level > visitor.level >= 0:
                visitor.level, visitor.entered = level, next(self._numbers)
            self._held = False
            if self._waiting:
                chosen = self._next()
                self._waiting.remove(chosen)
                self._grant(chosen)

    def place_of(self, run: Run) -> Place:
        """Return where a run stands that has had no turn yet."""
        with self._guard:
            before = [other for other in self._runs if other.order < run.order]
            # Those that use more than their level allows are overtaken by this one.
            allowed = _FIRST_SHARE * 2**run.visitor.level
            times = [
                None if left is None else min(left, max(allowed - other.visitor.used, 0.0))
                for other in before
                for left in [other.remaining()]
            ]
        known = [left for left in times if left is not None]
        return Place(len(before), sum(known) if len(known) == len(times) else None)

    def _grant(self, run: Run) -> None:
        self._held = run.begun = True
        self._given += 1
        run.last_turn = next(self._numbers)
        run.granted.set()

    def _next(self) -> Run:
        if self._given % _BY_WAITING == _BY_WAITING - 1:
            return min(self._waiting, key=lambda run: run.last_turn)
        return min(self._waiting, key=lambda run: run.order)

    def _refusal(self) -> str:
        known = [left for left in (run.remaining() for run in self._runs) if left is not None]
        wait = f", for about {max(sum(known), 1):.0f} s" if known else ""
        return (
            f"{len(self._runs)} runs are waiting for the model{wait}, which is as many as this server takes. Nothing "
            "was lost: try again in a minute."
        )
