"""Many visitors for a long time, who upload, stop, turn knobs and leave whenever they like.

Whatever they do, the log of the server must hold no exception, every answer must be the command line's, and memory
must stay flat.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import PIL.Image

import lime_core as lc
from tests.benchmarks.report import Report, in_words
from tests.benchmarks.serving import explain_page
from tests.benchmarks.serving.memory import MOST_GROWTH
from tests.benchmarks.serving.page_server import PageServer
from tests.benchmarks.serving.questions import (
    TOLERANCE,
    Question,
    command_line_scores,
    gallery_questions,
    worst_difference,
)
from tests.benchmarks.serving.visitor import VisitError, Visitor

SAMPLES = (64, 128, 256)
_MOST_SHOWN = 20  # K, the knob of the Explain screen that must not change any coefficient, is turned as far as that


@dataclass(frozen=True, slots=True)
class Plan:
    """How many visitors at once, for how many minutes, and how many different questions they have."""

    visitors: int = 16
    minutes: float = 10.0
    questions: int = 40


SHORT = Plan(visitors=3, minutes=0.5, questions=4)


@dataclass(slots=True)
class Tally:
    """What has happened so far; threads share it.

    Attributes
    ----------
    counts : Counter
        How often visitors did what.
    compared : int
        Answers compared with the command line's.
    largest : float
        The largest difference of a coefficient.
    wrong, broken : list of str
        Wrong answers, and pages that did not do what they should.
    memory : list of (float, float)
        Seconds since the start, MB.
    """

    counts: Counter[str] = field(default_factory=Counter)
    compared: int = 0
    largest: float = 0.0
    wrong: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str) -> None:
        """Count something that a visitor did."""
        with self.guard:
            self.counts[what] += 1

    def compare(self, question: Question, difference: float) -> None:
        """Note how far an answer is from the command line's."""
        with self.guard:
            self.compared += 1
            self.largest = max(self.largest, difference)
            if difference > TOLERANCE:
                self.wrong.append(
                    f"{question} gives coefficients that differ by {difference:g} from the command line's."
                )

    def as_dict(self) -> dict[str, object]:
        """Return everything for the JSON file."""
        with self.guard:
            return {
                "counts": dict(self.counts),
                "compared": self.compared,
                "largest_difference": self.largest,
                "wrong": list(self.wrong),
                "broken": list(self.broken),
                "memory": list(self.memory),
            }


HEADER = (
    "minutes",
    "visits",
    "uploads",
    "stops",
    "knobs",
    "left early",
    "answers compared",
    "wrong",
    "broken",
    "memory",
)


