"""An audit under way: others go before it, its answers are kept, and it leaves a valid audit however it ends."""

from __future__ import annotations

from pathlib import Path

import lime_core as lc
from pages.state.audit_job import AuditJob, AuditOrder
from pages.state.explain_job import ExplainJob
from pages.state.question import Question
from pages.state.server import Server
from tests.audits.known_audit import known_collection, pixels_of
from tests.pages.conftest import SECONDS, FakeModel

SPEC = lc.ExplainSpec(segmentation=lc.Grid(2, 3), samples=32)


def order_of(folder: Path, pictures: int) -> AuditOrder:
    return AuditOrder("known", known_collection(folder / "pictures", pictures), "efficientnet_lite0", SPEC, "f32")


def test_a_visitors_own_question_goes_before_their_audit(model: FakeModel, tmp_path: Path) -> None:
    server = Server()
    model.allowed = 60
    audit = AuditJob(order_of(tmp_path, 20), tmp_path / "audit", server).start()
    assert model.held_up.wait(SECONDS)
    question = Question(lc.Image(pixels_of(100)), "a picture", "efficientnet_lite0", SPEC)
    asked = ExplainJob(question, server).start()
    model.gate.set()
    assert asked.wait(SECONDS)
    assert asked.done == SPEC.samples
    assert audit.active
    assert audit.done < audit.total
    audit.stop()
    assert audit.wait(SECONDS)


def test_the_answers_of_every_picture_are_kept(model: FakeModel, tmp_path: Path) -> None:
    order = order_of(tmp_path, 3)
    job = AuditJob(order, tmp_path / "audit", Server()).start()
    assert job.wait(SECONDS)
    assert job.error is None
    assert job.audit is not None
    assert job.audit.source is not None
    for path, about in job.audit.pictures.items():
        file = job.audit.source.kept_answers(path)
        assert file is not None
        answers = lc.Neighborhood.load_npz(file)
        assert answers.samples == SPEC.samples
        assert answers.spec.seed == about.seed
        assert answers.provenance.image_sha256 == about.sha256


def test_one_that_is_stopped_before_the_first_picture_leaves_nothing_to_look_at(
    model: FakeModel, tmp_path: Path
) -> None:
    model.gate.clear()
    job = AuditJob(order_of(tmp_path, 3), tmp_path / "audit", Server()).start()
    job.stop()
    model.gate.set()
    assert job.wait(SECONDS)
    assert job.error is None
    assert job.audit is None
    assert job.unfinished


def test_a_model_that_fails_says_so(model: FakeModel, tmp_path: Path) -> None:
    def fail(name: str, **_: object) -> lc.Classifier:
        raise lc.ModelError("No such weights.")

    model.load = fail
    job = AuditJob(order_of(tmp_path, 3), tmp_path / "audit", Server()).start()
    assert job.wait(SECONDS)
    assert str(job.error) == "No such weights."
    assert job.unfinished


def test_pictures_that_cannot_be_read_are_skipped(model: FakeModel, tmp_path: Path) -> None:
    order = order_of(tmp_path, 3)
    first = order.collection.pictures[0].path
    (tmp_path / "pictures" / first).write_bytes(b"no picture")
    job = AuditJob(order, tmp_path / "audit", Server()).start()
    assert job.wait(SECONDS)
    assert job.audit is not None
    assert [path for path, _ in job.audit.skipped] == [first]
    assert job.done == 3
