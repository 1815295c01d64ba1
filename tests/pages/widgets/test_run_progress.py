"""The look at a run that goes on."""

from __future__ import annotations

import pytest

from pages.state.explain_job import ExplainJob
from tests.pages.conftest import SECONDS, FakeModel, explained, fine, open_page, state_of, texts


def test_the_look_before_the_end_waits_for_it(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    explained(samples="64")  # its speed says that the next run has less than half a second left when it is held up
    waited = []

    def wait(job: ExplainJob, seconds: float) -> bool:
        waited.append(seconds)
        model.gate.set()
        return job._finished.wait(SECONDS)

    model.allowed = model.pictures + 100
    page = open_page(samples="200")
    assert model.held_up.wait(SECONDS)
    job = state_of(page).job
    assert job.active
    monkeypatch.setattr(ExplainJob, "wait", wait)
    page = fine(page.run())
    assert waited
    assert "says *Egyptian cat*" in texts(page)
    assert state_of(page).result.neighborhood.samples == 200
