"""What ends an audit: a stop leaves a smaller one that can be looked at, a failure only what was written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from audits.tiny_model import SPEC, TinyClassifier, TinySource, write_collection

import lime_core as lc
from lime_core.audits.storage import audit_folder
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS
from lime_core.cli.main import main


def full_disk_after(monkeypatch: pytest.MonkeyPatch, kind: str, count: int) -> None:
    """Let only some tables of a kind be written; then the disk is full, as Arrow says it."""
    write, written = audit_folder.pq.write_table, []

    def limited(rows: object, draft: Path, **settings: object) -> None:
        if draft.parent.name == kind:
            written.append(draft)
            if len(written) > count:
                raise OSError(errno.ENOSPC, "Error writing bytes to file. Detail: [errno 28] No space left on device")
        write(rows, draft, **settings)

    monkeypatch.setattr(audit_folder.pq, "write_table", limited)


def test_a_full_disk_names_the_file_and_writes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)
    monkeypatch.setattr("lime_core.cli.audit.source_of", lambda *_: TinySource())
    command = ["audit", str(pictures), "--output", str(tmp_path / "audit"), "--samples", "16", "--segmentation", "grid"]
    command += ["--precision", "f32", "--quiet"]
    with monkeypatch.context() as patch:
        full_disk_after(patch, EXPLANATIONS, 2)
        assert main(command) == 1
    said = capsys.readouterr().err
    assert f"error: {tmp_path / 'audit' / EXPLANATIONS}" in said
    assert "cannot be written: No space left on device. What was written before is kept" in said
    assert "Standard output" not in said
    assert not (tmp_path / "audit" / "audit.json").exists()
    assert main(command) == 0
    assert AuditFolder(tmp_path / "audit").findings().pictures == 4


def test_a_data_set_that_is_a_file_is_an_error_in_words(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    folder = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    for file in (folder.path / EXPLANATIONS).iterdir():
        file.unlink()
    (folder.path / EXPLANATIONS).rmdir()
    (folder.path / EXPLANATIONS).write_text("")
    with pytest.raises(lc.LimeError, match=r"explanations/picture-.* cannot be written: "):
        lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)


def test_an_error_that_is_not_about_standard_output_is_not_blamed_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    pictures = write_collection(tmp_path / "pictures", 2)
    monkeypatch.setattr("lime_core.cli.audit.source_of", lambda *_: TinySource())
    monkeypatch.setattr("lime_core.audits.writer.AuditWriter.add", fail)
    assert main(["audit", str(pictures), "--output", str(tmp_path / "audit"), "--precision", "f32", "--quiet"]) == 1
    assert capsys.readouterr().err == f"error: The audit in {tmp_path / 'audit'} has failed: Input/output error.\n"


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError(errno.EIO, "lost"), lc.LimeError("no more")])
def test_a_failure_passes_through_and_finds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    pictures = write_collection(tmp_path / "pictures", 3)
    monkeypatch.setattr("lime_core.audits.writer.AuditWriter.add", fail)
    monkeypatch.setattr("lime_core.audits.task.Task.conclude", lambda *_, **__: pytest.fail("concluded"))
    with pytest.raises(type(error), match=str(error).split(" ")[-1].strip("'")):
        lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)


@pytest.mark.parametrize(
    ("restart", "moment", "said"),
    [
        ([], "begun", "What was explained is in {}; the same command goes on with it."),
        (["--restart"], "begun", "What was explained is in {}; the same command without --restart goes on with it."),
        ([], "loading", "No results were written."),
    ],
)
def test_an_interrupt_says_what_is_there_and_how_to_go_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    restart: list[str],
    moment: str,
    said: str,
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    pictures = write_collection(tmp_path / "pictures", 2)
    monkeypatch.setattr("lime_core.cli.audit.source_of", lambda *_: TinySource())
    place = "lime_core.audits.writer.AuditWriter.add" if moment == "begun" else "audits.tiny_model.TinySource.load"
    monkeypatch.setattr(place, interrupt)
    command = ["audit", str(pictures), "--output", str(tmp_path / "audit"), "--precision", "f32", "--quiet"]
    assert main([*command, *restart]) == 130
    assert capsys.readouterr().err.strip() == f"Interrupted. {said.format(tmp_path / 'audit')}"
