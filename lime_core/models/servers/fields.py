"""Fields of what a server sent, read with a check: a stranger's JSON can hold anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from lime_core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

T = TypeVar("T", dict[str, Any], list[Any], str)

_WORDS = {dict: "an object", list: "a list", str: "a text"}


def field_of(given: Any, key: str, kind: type[T], default: T | None = None) -> T:
    """Return a field of a JSON object.

    Parameters
    ----------
    given : object
        What should be a JSON object.
    key : str
        Name of the field.
    kind : {dict, list, str}
        What the field must be.
    default : optional
        Returned where the field is missing or null.

    Raises
    ------
    ModelError
        If it is something else, or a text that is not printable.
    """
    value = given.get(key) if isinstance(given, dict) else None
    if value is None and default is not None:
        return default
    if not isinstance(value, kind) or (isinstance(value, str) and not value.isprintable()):
        raise ModelError(f"The server's answer is not of its protocol: {key!r} is not {_WORDS[kind]}.")
    return value


def whole_number(value: Any, what: str, least: int = 0) -> int:
    """Return a whole number that came as a number or a text.

    Raises
    ------
    ModelError
        If it is none, or below `least`.
    """
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"-?[0-9]{1,18}", text) or int(text) < least:
        raise ModelError(f"The server's answer is not of its protocol: {what} is {quoted(value)}.")
    return int(text)


def quoted(value: Any) -> str:
    """Return a server's text in quotes, escaped and cut to a readable length."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def listed(names: Iterable[str]) -> str:
    """Return a server's names in quotes with commas between them, the first twenty of them."""
    given = list(names)
    return ", ".join([*(quoted(name) for name in given[:20]), *(["…"] if len(given) > 20 else [])]) or "none"
