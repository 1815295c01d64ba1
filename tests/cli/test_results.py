"""The folder of results is written whole or not at all."""

from __future__ import annotations

import pytest

from lime_core.cli.results import writing
from lime_core.errors import LimeError


def fail_halfway(folder, error):
    with writing(folder) as draft:
        (draft / "numbers.json").write_text("half")
        raise error


def test_results_appear_beside_what_was_there(tmp_path):
    folder = tmp_path / "new" / "results"
    for text in ("first", "second"):
        with writing(folder) as draft:
            (draft / "numbers.json").write_text(text)
            assert not (folder / "numbers.json").exists() or text == "second"
        (folder / "mine.txt").write_text("mine")
    assert (folder / "numbers.json").read_text() == "second"
    assert sorted(file.name for file in folder.iterdir()) == ["mine.txt", "numbers.json"]


def test_nothing_is_left_of_results_that_were_not_finished(tmp_path):
    folder = tmp_path / "results"
    with pytest.raises(KeyboardInterrupt):
        fail_halfway(folder, KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_earlier_results_outlive_a_failure(tmp_path):
    (tmp_path / "numbers.json").write_text("earlier")
    with pytest.raises(KeyError):
        fail_halfway(tmp_path, KeyError)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["earlier"]


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LimeError, match="Choose another --output"), writing(tmp_path / "file" / "results"):
        pass
