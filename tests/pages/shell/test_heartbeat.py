"""Work goes on while its visitor is on any screen of the page."""

from __future__ import annotations

import pytest

from pages.shell import heartbeat
from pages.state.background_job import BackgroundJob
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, open_page, state_of

SCREENS = ["explain", "trust", "compare", "walkthrough"]


def screen(name: str) -> str:
    return f"pages/screens/{name}/page.py"


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[BackgroundJob]:
    """The jobs that a page has shown to be wanted."""
    jobs: list[BackgroundJob] = []
    original = BackgroundJob.watched

    def note(job: BackgroundJob) -> None:
        jobs.append(job)
        original(job)

    monkeypatch.setattr(BackgroundJob, "watched", note)
    return jobs


def test_a_run_is_watched_on_every_screen(model: FakeModel, watched: list[BackgroundJob]) -> None:
    model.allowed = 40
    page = open_page(samples="512")
    job = state_of(page).job
    assert model.held_up.wait(SECONDS)
    for name in SCREENS:
        page.switch_page(screen(name)).run()
        watched.clear()
        fine(page.run())
        assert job in watched, name
    model.gate.set()
    assert job.wait(SECONDS)
    assert job.done == 512


def test_trials_and_comparisons_are_watched_on_every_screen(model: FakeModel, watched: list[BackgroundJob]) -> None:
    page = explained(samples="64")
    page.switch_page(screen("trust")).run()
    page.session_state["trust.tab"] = "Repeat"
    page.run()
    model.allowed = model.pictures + 40
    page.button(key="begin.repeat").click().run()
    assert model.held_up.wait(SECONDS)
    page.switch_page(screen("compare")).run()
    page.button(key="compare").click().run()
    state = state_of(page)
    jobs = {*state.trials.jobs.values(), *(job for job in state.comparison.jobs.values() if job.active)}
    assert len(jobs) == 2
    for name in SCREENS:
        page.switch_page(screen(name)).run()
        watched.clear()
        fine(page.run())
        assert jobs <= set(watched), name
    model.gate.set()
    assert all(job.wait(SECONDS) for job in jobs)


def test_the_heart_beats_only_while_there_is_work_and_far_more_often_than_patience_ends(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rhythms: list[float | None] = []
    fragment = heartbeat.st.fragment

    def noted(function, *, run_every=None):
        if function is heartbeat._beat:
            rhythms.append(run_every)
        return fragment(function, run_every=run_every)

    monkeypatch.setattr(heartbeat.st, "fragment", noted)
    model.allowed = 40
    page = open_page(samples="512")
    job = state_of(page).job
    assert model.held_up.wait(SECONDS)
    page.run()
    assert rhythms[-1] is not None
    assert rhythms[-1] < BackgroundJob.patience / 2
    model.gate.set()
    assert job.wait(SECONDS)
    fine(page.run())
    assert rhythms[-1] is None
