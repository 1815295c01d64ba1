"""Visitors without a browser see what a browser would, and the server gives every one of them the right answer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.benchmarks import report
from tests.benchmarks.serving import questions, soak
from tests.benchmarks.serving.browser import KeptMessages, Timers, VisitError
from tests.benchmarks.serving.explain_page import wait_for_answer
from tests.benchmarks.serving.page_elements import PageElements, Scores
from tests.benchmarks.serving.page_server import PageServer
from tests.benchmarks.serving.visitor import Visitor

ROOT = Path(__file__).resolve().parents[1]


def text(place: list[int], body: str, fragment: str = "", name: str = "") -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.markdown.body = body
    message.delta.fragment_id = fragment
    message.metadata.delta_path.extend(place)
    message.hash, message.metadata.cacheable = name, bool(name)
    return message


def shown(page: PageElements) -> list[str]:
    return [element.content.body for element in page.all("markdown")]


def test_a_run_replaces_elements_and_its_end_drops_what_it_has_not_drawn():
    page = PageElements()
    for place, body in ((0, "one"), (1, "two"), (2, "three")):
        page.take(text([0, place], body), "first")
    page.finish("first", [])
    page.take(text([0, 0], "new"), "second")
    assert shown(page) == ["new", "two", "three"]
    page.finish("second", [])
    assert shown(page) == ["new"]


def test_the_run_of_a_fragment_drops_only_what_that_fragment_has_drawn_before():
    page = PageElements()
    page.take(text([0, 0], "page"), "first")
    page.take(text([0, 1], "mine", "fragment"), "first")
    page.take(text([0, 2], "other's", "other"), "first")
    page.finish("second", ["fragment"])
    assert shown(page) == ["page", "other's"]


def test_a_message_that_is_referred_to_stands_at_the_new_place():
    kept = KeptMessages()
    kept.whole(text([0, 3], "long", name="hash"))
    reference = ForwardMsg(ref_hash="hash")
    reference.metadata.delta_path.extend([0, 5])
    whole = kept.whole(reference)
    assert whole.delta.new_element.markdown.body == "long"
    assert list(whole.metadata.delta_path) == [0, 5]
    assert kept.hashes == ["hash"]


def test_a_message_that_was_not_used_for_some_runs_is_forgotten_and_must_not_be_referred_to():
    kept = KeptMessages()
    kept.whole(text([0, 3], "long", name="hash"))
    for _ in range(kept.most + 1):
        assert kept.hashes == ["hash"]
        kept.run_finished([])
    assert kept.hashes == []
    with pytest.raises(VisitError, match="never sent"):
        kept.whole(ForwardMsg(ref_hash="hash"))


def test_a_timer_goes_on_until_it_is_stopped(monkeypatch):
    now = SimpleNamespace(time=100.0)
    monkeypatch.setattr(time, "monotonic", lambda: now.time)
    timers = Timers()
    timers.start("fragment", 2.0)
    assert (timers.next(), timers.due()) == (102.0, [])
    now.time = 103.0
    assert (timers.due(), timers.due(), timers.next()) == (["fragment"], [], 104.0)
    timers.stop("fragment")
    now.time = 200.0
    assert (timers.due(), len(timers)) == ([], 0)


def test_only_equal_coefficients_of_every_class_count_as_equal():
    expected = {3: np.array([0.5, -0.25]), 7: np.array([0.0, 1.0])}
    right = [Scores(3, np.array([0.5, -0.25])), Scores(7, np.array([0.0, 1.0]))]
    assert questions.worst_difference(right, expected) == 0
    assert questions.worst_difference([right[0], Scores(7, np.array([0.0, 0.9]))], expected) == pytest.approx(0.1)
    assert questions.worst_difference(right[:1], expected) == np.inf
    assert questions.worst_difference(right[:1], expected, all_classes=False) == 0
    assert questions.worst_difference([], expected, all_classes=False) == np.inf
    assert questions.worst_difference([Scores(3, np.zeros(5))], expected, all_classes=False) == np.inf
    assert questions.worst_difference([Scores(3, np.array([0.5, np.nan]))], expected, all_classes=False) == np.inf


def test_a_wrong_answer_in_the_soak_is_written_down():
    tally, question = soak.Tally(), questions.Question(64, 1)
    tally.compare(question, questions.TOLERANCE / 2)
    assert (tally.compared, tally.wrong) == (1, [])
    tally.compare(question, 0.1)
    assert (tally.compared, len(tally.wrong), tally.largest) == (2, 1, 0.1)


def test_the_time_left_follows_from_the_work_done(monkeypatch, capsys):
    now = SimpleNamespace(time=0.0)
    monkeypatch.setattr(time, "monotonic", lambda: now.time)
    found = report.Report()
    found.expect(10)
    assert found.seconds_left is None
    now.time = 30.0
    found.row(["a row"], 2)
    assert found.seconds_left == 120
    printed = capsys.readouterr()
    assert printed.out == "| a row |\n"
    assert "20% done, about 2 min left" in printed.err


def test_rows_are_printed_one_by_one_and_kept_when_the_benchmark_is_interrupted(tmp_path):
    target = tmp_path / "numbers.json"
    command = [sys.executable, "-m", "tests.benchmarks", "certainty", "--runs", "5", "--json", str(target)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        rows = 0
        for line in running.stdout:
            rows += line.startswith("| ") and line.split()[1].isdecimal()
            if rows == 2:
                break
        kept = json.loads(target.read_text(encoding="utf-8"))
        running.send_signal(signal.SIGINT)
        rest, errors = running.communicate()
    assert len(kept["noise"]) >= 2
    assert "left)" in errors
    assert "Stopped: the rows above are whole" in rest
    assert running.returncode == 130
    after = json.loads(target.read_text(encoding="utf-8"))
    assert after["stopped"] is True
    assert after["noise"][:2] == kept["noise"][:2]


@pytest.mark.skipif(sys.platform != "linux", reason="the server's processor time is read from /proc")
def test_the_short_form_gives_every_visitor_the_command_line_s_coefficients(tmp_path):
    numbers = _run(tmp_path, "serving", "--short")["serving"]
    assert [crowd["visitors"] for crowd in numbers["crowds"]] == [2]
    assert all(crowd["difference"] <= questions.TOLERANCE for crowd in numbers["crowds"])


@pytest.mark.skipif(sys.platform != "linux", reason="the server's memory is read from /proc")
def test_a_short_soak_finds_no_wrong_answer_no_broken_page_and_no_exception(tmp_path):
    found = _run(tmp_path, "soak", "--short")["soak"]
    assert found["compared"] > 0
    assert found["wrong"] == found["broken"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="the server is looked at in /proc")
@pytest.mark.slow
def test_every_click_in_an_audit_is_answered(tmp_path):
    rows = {row["what"]: row for row in _run(tmp_path, "folder", "--short", "--pictures", "13")["folder"]["rows"]}
    assert {"audit opened", "tab Concepts", "filter by class", "another page of cards"} < set(rows)
    assert all(row["measured"]["seconds"] for row in rows.values())


@pytest.mark.slow
def test_a_press_between_two_runs_of_the_whole_page_is_not_lost(tmp_path):
    with PageServer(tmp_path) as server, Visitor(server.port, "samples=64&precision=f32") as visitor:
        visitor.wait(lambda one: one.page.scores() is not None)
        wait_for_answer(visitor)
        for samples in range(65, 70):
            visitor.move("spec.samples", samples)
            # The first begins a run of the page, the second is for a part of it and waits, the third ends the run.
            visitor.choose("source", "Upload")
            visitor.press("explain")
            visitor.choose("source", "Gallery")
            visitor.wait(lambda one, samples=samples: f" {samples} samples " in " ".join(shown(one.page)), 60)
            wait_for_answer(visitor)


@pytest.mark.slow
def test_a_run_of_the_page_that_had_begun_before_a_press_is_not_its_answer(tmp_path):
    with PageServer(tmp_path) as server, Visitor(server.port, "samples=64&precision=f32") as visitor:
        visitor.wait(lambda one: one.page.scores() is not None)
        wait_for_answer(visitor)
        for samples in range(65, 70):
            visitor.move("spec.samples", samples)
            visitor.choose("source", "Upload" if samples % 2 else "Gallery")
            visitor.press("explain")
            wait_for_answer(visitor)
            assert f" {samples} samples " in " ".join(shown(visitor.page))


def _run(folder: Path, *words: str) -> dict:
    target = folder / "numbers.json"
    command = [sys.executable, "-m", "tests.benchmarks", *words, "--json", str(target)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(target.read_text(encoding="utf-8"))
