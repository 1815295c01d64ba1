"""What a visitor does on the Explain screen: opens it by a link, reads the answer, turns a knob, brings a picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.serving.page_elements import Scores
from tests.benchmarks.serving.questions import Question
from tests.benchmarks.serving.visitor import VisitError, Visitor

K = "spec.top_k"  # the knob that is turned: how many superpixels are shown


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that was opened by a link and has drawn its whole answer.

    Attributes
    ----------
    question : Question
        What was asked.
    visitor : Visitor
        The open page.
    first, drawn : float
        Seconds from the opening until the first scores stood on the page, and until nothing changed any more.
    """

    question: Question
    visitor: Visitor
    first: float
    drawn: float


def visit(port: int, question: Question) -> Visit:
    """Open a page by a link that asks by itself, and wait for the whole answer."""
    began = time.perf_counter()
    visitor = Visitor(port, question.query)
    visitor.wait(lambda one: one.page.scores() is not None, what="the first scores")
    first = time.perf_counter() - began
    wait_for_answer(visitor)
    return Visit(question, visitor, first, time.perf_counter() - began)


def wait_for_answer(visitor: Visitor) -> None:
    """Wait until nothing on the page changes by itself any more.

    Raises
    ------
    VisitError
        When the page then shows an exception or an error.
    """
    visitor.wait(lambda one: one.settled, what="the end of the run")
    if complaints := visitor.complaints():
        raise VisitError(f"The page says: {'; '.join(complaints)}")


def turn(visitor: Visitor, value: float) -> float:
    """Turn K; return the seconds until what it changes was drawn and its pictures were fetched."""
    began = time.perf_counter()
    visitor.move(K, value)
    visitor.wait(lambda one: one.idle, what=f"the answer of {K}")
    return time.perf_counter() - began


def every_class(visitor: Visitor) -> list[Scores]:
    """Return the scores of all explained classes: shows one after the other large, whose table has them."""
    found = []
    for key in sorted(element.key for element in visitor.page.all("button") if element.key.startswith("focus.")):
        visitor.press(key)
        visitor.wait(lambda one: one.idle, what=f"the answer of {key}")
        scores = visitor.page.scores()
        if scores is None or key != f"focus.{scores.index}":
            raise VisitError(f"The page has no table of the superpixels of the class after {key} was pressed.")
        found.append(scores)
    return found


def bring(visitor: Visitor, question: Question) -> None:
    """Upload the question's picture and press Explain; the other settings are those of the link."""
    visitor.choose("source", "Upload")
    visitor.wait(lambda one: one.idle and one.page.widget("upload") is not None, what="the choice of a file")
    visitor.upload("upload", question.path.name, question.path.read_bytes())
    visitor.wait(lambda one: one.idle, what="the uploaded picture")
    visitor.press("explain")


def knob_values(count: int, first: int = 1) -> Sequence[int]:
    """Return values for K, 1 to 20, each far from the one before."""
    return [1 + (first + 7 * place) % 20 for place in range(count)]
