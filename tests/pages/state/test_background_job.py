"""Background work: it can be stopped, ends when nobody looks, and says what went wrong."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import pytest

import lime_core as lc
from pages.state import background_job
from pages.state.background_job import BackgroundJob

SECONDS = 30


class Job(BackgroundJob):
    """Does what it is given."""

    def __init__(self, task: Callable[[Job], None], *, needed: bool = True) -> None:
        super().__init__("test", total=4)
        self.task, self.needed, self.cleaned, self.told = task, needed, False, False

    def is_needed(self) -> bool:
        return self.needed

    def work(self) -> None:
        self.task(self)

    def after_stop(self) -> None:
        self.told = True

    def clean_up(self) -> None:
        assert self.active
        self.cleaned = True


def endless(job: Job) -> None:
    while True:
        job.check()
        threading.Event().wait(0.001)


def test_it_counts_and_ends_without_an_error() -> None:
    def count(job: Job) -> None:
        job.done = 3

    job = Job(count).start()
    assert job.wait(SECONDS)
    assert (job.share, job.error, job.active, job.stopping, job.cleaned) == (0.75, None, False, False, True)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_it_gives_way_to_pages_and_so_do_the_threads_that_it_starts() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found: list[int] = []

    def look(job: Job) -> None:
        found.append(niceness())
        started = threading.Thread(target=lambda: found.append(niceness()))
        started.start()
        started.join()
        # A model is loaded by a job of its own, and goes on for others.
        another = Job(lambda _: found.append(niceness())).start()
        assert another.wait(SECONDS)

    assert Job(look).start().wait(SECONDS)
    assert len(set(found)) == 1
    assert found[0] > niceness()


def test_a_stop_ends_it_at_the_next_check() -> None:
    job = Job(endless).start()
    assert job.active
    job.stop()
    assert job.wait(SECONDS)
    assert (job.error, job.stopping, job.told, job.cleaned) == (None, True, True, True)


def test_it_ends_when_no_page_looks_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "patience", 0.01)
    monkeypatch.setattr(background_job, "connection", lambda: lambda: False)
    job = Job(endless).start()
    assert job.wait(SECONDS)
    assert job.stopping


def test_an_error_of_ours_is_kept_as_it_is() -> None:
    def refuse(_: Job) -> None:
        raise lc.SpecError("no")

    job = Job(refuse).start()
    assert job.wait(SECONDS)
    assert isinstance(job.error, lc.SpecError)
    assert job.cleaned


def test_a_bug_becomes_an_error_in_words() -> None:
    def crash(_: Job) -> None:
        raise RuntimeError("boom")

    job = Job(crash).start()
    assert job.wait(SECONDS)
    assert str(job.error) == "The work ended unexpectedly: RuntimeError: boom"


def test_without_work_it_has_ended_at_once() -> None:
    job = Job(endless, needed=False).start()
    assert not job.active
    assert not job.cleaned


def test_a_page_that_is_connected_keeps_it_going(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "patience", 0.01)
    connected = threading.Event()
    connected.set()
    monkeypatch.setattr(background_job, "connection", lambda: connected.is_set)
    job = Job(endless).start()
    assert not job.wait(0.5)
    connected.clear()
    assert job.wait(SECONDS)
    assert job.stopping
