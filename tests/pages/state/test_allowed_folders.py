"""What the operator allows, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from lime_core.audits.storage.audit_folder import ABOUT
from pages.state.allowed_folders import (
    FOLDERS_VARIABLE,
    allowed_folders,
    finished_audits,
    picture_folders,
    within_allowed,
)


def environ_of(*folders: Path) -> dict[str, str]:
    return {FOLDERS_VARIABLE: os.pathsep.join(map(str, folders))}


def test_without_the_variable_nothing_is_allowed(tmp_path: Path) -> None:
    for environ in ({}, {FOLDERS_VARIABLE: ""}, {FOLDERS_VARIABLE: f" {os.pathsep} "}):
        assert allowed_folders(environ) == {}
        assert finished_audits(environ) == {}
        assert not within_allowed(tmp_path, environ)


def test_folders_are_called_by_their_last_names_and_told_apart(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "cats", tmp_path / "b" / "cats"
    for folder in (first, second):
        folder.mkdir(parents=True)
    environ = environ_of(first, second, tmp_path / "missing")
    assert allowed_folders(environ) == {"cats": first, "cats (2)": second}


def test_audits_are_told_from_pictures(tmp_path: Path) -> None:
    pictures, audits = tmp_path / "pictures", tmp_path / "audits"
    for folder in (pictures, audits / "one", audits / "two", audits / "deep" / "three"):
        folder.mkdir(parents=True)
    for folder in (audits / "one", audits / "two", audits / "deep" / "three"):
        (folder / ABOUT).write_text("{}", encoding="utf-8")
    assert list(finished_audits(environ_of(pictures, audits))) == ["one", "two"]
    assert list(picture_folders(environ_of(pictures, audits / "one"))) == ["pictures"]
    assert list(finished_audits(environ_of(audits / "one"))) == ["one"]


def test_links_lead_no_further_than_what_is_allowed(tmp_path: Path) -> None:
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    allowed.mkdir()
    outside.mkdir()
    (outside / ABOUT).write_text("{}", encoding="utf-8")
    (allowed / "link").symlink_to(outside)
    environ = environ_of(allowed)
    assert finished_audits(environ) == {}
    assert within_allowed(allowed / "deep" / "picture.png", environ)
    for place in (allowed / "link" / "x", allowed / ".." / "outside", outside, tmp_path / "allowed-too"):
        assert not within_allowed(place, environ)
