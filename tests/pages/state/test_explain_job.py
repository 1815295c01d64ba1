"""A run: nobody waits while its picture is cut, and it asks only under the lock."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

import lime_core as lc
from lime_core.answers import growing, query
from lime_core.answers.scene import cut
from pages.state import server as server_module
from pages.state.explain_job import ExplainJob
from pages.state.question import Question
from pages.state.server import Server
from tests.pages.conftest import SECONDS, FakeModel

SPEC = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=40)


def question(seed: int) -> Question:
    """Return a question about a picture of its own."""
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    return Question(lc.Image(pixels), f"picture {seed}", "efficientnet_lite0", SPEC)


def test_while_one_picture_is_cut_slowly_another_visitor_is_answered(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, begun, may_end = question(0), threading.Event(), threading.Event()

    def cut_slowly(image: lc.Image, *rest: object) -> NDArray[np.int32]:
        if image == slow.image:
            begun.set()
            assert may_end.wait(SECONDS)
        return cut(image, *rest)

    monkeypatch.setattr(server_module, "cut", cut_slowly)
    server = Server()
    waiting = ExplainJob(slow, server).start()
    assert begun.wait(SECONDS)
    other = ExplainJob(question(1), server).start()
    assert other.wait(SECONDS)
    assert other.done == SPEC.samples
    assert waiting.active
    may_end.set()
    assert waiting.wait(SECONDS)
    assert waiting.done == SPEC.samples


def test_a_picture_that_is_cut_already_is_not_cut_again(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    server, asked = Server(), question(2)
    server.scene(asked.image, (224, 224), asked.spec)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("cut again")

    monkeypatch.setattr(server_module, "cut", refuse)
    monkeypatch.setattr(server_module.lc, "prepare", refuse)
    monkeypatch.setattr(query, "prepare", refuse)
    run = ExplainJob(asked, server).start()
    assert run.wait(SECONDS)
    assert run.error is None
    assert run.done == SPEC.samples


def test_every_batch_is_asked_in_a_turn_and_the_fit_of_an_early_stop_is_not(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, held = Server(), {"asking": set(), "looking": set()}
    ask, look = FakeModel.__call__, growing.StoppingRule.look

    def asking(self: FakeModel, images: np.ndarray) -> np.ndarray:
        held["asking"].add(server.turns._held)
        return ask(self, images)

    def looking(self: growing.StoppingRule, *arguments: object) -> object:
        held["looking"].add(server.turns._held)
        return look(self, *arguments)

    monkeypatch.setattr(FakeModel, "__call__", asking)
    monkeypatch.setattr(growing.StoppingRule, "look", looking)
    spec = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=96, early_stop=True)
    run = ExplainJob(Question(question(3).image, "picture", "efficientnet_lite0", spec), server).start()
    assert run.wait(SECONDS)
    assert run.error is None
    assert held == {"asking": {True}, "looking": {False}}
    assert server.speed("efficientnet_lite0") is not None or run.done <= 32


def test_a_stopped_run_keeps_its_answers_and_leaves_its_classifier(model: FakeModel) -> None:
    server, spec = Server(), lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=2000)
    model.allowed = 100
    run = ExplainJob(Question(question(4).image, "picture", "efficientnet_lite0", spec), server).start()
    assert model.held_up.wait(SECONDS)
    run.stop()
    model.gate.set()
    assert run.wait(SECONDS)
    assert 0 < run.done < 2000
    assert server.answers_to(run.question).samples == run.done
    assert server.models._users == {}
