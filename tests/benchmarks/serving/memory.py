"""How the server's memory grows: visitors one after another, each with a question of their own.

What may grow is the cache of answers, up to its bound; after that memory has to stay flat.
"""

from __future__ import annotations

from dataclasses import dataclass

from pages.state.server import MAX_BYTES
from tests.benchmarks.report import HEADER, Report, Row
from tests.benchmarks.serving.bench import on_a_bench
from tests.benchmarks.serving.explain_page import visit

# MB above the first visitor's: what the cache may hold, and something for everything else.
MOST_GROWTH = MAX_BYTES / 2**20 + 100


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    read_after : tuple of int
        Memory is read after so many visitors.
    samples : int
        Of every question.
    compared : int
        Each so many visitors one answer is compared with the command line's.
    """

    read_after: tuple[int, ...] = (20, 50, 100, 150, 200, 250, 300)
    samples: int = 128
    compared: int = 10


SHORT = Plan(read_after=(2, 4), compared=2)


def measure(plan: Plan, found: Report) -> None:
    """Print a row each time that memory is read."""
    with on_a_bench("memory", plan.samples, found, plan=plan) as bench, bench.server() as server:
        found.expect(plan.read_after[-1])
        found.table(HEADER, f"Visitors one after another, {plan.samples} samples each.")
        visit(server.port, bench.questions(1)[0]).visitor.leave()
        start = last = server.memory()
        visitors = 0
        for until in plan.read_after:
            to_compare = []
            for question in bench.questions(until - visitors):
                found.say(f"visitor {visitors + 1}")
                one = visit(server.port, question)
                one.visitor.leave()
                visitors += 1
                if visitors % plan.compared == 0:
                    to_compare.append(one)
                found.advance(1)
            now = server.memory()
            difference = bench.compare(to_compare, all_classes=False)
            since = f"{now - start:+.0f} MB, {now - last:+.0f} MB since the row above"
            measured = {"visitors": until, "memory": now, "start": start, "difference": difference}
            against = f"after the first one {start:.0f} MB"
            target = f"≤ {MOST_GROWTH:+.0f} MB, flat after 200"
            bench.row(Row(f"memory after {until} visitors", f"{now:.0f} MB", against, since, target, measured))
            last = now