def measure(plan: Plan, found: Report) -> None:
    """Let the visitors in, print a row now and then, and judge at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = folder / "cache"
        questions = _questions(plan.questions, folder)
        found.text(f"First the command line answers the {len(questions)} questions, one after another.")
        answers = command_line_scores(questions, folder / "command-line", cache)
        expected = dict(zip(questions, answers, strict=True))
        with PageServer(folder, cache) as server:
            tally = _let_in(plan, server, expected, found)
            _judge(tally, server, found)


def _questions(number: int, folder: Path) -> list[Question]:
    """Return questions about the gallery, and for every third an uploaded picture: a part of one of the gallery."""
    questions = gallery_questions(SAMPLES[0], range(1, number + 1))
    found = []
    for place, one in enumerate(questions):
        samples = SAMPLES[place % len(SAMPLES)]
        if place % 3:
            found.append(Question(samples, one.seed, one.picture))
            continue
        pixels = lc.load_image(one.path).pixels
        path = folder / f"upload-{place}.png"
        PIL.Image.fromarray(pixels[place % 7 :, : pixels.shape[1] - place % 5]).save(path)
        found.append(Question(samples, one.seed, one.picture, path))
    return found


def _let_in(plan: Plan, server: PageServer, expected: dict[Question, dict], found: Report) -> Tally:
    tally, seconds = Tally(), 60 * plan.minutes
    began = time.monotonic()
    end = began + seconds
    found.expect(seconds)
    head = f"{plan.visitors} visitors at once for {in_words(seconds)}, coefficients compared to {TOLERANCE:g}."
    found.table(HEADER, head)
    with ThreadPoolExecutor(plan.visitors) as pool:
        for place in range(plan.visitors):
            pool.submit(_come_and_go, place, server, expected, tally, lambda: time.monotonic() < end)
        try:
            every, shown = max(2.0, min(30.0, seconds / 10)), 0.0
            while (now := time.monotonic()) < end:
                time.sleep(min(every, end - now))
                passed = time.monotonic() - began
                tally.memory.append((passed, server.memory()))
                found.keep(soak=tally.as_dict())
                found.row(_cells(passed, tally), passed - shown)
                shown = passed
        except BaseException:
            end = began  # visitors leave at the next chance
            server.close()
            raise
    found.keep(soak=tally.as_dict())
    return tally


def _cells(passed: float, tally: Tally) -> list[str]:
    counts = [str(tally.counts[what]) for what in ("visit", "upload", "stop", "knob", "left early")]
    answers = [str(tally.compared), str(len(tally.wrong)), str(len(tally.broken))]
    return [f"{passed / 60:.1f}", *counts, *answers, f"{tally.memory[-1][1]:.0f} MB"]


def _judge(tally: Tally, server: PageServer, found: Report) -> None:
    for text in [*tally.wrong, *tally.broken, *(f"The log says: {line}" for line in server.complaints())]:
        found.fail(text)
    if not tally.compared:
        found.fail("No answer was compared: the soak was too short.")
    # By the end of the first quarter everybody has loaded what is loaded once.
    quarter, half = (_memory_after(share, tally) for share in (0.25, 0.5))
    end = tally.memory[-1][1]
    grown = end - quarter
    found.text(
        f"{tally.compared} answers compared, largest difference {tally.largest:.1e}; {len(tally.wrong)} wrong, "
        f"{len(tally.broken)} pages broken, {len(server.complaints())} complaints in the log. Memory after a quarter "
        f"of the time {quarter:.0f} MB, after half {half:.0f} MB, at the end {end:.0f} MB; from the quarter on it may "
        f"grow by {MOST_GROWTH:.0f} MB, the cache's bound and 100 MB."
    )
    if grown > MOST_GROWTH:
        found.fail(f"Memory has grown by {grown:.0f} MB.")


def _memory_after(share: float, tally: Tally) -> float:
    """Return the last memory read within the first share of the time, or the first one read, MB."""
    within = [memory for passed, memory in tally.memory if passed <= share * tally.memory[-1][0]]
    return within[-1] if within else tally.memory[0][1]


def _come_and_go(
    place: int, server: PageServer, expected: dict[Question, dict], tally: Tally, goes_on: Callable[[], bool]
) -> None:
    chance = random.Random(place)  # noqa: S311
    questions = list(expected)
    while goes_on():
        question = chance.choice(questions)
        try:
            _visit(server, question, expected[question], chance, tally)
        except Exception as error:  # a visitor that fails is what the soak looks for; the others go on
            with tally.guard:
                tally.broken.append(f"{question}: {type(error).__name__}: {error}")


def _visit(server: PageServer, question: Question, expected: dict, chance: random.Random, tally: Tally) -> None:
    tally.note("visit")
    with Visitor(server.port, question.query) as visitor:
        visitor.wait(lambda one: one.idle, what="the page")
        if question.file is not None:
            explain_page.bring(visitor, question)
            visitor.wait(lambda one: one.idle, what="the run about an uploaded picture")
            tally.note("upload")
        if chance.random() < 0.15:
            visitor.stay(chance.uniform(0, 3))
            tally.note("left early")
            return
        if chance.random() < 0.25:
            visitor.stay(chance.uniform(0, 1.5))
            if visitor.idle and visitor.page.widget("stop") is not None:
                visitor.press("stop")
                tally.note("stop")
                visitor.wait(lambda one: one.settled, what="the end after Stop")
                visitor.press("explain")
        _answer(visitor, question, expected, tally)
        for _ in range(chance.randrange(4)):
            explain_page.turn(visitor, chance.randint(1, _MOST_SHOWN))
            tally.note("knob")
            visitor.stay(chance.uniform(0, 1))
        _answer(visitor, question, expected, tally)


def _answer(visitor: Visitor, question: Question, expected: dict, tally: Tally) -> None:
    explain_page.wait_for_answer(visitor)
    scores = visitor.page.scores()
    if scores is None:
        raise VisitError("The run has ended, and the page has no table of the superpixels.")
    tally.compare(question, worst_difference([scores], expected, all_classes=False))
