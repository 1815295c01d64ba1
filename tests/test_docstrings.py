"""Docstrings: what they point at is there."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "lime_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")])
NAMES = {name: file for file in FILES for name in re.findall(r"`(lime_core(?:\.\w+)+)`", file.read_text("utf-8"))}


def resolved(dotted: str) -> object:
    """The module, class, function or attribute with this dotted name; `AttributeError` where there is none."""
    parts = dotted.split(".")
    result: object = importlib.import_module(parts[0])
    for index, part in enumerate(parts[1:], start=2):
        try:
            result = getattr(result, part)
        except AttributeError:
            try:
                result = importlib.import_module(".".join(parts[:index]))
            except ModuleNotFoundError as error:
                raise AttributeError(f"There is no {dotted}.") from error
    return result


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_dotted_name_in_a_docstring_leads_somewhere(name):
    assert resolved(name) is not None, NAMES[name]


def test_a_name_that_has_moved_is_noticed():
    with pytest.raises(AttributeError, match=r"lime_core\.models\.preprocessing"):
        resolved("lime_core.models.preprocessing")
