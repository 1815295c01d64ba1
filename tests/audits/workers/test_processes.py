"""Worker processes whose model fails: whatever happens in one, the process that waits for it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from audits.failing_models import FailingSource
from audits.tiny_model import SPEC, write_collection

import lime_core as lc
from lime_core.audits.workers import processes
from lime_core.audits.workers.pool import Job
from lime_core.collections import open_collection


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("predict", "^The model fails for every picture: ZeroDivisionError: no contrast.$"),
        ("ended", r"^A worker process failed at .*png: SystemExit: enough\."),
        ("import", "^A worker process cannot start: ImportError: There is no torch. One worker"),
        ("exit", r"ended 3 times before it had loaded the model \(exit status 3\). Use 1 worker"),
        ("killed", r"ended 3 times before it had loaded the model \(SIGKILL\). Is there enough memory"),
    ],
)
def test_a_failure_in_a_worker_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, message: str) -> None:
    wait = processes.wait

    def wait_a_minute(connections: list[object]) -> list[object]:
        return wait(connections, 60) or pytest.fail("A worker has said nothing.")

    monkeypatch.setattr(processes, "wait", wait_a_minute)
    collection = open_collection(write_collection(tmp_path / "pictures", 2))
    pool = processes.WorkerProcesses(Job(collection, FailingSource(way=way), "f32", SPEC), 1)
    try:
        with pytest.raises(lc.LimeError, match=message):
            list(pool.explain(collection.pictures))
    finally:
        pool.close()


def test_a_model_that_fails_for_all_in_its_own_way_ends_the_audit_in_words(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    with pytest.raises(lc.ModelError, match="fails for every picture: ZeroDivisionError"):
        lc.audit(pictures, FailingSource(), tmp_path / "audit", SPEC, precision="f32")
