"""Beginning an audit anew, or in a folder where something else is: only what an audit has written is ever touched."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from audits.tiny_model import SPEC, TinyClassifier, write_collection, write_picture

import lime_core as lc
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, SUPERPIXELS


def contents(root: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file() and file.name != ".lock"}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("output", ["pictures", "pictures/..", "pictures/members", "."])
def test_folders_of_pictures_that_are_named_like_those_of_an_audit_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, restart: bool
) -> None:
    for name in ("members/a.png", "thumbnails/b.png", "members/explanations/c.png"):
        write_picture(tmp_path / "pictures" / name, len(name))
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(lc.LimeError, match=r"is or contains .*pictures|holds something that is no audit: explanations"):
        lc.audit("pictures", TinyClassifier(), output, SPEC, restart=restart)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("name", ["report.html", "audit.json", "about.json", "skipped"])
def test_files_of_the_user_are_not_overwritten(tmp_path: Path, name: str, restart: bool) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / name).write_text('{"mine": 1}')
    before = contents(tmp_path)
    with pytest.raises(lc.LimeError, match=f"no audit: {name}, without an about.json .* Choose another output folder"):
        lc.audit(pictures, TinyClassifier(), tmp_path / "thesis", SPEC, restart=restart)
    assert contents(tmp_path) == before


def test_an_audit_may_lie_inside_of_the_folder_of_its_pictures(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    for restart in (False, True):
        found = lc.audit(pictures, TinyClassifier(), pictures / "audit", SPEC, restart=restart).findings()
        assert (found.pictures, found.skipped) == (2, 0)


def test_a_restart_deletes_what_the_audit_has_written_and_nothing_else(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 3)
    folder = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    kept = [folder.path / "notes.txt", folder.path / EXPLANATIONS / "notes.txt", folder.path / SUPERPIXELS / ".hidden"]
    for file in kept:
        file.write_text("mine")
    draft = folder.path / EXPLANATIONS / f".part-000000-000000-{'0' * 32}"
    draft.write_text("half of a file")
    lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC, restart=True)
    assert all(file.read_text() == "mine" for file in kept)
    assert not draft.exists()
    assert len(folder.table(SUPERPIXELS)) == 6 * len(folder.table(EXPLANATIONS))


def test_a_data_set_behind_a_link_is_begun_anew_as_well(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 3)
    folder = lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    shutil.move(folder.path / EXPLANATIONS, tmp_path / "elsewhere")
    (folder.path / EXPLANATIONS).symlink_to(tmp_path / "elsewhere")
    lc.audit(pictures, TinyClassifier(), tmp_path / "audit", replace(SPEC, samples=20), restart=True)
    assert set(folder.table(EXPLANATIONS)["calls"].to_pylist()) == {21}
    assert (folder.path / EXPLANATIONS).is_symlink()


def test_what_cannot_be_deleted_is_an_error_in_words(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    (tmp_path / "audit" / "report.html").unlink()
    (tmp_path / "audit" / "report.html").mkdir()
    with pytest.raises(lc.LimeError, match=r"report\.html cannot be deleted: .*Delete it yourself"):
        lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC, restart=True)
    assert len(AuditFolder(tmp_path / "audit").table(EXPLANATIONS)) > 0


@pytest.mark.parametrize(
    ("model", "precision"),
    [
        ("efficientnet_lite00", "f32"),
        (TinyClassifier(), "bf16"),
        (lc.ModelSource("efficientnet_lite0", labels=["a"]), "f32"),
    ],
)
def test_a_restart_with_a_model_that_cannot_be_used_leaves_the_audit_as_it_was(
    tmp_path: Path, model: object, precision: str
) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    lc.audit(pictures, TinyClassifier(), tmp_path / "audit", SPEC)
    before = contents(tmp_path / "audit")
    with pytest.raises(lc.LimeError):
        lc.audit(pictures, model, tmp_path / "audit", SPEC, restart=True, precision=precision)
    assert contents(tmp_path / "audit") == before
