"""Every version bound is written once; the app's list is the sum of the library's and those of its extras it uses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["dynamic"]


def lines(path: str) -> list[str]:
    """The entries of a requirements file, without comments."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_apps_list_is_the_core_and_every_extra_but_those_of_the_command_line():
    extras = SETUPTOOLS["optional-dependencies"]
    used = [path for name, extra in extras.items() if name not in ("all", "cloud", "ray") for path in extra["file"]]
    assert lines("requirements.txt") == [f"-r {path}" for path in SETUPTOOLS["dependencies"]["file"] + used]
    assert sorted(extras["all"]["file"]) == sorted(f"requirements/{name}.txt" for name in extras if name != "all")


def test_no_package_is_bounded_twice():
    files = [line.removeprefix("-r ") for line in lines("requirements.txt")] + ["tests/requirements.txt"]
    files += ["requirements/cloud.txt", "requirements/ray.txt"]
    names = [re.split("[=<>[]", entry)[0] for file in files for entry in lines(file) if not entry.startswith("-r ")]
    assert len(names) == len(set(names))
    assert "streamlit" in names
