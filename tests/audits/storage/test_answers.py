"""The answers that an audit keeps: those of the model, for as long as the picture is explained with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audits.tiny_model import SPEC, TinyClassifier, TinySource, write_collection, write_picture

import lime_core as lc
from lime_core.audits.beginning import opened, prepared
from lime_core.audits.storage.answers import ANSWERS, KeptAnswers
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS
from lime_core.audits.workers.explainer import seed_of
from lime_core.collections import open_collection

if TYPE_CHECKING:
    from pathlib import Path

PLENTY = 1 << 30


def explain(
    pictures: Path, folder: Path, *, workers: int = 1, answers_bytes: int = PLENTY, restart: bool = False
) -> None:
    with opened(folder) as audit:
        task = prepared(
            audit, open_collection(pictures), TinySource(), SPEC, "f32", restart=restart, answers_bytes=answers_bytes
        )
        task.explain(workers=workers)


def kept(folder: Path) -> list[str]:
    """Names of all files with answers, and of whatever else lies among them."""
    return sorted(file.name for file in (folder / ANSWERS).iterdir()) if (folder / ANSWERS).exists() else []


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_kept_is_what_the_model_answers(tmp_path: Path, workers: int) -> None:
    pictures = write_collection(tmp_path / "pictures", 4)
    explain(pictures, tmp_path / "audit", workers=workers)
    folder = AuditFolder(tmp_path / "audit")
    paths = {row["picture"] for row in folder.table(EXPLANATIONS).to_pylist()}
    assert len(kept(folder.path)) == len(paths) == 4
    for path in paths:
        found = lc.Neighborhood.load_npz(KeptAnswers(folder).file(path))
        image = lc.load_image(pictures / path)
        expected = lc.query(image, TinyClassifier(), replace(SPEC, seed=seed_of(SPEC.seed, image.sha256)))
        np.testing.assert_array_equal(found.masks, expected.masks)
        np.testing.assert_array_equal(found.outputs, expected.outputs)


def test_nothing_is_kept_unless_that_is_asked_for(tmp_path: Path) -> None:
    explain(write_collection(tmp_path / "pictures", 2), tmp_path / "audit", answers_bytes=0)
    assert kept(tmp_path / "audit") == []
    lc.audit(tmp_path / "pictures", TinySource(), tmp_path / "other", SPEC, keep_answers=True)
    assert len(kept(tmp_path / "other")) == 2


def test_no_more_is_kept_than_there_is_room_for_also_by_an_audit_that_goes_on(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 3)
    explain(pictures, tmp_path / "all")
    sizes = [file.stat().st_size for file in (tmp_path / "all" / ANSWERS).iterdir()]
    room = 2 * max(sizes) + 10
    assert room < sum(sizes)
    explain(pictures, tmp_path / "some", answers_bytes=room)
    assert len(kept(tmp_path / "some")) == 2
    write_picture(pictures / "one more.png", 9)
    explain(pictures, tmp_path / "some", answers_bytes=room)
    assert len(kept(tmp_path / "some")) == 2


def test_the_answers_about_a_picture_go_with_its_explanation(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 3)
    explain(pictures, tmp_path / "audit")
    path = AuditFolder(tmp_path / "audit").table(EXPLANATIONS)["picture"][0].as_py()
    file = KeptAnswers(AuditFolder(tmp_path / "audit")).file(path)
    before = kept(tmp_path / "audit")
    draft = file.parent / f".{file.stem}-{'0' * 32}"
    draft.write_bytes(b"half")
    write_picture(pictures / path, 250)
    explain(pictures, tmp_path / "audit", answers_bytes=0)
    assert kept(tmp_path / "audit") == [name for name in before if name != file.name]


def test_an_audit_that_is_begun_anew_keeps_none_of_the_earlier_answers(tmp_path: Path) -> None:
    pictures = write_collection(tmp_path / "pictures", 2)
    explain(pictures, tmp_path / "audit")
    mine = tmp_path / "audit" / ANSWERS / "mine.txt"
    mine.write_text("not an audit's")
    explain(pictures, tmp_path / "audit", answers_bytes=0, restart=True)
    assert kept(tmp_path / "audit") == [mine.name]


def test_a_folder_with_other_answers_is_no_output(tmp_path: Path) -> None:
    (tmp_path / "audit" / ANSWERS).mkdir(parents=True)
    with pytest.raises(lc.LimeError, match="no audit: answers"):
        explain(write_collection(tmp_path / "pictures", 1), tmp_path / "audit")
