"""Every version bound is written once, and the app's list is the sum of the library's and its extras'."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["dynamic"]


def lines(path: str) -> list[str]:
    """The entries of a requirements file, without comments."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_apps_list_is_the_core_and_every_extra():
    extras = SETUPTOOLS["optional-dependencies"]
    assert lines("requirements.txt") == [
        f"-r {path}" for path in SETUPTOOLS["dependencies"]["file"] + extras["all"]["file"]
    ]
    assert sorted(extras["all"]["file"]) == sorted(f"requirements/{name}.txt" for name in extras if name != "all")


def test_no_package_is_bounded_twice():
    files = [line.removeprefix("-r ") for line in lines("requirements.txt")] + ["tests/requirements.txt"]
    names = [entry.partition("=")[0].rstrip("<>") for file in files for entry in lines(file)]
    assert len(names) == len(set(names))
    assert "streamlit" in names
