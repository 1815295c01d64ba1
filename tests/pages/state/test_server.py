"""The one place where things are kept: bounded, keyed by digests."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import lime_core as lc
from lime_core.answers.scene import cut
from lime_core.judge import Judge
from lime_core.methods import mask_method_named
from lime_core.methods.lime.workings import Workings, solve
from lime_core.models.engines.base import PrecisionChoice
from pages.state.cache import LruCache, size_of
from pages.state.gallery import EXAMPLES, example
from pages.state.question import Question
from pages.state.server import Server


def neighborhood(samples: int) -> lc.Neighborhood:
    image = lc.Image(np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8))
    classifier = lc.CallableClassifier(lambda x: x.mean(axis=(1, 2)) / 255, 16, ["red", "green", "blue"])
    return lc.query(image, classifier, lc.ExplainSpec(segmentation=lc.Grid(2, 2), samples=samples))


def question(spec: lc.ExplainSpec, precision: PrecisionChoice = "f32") -> Question:
    return Question(lc.Image(np.zeros((4, 5, 3), np.uint8)), "picture", "a", spec, precision)


def key_of(image: lc.Image, model: str, spec: lc.ExplainSpec) -> str:
    return Question(image, "picture", model, spec).key


def test_the_cache_never_exceeds_its_bytes_and_drops_what_was_unused_longest() -> None:
    cache = LruCache(1000)
    for name in "abc":
        cache.put(name, np.zeros(300, np.uint8))
    assert cache.get("a") is not None
    cache.put("d", np.zeros(300, np.uint8))
    assert cache.get("b") is None
    assert cache.get("a") is not None
    assert cache.bytes == 900
    cache.put("huge", np.zeros(2000, np.uint8))
    assert cache.get("huge") is None
    assert cache.bytes <= 1000


def test_the_same_key_is_counted_once() -> None:
    cache = LruCache(1000)
    cache.put("a", np.zeros(300, np.uint8))
    cache.put("a", np.zeros(400, np.uint8))
    assert cache.bytes == 400


def test_the_size_of_a_neighborhood_is_at_least_that_of_its_arrays() -> None:
    known = neighborhood(64)
    assert size_of(known) >= known.masks.nbytes + known.outputs.nbytes + known.segments.nbytes


def test_a_view_counts_with_the_array_it_keeps_alive() -> None:
    assert size_of(np.zeros(1000, np.uint8)[:10]) == 1000


def test_what_a_judge_holds_counts_and_what_it_holds_twice_counts_once() -> None:
    known = neighborhood(64)
    attribution, workings = mask_method_named("lime").work_out(known, known.spec)
    assert workings is not None
    size = size_of(Judge(attribution, known, workings))
    held = [known.masks, known.outputs, known.segments, workings.problem.masks, workings.residuals]
    assert sum(array.nbytes for array in held) <= size
    assert size_of([known, known]) < 1.1 * size_of(known)
    assert size_of(partial(print, known.outputs)) >= known.outputs.nbytes


def test_answers_are_kept_cut_and_never_replaced_by_fewer() -> None:
    server, many, few = Server(), neighborhood(64), neighborhood(16)
    asked = partial(question, spec=many.spec)
    server.remember(asked(), many)
    server.remember(asked(), few)
    cut = server.answers_to(asked(spec=few.spec))
    assert server.answers_to(asked(spec=replace(many.spec, samples=100))) is many
    assert cut is not None
    assert cut.samples == cut.spec.samples == 16
    assert np.array_equal(cut.outputs, few.outputs)
    assert np.array_equal(lc.fit(cut).classes[0].coefficients, lc.fit(few).classes[0].coefficients)


def test_answers_are_kept_by_the_precision_they_were_asked_in_and_auto_takes_the_exact_ones_first() -> None:
    server, exact = Server(), neighborhood(16)
    reduced = replace(exact, provenance=replace(exact.provenance, engine="openvino-bf16"))
    asked = {name: question(spec=exact.spec, precision=name) for name in ("auto", "f32", "bf16")}
    server.remember(asked["auto"], reduced)
    assert server.answers_to(asked["auto"]) is server.answers_to(asked["bf16"]) is reduced
    assert server.answers_to(asked["f32"]) is None
    server.remember(asked["auto"], exact)
    assert server.answers_to(asked["auto"]) is server.answers_to(asked["f32"]) is exact
    assert server.answers_to(asked["bf16"]) is reduced


def test_an_explanation_is_fitted_once_for_the_same_settings() -> None:
    server, known = Server(), neighborhood(64)
    first = server.explanation(known, known.spec)
    assert server.explanation(known, known.spec) is first
    assert server.explanation(known, replace(known.spec, kernel_width=0.5)) is not first
    assert server.explanation(neighborhood(16), known.spec) is not first


def test_a_question_differs_by_picture_model_and_what_is_asked_but_not_by_samples() -> None:
    image, other = lc.Image(np.zeros((4, 5, 3), np.uint8)), lc.Image(np.ones((4, 5, 3), np.uint8))
    spec = lc.ExplainSpec()
    key = key_of(image, "a", spec)
    assert key == key_of(image, "a", replace(spec, samples=7, kernel_width=1.0, top_k=1))
    for different in (
        key_of(other, "a", spec),
        key_of(image, "b", spec),
        key_of(image, "a", replace(spec, seed=1)),
        key_of(image, "a", replace(spec, segmentation=lc.Grid())),
        key_of(image, "a", replace(spec, segmentation=lc.LabelMap([[0, 1]]))),
    ):
        assert key != different


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_picture_is_there_without_a_network(name: str) -> None:
    assert min(example(name).pixels.shape[:2]) >= 200


def test_another_k_is_judged_anew_and_solves_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    solved = []

    def counted(*arguments: Any) -> Workings:
        solved.append(arguments)
        return solve(*arguments)

    # Both bind the function by name.
    for module in ("lime_core.methods.lime.fit", "lime_core.judge.judge"):
        monkeypatch.setattr(sys.modules[module], "solve", counted)
    answers, server = neighborhood(64), Server()
    judgements = [server.attribution(answers, replace(answers.spec, top_k=k)) for k in (3, 2, 1)]
    assert [each.classes[0].trust.top_k for each in judgements] == [3, 2, 1]
    assert len(solved) == 1


def test_what_two_threads_need_at_once_is_made_once() -> None:
    server = Server()
    first, second, go_on = threading.Event(), threading.Event(), threading.Event()

    def make(begun: threading.Event) -> str:
        begun.set()
        go_on.wait(10)
        return "made"

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(server.cached, "key", lambda: make(first))
        assert first.wait(10)
        other = pool.submit(server.cached, "key", lambda: make(second))
        made_twice = second.wait(0.3)
        go_on.set()
        assert one.result() == other.result() == "made"
    assert not made_twice


def test_who_fails_to_make_something_leaves_it_to_the_next() -> None:
    server = Server()
    with pytest.raises(ZeroDivisionError):
        server.cached("key", lambda: 1 // 0)
    assert server.cached("key", lambda: "made") == "made"


def test_another_fill_or_seed_does_not_cut_the_picture_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    server, image, cuts = Server(), example(next(iter(EXAMPLES))), []
    monkeypatch.setattr("pages.state.server.cut", lambda *about: cuts.append(about) or cut(*about))
    spec = lc.ExplainSpec()
    first = server.scene(image, (224, 224), spec)
    for other in (replace(spec, seed=1), replace(spec, fill="grey")):
        scene = server.scene(image, (224, 224), other)
        assert scene.segments is first.segments
        expected = lc.prepare(image, (224, 224), other)
        for name in ("segments", "pixels", "fill", "labels"):
            assert np.array_equal(getattr(scene, name), getattr(expected, name))
    assert server.scene(image, (240, 240), spec).segments is first.segments
    assert len(cuts) == 1
    for other in (replace(spec, segmentation=lc.Grid()), replace(spec, resolution="model")):
        assert not np.array_equal(server.scene(image, (224, 224), other).segments, first.segments)
    assert server.scene(image, (224, 224), replace(spec, framing="center_crop")).segments.shape[0] == min(
        image.pixels.shape[:2]
    )
