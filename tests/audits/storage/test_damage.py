"""Files of an audit that are damaged, or are none of its own: always a sentence that says which and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from audits.tiny_model import SPEC, TinyClassifier, write_collection

import lime_core as lc
from lime_core.audits.storage.audit_folder import AuditFolder
from lime_core.audits.storage.tables import EXPLANATIONS, SUPERPIXELS, THUMBNAILS


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_collection(tmp_path / "pictures", 3)


def audited(pictures: Path) -> AuditFolder:
    return lc.audit(pictures, TinyClassifier(), pictures.parent / "audit", SPEC)


@pytest.mark.parametrize("kind", [EXPLANATIONS, SUPERPIXELS, THUMBNAILS])
@pytest.mark.parametrize("damage", [lambda data: data[:500], lambda data: data[:8] + b"\xff" * 40 + data[48:]])
def test_a_damaged_table_is_named_and_without_it_its_pictures_are_explained_again(
    pictures: Path, kind: str, damage: object
) -> None:
    folder = audited(pictures)
    whole = folder.table(kind).to_pylist()
    (file,) = (folder.path / kind).glob("*.parquet")
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(
        lc.LimeError, match=r"^.*part-000000-000000\.parquet cannot be read, or is damaged: .*delete it"
    ):
        audited(pictures)
    file.unlink()
    assert audited(pictures).table(kind).to_pylist() == whole


def test_a_damaged_note_is_named(pictures: Path) -> None:
    folder = audited(pictures)
    (file,) = (folder.path / EXPLANATIONS).glob("*.parquet")
    file.with_suffix(".replaces.json").write_text("[")
    with pytest.raises(lc.LimeError, match=r"part-000000-000000\.replaces\.json is damaged"):
        audited(pictures)


def test_hidden_things_of_others_in_a_data_set_stay(pictures: Path) -> None:
    folder = audited(pictures)
    (folder.path / THUMBNAILS / ".ipynb_checkpoints").mkdir()
    (folder.path / THUMBNAILS / ".nfs0001").write_text("of a file system")
    assert audited(pictures).findings().pictures == 3
    assert (folder.path / THUMBNAILS / ".ipynb_checkpoints").is_dir()
    assert (folder.path / THUMBNAILS / ".nfs0001").is_file()
