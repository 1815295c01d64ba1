"""How long a click on the Folder screen takes, in an audit of many pictures.

The audit is real: of drawn pictures, by the built-in model, with few calls a picture, since the page shows no more of
an audit that made more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

import lime_core as lc
from tests import drawn_shapes
from tests.benchmarks.report import HEADER, Report, Row
from tests.benchmarks.serving.bench import on_a_bench
from tests.benchmarks.serving.visitor import Visitor

MODEL = "efficientnet_lite0"
CLICK = 0.3  # seconds, the target
_CLASS, _OUTCOME = "folder.filter.class", "folder.filter.outcome"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    pictures : int
        In the audit.
    samples : int
        Calls for each of them.
    rounds : int
        How often each click is made.
    """

    pictures: int = 1000
    samples: int = 16
    rounds: int = 10


SHORT = Plan(pictures=30, rounds=2)


def measure(plan: Plan, found: Report, kept: Path | None) -> None:
    """Print a row for each kind of click.

    Parameters
    ----------
    plan : Plan
    found : Report
    kept : Path, optional
        Where the audit is kept, and taken from if it is there.
    """
    with on_a_bench("folder", plan.samples, found, plan=plan) as bench:
        audits = bench.folder / "audits" if kept is None else kept
        found.expect(2 * plan.pictures)
        audited(plan, audits, found)
        found.advance(plan.pictures)
        found.table(HEADER, f"Clicks in an audit of {plan.pictures:,} pictures, until all is drawn and fetched.")
        server = bench.server(LIMELIGHT_FOLDERS=str(audits))
        with server as running, Visitor(running.port, screen="folder") as visitor:
            opened = _opened(visitor)
            bench.row(Row("audit opened", f"{opened:.2f} s", "—", "—", "—", {"seconds": opened}))
            for what, seconds in _clicks(visitor, plan.rounds).items():
                late = float(np.percentile(seconds, 95))
                middle = f"p50 {np.percentile(seconds, 50):.2f} s"
                row = Row(what, middle, f"p95 {late:.2f} s", "—", f"≤ {CLICK} s", {"seconds": seconds})
                bench.row(row, plan.pictures / 9)
            for complaint in visitor.complaints():
                found.fail(f"The page says: {complaint}")


def audited(plan: Plan, audits: Path, found: Report) -> Path:
    """Return the folder of an audit of drawn pictures; it is made unless it is there, or gone on with."""
    pictures = audits / "pictures"
    for index in range(plan.pictures):
        name = drawn_shapes.CLASSES[index % len(drawn_shapes.CLASSES)]
        path = pictures / name / f"{index:05d}.jpg"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(drawn_shapes.draw(name, np.random.default_rng(index))).save(path)
    lc.audit(
        pictures,
        MODEL,
        audits / "audit",
        lc.ExplainSpec(samples=plan.samples),
        on_progress=lambda done, total: found.say(f"{done} of {total} pictures explained"),
        on_finding=lambda done, total: found.say(f"{done} of {total} experiments made"),
    )
    return audits / "audit"


def _opened(visitor: Visitor) -> float:
    visitor.wait(lambda one: one.settled, what="the screen")
    _timed(visitor, lambda: visitor.choose("folder.source", "Finished audit"))
    _timed(visitor, lambda: visitor.choose("folder.audit", "audit"))
    seconds = _timed(visitor, lambda: visitor.press("folder.open"))
    if visitor.page.widget("folder.tab") is None:
        raise RuntimeError(f"The audit is not opened: {visitor.complaints()}")
    return seconds


def _clicks(visitor: Visitor, rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each click of each kind."""
    found: dict[str, list[float]] = {}

    def choose(what: str, key: str, option: str) -> None:
        found.setdefault(what, []).append(_timed(visitor, lambda: visitor.choose(key, option)))

    for number in range(rounds):
        for tab in ("Concepts", "Mistakes", "All pictures"):
            choose(f"tab {tab}", "folder.tab", tab)
        classes = _options(visitor, _CLASS)[1:]
        choose("filter by class", _CLASS, classes[number % len(classes)])
        choose("all classes again", _CLASS, "any")
        choose("filter by right or wrong", _OUTCOME, "Wrong")
        choose("all pictures again", _OUTCOME, "All")
        for cards in _cards(visitor):
            seconds = _timed(visitor, lambda key=cards, page=2 + number: visitor.turn_to(key, page))
            found.setdefault("another page of cards", []).append(seconds)
        choose("tab Overview", "folder.tab", "Overview")
    return found


def _options(visitor: Visitor, key: str) -> list[str]:
    widget = visitor.page.widget(key)
    return list(widget.content.options) if widget is not None else []


def _cards(visitor: Visitor) -> list[str]:
    """Return the key of the numbers of the pages of cards, where there are several pages."""
    keys = (one.key for one in visitor.page.all("pagination"))
    return [key for key in keys if key.startswith("folder.page.all.")]


def _timed(visitor: Visitor, do: Callable[[], None]) -> float:
    began = time.perf_counter()
    do()
    visitor.wait(lambda one: one.idle, what="the answer to a click")
    return time.perf_counter() - began
