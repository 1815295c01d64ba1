"""What the page's server costs: visitors without a browser against the library and the command line, in the same run.

Every visitor asks a question of their own, so nothing is answered from the cache, and every coefficient that they are
shown is compared with the command line's. Loading the model is not part of any ratio: the server has had a visitor
before, and the library has answered a question before.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tests.benchmarks.report import HEADER, Report, Row
from tests.benchmarks.serving import explain_page
from tests.benchmarks.serving.bench import Bench, on_a_bench
from tests.benchmarks.serving.explain_page import visit
from tests.benchmarks.serving.page_server import PageServer
from tests.benchmarks.serving.questions import TOLERANCE, Question, library_run
from tests.benchmarks.serving.visitor import Visitor

T, R = TypeVar("T"), TypeVar("R")

CPU_TARGET = 1.25  # of the library's
WALL_TARGET = 1.3  # of the model's own time, for the largest crowd
KNOB_CPU, KNOB_WALL = 0.06, 0.25  # seconds
_ENDLESS = 20_000  # samples of a run that is stopped at the end
_OPENING, _VISIT, _LIBRARY, _MOVE = 12.0, 3.0, 4.0, 1.5  # seconds, roughly, for the time that is left


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    crowds : tuple of int
        Visitors at once.
    samples : int
        Of every question.
    moves : int
        How often the knob is turned for each of its figures.
    others : int
        Visitors whose runs go on while the knob is turned.
    """

    crowds: tuple[int, ...] = (1, 4, 16)
    samples: int = 128
    moves: int = 40
    others: int = 4

    @property
    def cost(self) -> float:
        """Roughly the seconds that everything takes."""
        visits = sum(self.crowds) * (_VISIT + _LIBRARY)
        moves = sum(self.moves_each(visitors) for visitors in self.crowds) * _MOVE
        return 2 * _OPENING + visits + moves + self.moves * (1 + _MOVE)

    def moves_each(self, visitors: int) -> int:
        """Return how often each of so many visitors turns the knob."""
        return max(2, self.moves // visitors)


SHORT = Plan(crowds=(2,), samples=64, moves=3, others=1)


@dataclass(frozen=True, slots=True)
class Crowd:
    """What some visitors at once needed.

    Attributes
    ----------
    visitors : int
        How many.
    server_cpu, client_cpu, library_cpu : float
        Processor time of the server, of this program meanwhile, and of the library for the same questions, seconds.
    done : float
        Seconds until the last page had drawn everything.
    library_wall, model_wall : float
        Time of the library for the same questions, and that part of it in which the model was asked, seconds.
    knob : tuple of float
        Seconds of each answer when all of them turn a knob now and then.
    memory : float
        Of the server afterwards, MB.
    difference : float
        The largest difference of a coefficient from the command line's.
    load : float
        Average number of running processes on this machine during the last minute.
    """

    visitors: int
    server_cpu: float
    client_cpu: float
    library_cpu: float
    done: float
    library_wall: float
    model_wall: float
    knob: tuple[float, ...]
    memory: float
    difference: float
    load: float

    @property
    def cells(self) -> list[str]:
        """The row under `CROWD_HEADER`."""
        return [
            str(self.visitors),
            f"{self.server_cpu:.1f} s",
            f"{self.library_cpu:.1f} s",
            f"{self.server_cpu / self.library_cpu:.2f}×",
            f"{self.done:.1f} s",
            f"{self.model_wall:.1f} s",
            f"{self.done / self.model_wall:.2f}×",
            f"{self.library_wall:.1f} s",
            f"{np.percentile(self.knob, 50):.2f} s",
            f"{np.percentile(self.knob, 95):.2f} s",
            f"{self.memory:.0f} MB",
            f"{self.difference:.1e}",
        ]


CROWD_HEADER = (
    "visitors at once",
    "server CPU",
    "library CPU",
    f"ratio (target ≤ {CPU_TARGET})",
    "last page done",
    "the model's own time",
    f"ratio (target ≤ {WALL_TARGET} for 16)",
    "library, one by one",
    "knob p50",
    "knob p95",
    "server memory",
    "largest difference",
)


def measure(plan: Plan, found: Report) -> None:
    """Print and keep every row."""
    crowds: list[Crowd] = []
    with on_a_bench("serving", plan.samples, found, plan=plan, crowds=crowds) as bench:
        found.expect(plan.cost)
        above = (
            f"Pages are opened by a link with {plan.samples} samples; each coefficient is compared with the command "
            f"line's to {TOLERANCE:g}."
        )
        found.table(HEADER, above)
        # The first server meets an empty folder of converted models and fills it for everything that follows.
        with bench.server() as server:
            _opening(bench, server, "nothing converted yet")
        with bench.server() as server:
            _opening(bench, server, "new server")
            found.table(CROWD_HEADER, f"Different questions of {plan.samples} samples each, all at once.")
            for visitors in plan.crowds:
                crowd = _crowd(bench, server, visitors, plan.moves_each(visitors))
                crowds.append(crowd)
                bench.keep()
                found.row(crowd.cells)
            found.table(HEADER)
            _knob(bench, server, plan)


def _opening(bench: Bench, server: PageServer, when: str) -> None:
    bench.found.say(f"opening: {when}")
    opened = visit(server.port, bench.questions(1)[0])
    difference = bench.compare([opened])
    measured = {"first": opened.first, "drawn": opened.drawn, "difference": difference}
    what, against = f"page opened, {when}", f"all drawn after {opened.drawn:.2f} s"
    bench.row(Row(what, f"first scores after {opened.first:.2f} s", against, "—", "—", measured), _OPENING)


def _crowd(bench: Bench, server: PageServer, visitors: int, moves: int) -> Crowd:
    found, questions = bench.found, bench.questions(visitors)
    found.say(f"{visitors} visitors")
    server.settle()
    cpu, own, began = server.cpu(), time.process_time(), time.perf_counter()
    visits = _at_once(server, lambda question: visit(server.port, question), questions)
    done = time.perf_counter() - began
    cpu, own = server.cpu() - cpu, time.process_time() - own
    found.advance(visitors * _VISIT)
    found.say(f"{visitors} visitors: knob")
    knob = _at_once(server, lambda one: _turn_now_and_then(one.visitor, moves, one.question.seed), visits)
    found.advance(moves * _MOVE)
    memory = server.memory()
    found.say(f"{visitors} visitors: library and command line")
    library = library_run(questions, bench.cache)
    difference = bench.compare(visits)
    found.advance(visitors * _LIBRARY)
    return Crowd(
        visitors=visitors,
        server_cpu=cpu,
        client_cpu=own,
        library_cpu=library.cpu,
        done=done,
        library_wall=library.wall,
        model_wall=library.model,
        knob=tuple(seconds for one in knob for seconds in one),
        memory=memory,
        difference=difference,
        load=os.getloadavg()[0],
    )


def _knob(bench: Bench, server: PageServer, plan: Plan) -> None:
    found = bench.found
    opened = visit(server.port, bench.questions(1)[0])
    server.settle()
    found.say("knob, alone")
    cpu = server.cpu()
    alone = [explain_page.turn(opened.visitor, value) for value in explain_page.knob_values(plan.moves)]
    server.settle()
    cpu = (server.cpu() - cpu) / len(alone)
    what = "moving K once, nobody else there: server CPU"
    measured = {"cpu": cpu, "seconds": alone}
    bench.row(Row(what, f"{cpu:.3f} s", _percentiles(alone), "—", f"≤ {KNOB_CPU} s", measured), plan.moves)
    found.say(f"knob, {plan.others} others")
    endless = [Question(_ENDLESS, one.seed, one.picture) for one in bench.questions(plan.others)]
    with _running(server, endless):
        busy = _turn_now_and_then(opened.visitor, plan.moves, seed=0)
    opened.visitor.leave()
    what = f"moving K once while {plan.others} other visitors' runs go on: p95 of the answer"
    late = f"{np.percentile(busy, 95):.2f} s"
    row = Row(what, late, _percentiles(busy), "—", f"≤ {KNOB_WALL} s", {"seconds": busy})
    bench.row(row, plan.moves * _MOVE)


def _at_once(server: PageServer, do: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return what `do` gives for each item, each in a thread of its own."""
    pool = ThreadPoolExecutor(len(items))
    try:
        return list(pool.map(do, items))
    except BaseException:
        server.close()  # or the others would wait for their answers
        raise
    finally:
        pool.shutdown()


def _turn_now_and_then(visitor: Visitor, moves: int, seed: int) -> list[float]:
    """Turn the knob so often, with pauses of one or two seconds as a person makes them; return the seconds of each."""
    pauses = random.Random(seed)  # noqa: S311
    found = []
    for value in explain_page.knob_values(moves, seed):
        visitor.stay(pauses.uniform(0.5, 1.5))
        found.append(explain_page.turn(visitor, value))
    return found


@contextmanager
def _running(server: PageServer, questions: Sequence[Question]) -> Iterator[None]:
    """Keep a run of each question going until the end of the block."""
    enough = threading.Event()
    started = threading.Barrier(len(questions) + 1)

    def run(question: Question) -> None:
        # Nobody may ask for so many samples by a link alone.
        with Visitor(server.port, question.query) as visitor:
            visitor.wait(lambda one: one.settled)
            visitor.press("explain")
            visitor.wait(lambda one: one.page.scores() is not None, what="the first scores")
            started.wait()
            while not enough.is_set():
                visitor.stay(0.2)
            visitor.press("stop")
            visitor.wait(lambda one: one.settled, what="the end after Stop")

    with ThreadPoolExecutor(len(questions)) as pool:
        runs = [pool.submit(run, question) for question in questions]
        for one in runs:
            one.add_done_callback(lambda done: started.abort() if done.exception() else None)
        try:
            started.wait()
            yield
        except threading.BrokenBarrierError:
            enough.set()
        except BaseException:
            server.close()
            raise
        finally:
            enough.set()
        for one in runs:
            one.result()


def _percentiles(seconds: Sequence[float]) -> str:
    return f"answer p50 {np.percentile(seconds, 50):.2f} s, p95 {np.percentile(seconds, 95):.2f} s"
