"""What self-contained HTML pages have in common: templates, and settings in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined


def templates(*packages: str) -> Environment:
    """Return the templates of some packages and of this one; every value is escaped."""
    return Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "lime_core.show")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def readable(value: Any) -> str:
    """Return a setting in words: ``blur (sigma 12)`` for a choice with parameters."""
    if isinstance(value, Mapping):
        inner = [f"{name} {readable(each)}" for name, each in value.items() if name not in ("name", "labels", "ids")]
        name = str(value.get("name", ""))
        return f"{name} ({', '.join(inner)})".strip() if inner else name
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return " ".join(readable(each) for each in value)
    return "not set" if value is None else str(value)
