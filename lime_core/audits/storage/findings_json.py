"""Findings as JSON, and back with every type checked."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Hashable
from typing import Any, Final, TypeVar

from lime_core.codec import from_null, to_null
from lime_core.errors import LimeError
from lime_core.explanation.documents import check_format

_FORMAT: Final = "limelight-findings/1"
_NEGATIVE: Final = "minus infinite"

T = TypeVar("T")


def write_json(findings: Any) -> str:
    """Return `Findings` as the text of ``audit.json``."""
    document = encode(findings)
    for candidate in document["shortcut_candidates"]:
        candidate["pictures"] = [{"path": path, "box": box} for path, box in candidate["pictures"]]
    coverage = document["representative"]
    document["representative"] = coverage.pop("pictures")
    return json.dumps({"format": _FORMAT, **document, "representative_coverage": coverage}, indent=1, allow_nan=False)


def read_json(kind: type[T], text: str | bytes) -> T:
    """Return the `Findings`, whose type is given, that `write_json` wrote.

    Raises
    ------
    LimeError
        When the text is not such a document, or is damaged.
    """
    try:
        document = json.loads(text)
        check_format(document, _FORMAT)
        for candidate in document["shortcut_candidates"]:
            candidate["pictures"] = [[held["path"], held["box"]] for held in candidate["pictures"]]
        document["representative"] = {"pictures": document["representative"], **document["representative_coverage"]}
        findings: T = _decode(kind, document, "it")
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, LimeError) as error:
        raise LimeError(f"Not readable findings of an audit (JSON): {error}") from error
    return findings


def encode(value: Any) -> Any:
    """Return a value ready for JSON.

    A dataclass becomes an object, with ``class`` for a field `class_name`; one that has `json_order` becomes the list
    of its fields in that order. NaN becomes null, and infinity a word.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        order = getattr(value, "json_order", None)
        if order is not None:
            return [encode(getattr(value, name)) for name in order]
        return {_key(field.name): encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return _NEGATIVE if value == -math.inf else to_null(value)


def _decode(kind: Any, value: Any, where: str) -> Any:
    """Return the value of a type that `encode` was given: a dataclass, a tuple, a union with None, or a plain type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _decode(inner[0], value, where)
    if origin is tuple:
        return _tuple(inner, value, where)
    if dataclasses.is_dataclass(kind):
        return _record(typing.cast("type[Any]", kind), value, where)
    if kind is float:
        number = -math.inf if value == _NEGATIVE else from_null(value)
        return float(_checked((float, int), number, where))
    return _checked((kind,), value, where)


def _tuple(inner: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    items = _checked((list,), value, where)
    kinds = (inner[0],) * len(items) if inner[-1] is Ellipsis else inner
    if len(kinds) != len(items):
        raise LimeError(f"{where} has {len(items)} items where {len(kinds)} are expected.")
    return tuple(
        _decode(kind, item, f"{where}[{index}]") for index, (kind, item) in enumerate(zip(kinds, items, strict=True))
    )


def _record(kind: type[Any], value: Any, where: str) -> Any:
    hints = _hints(typing.cast("Hashable", kind))
    names = [field.name for field in dataclasses.fields(kind)]
    order = getattr(kind, "json_order", None)
    if order is not None:
        items = _tuple(tuple(hints[name] for name in order), value, where)
        return kind(**dict(zip(order, items, strict=True)))
    given = _checked((dict,), value, where)
    missing = [_key(name) for name in names if _key(name) not in given]
    if missing:
        raise LimeError(f"{where} has no {', '.join(missing)}.")
    return kind(**{name: _decode(hints[name], given[_key(name)], f"{where}.{_key(name)}") for name in names})


@functools.cache
def _hints(kind: Hashable) -> dict[str, Any]:
    """Return the types of a dataclass's fields: looking them up takes longer than reading a record."""
    return typing.get_type_hints(kind)


def _key(name: str) -> str:
    return "class" if name == "class_name" else name


def _checked(kinds: tuple[type, ...], value: Any, where: str) -> Any:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise LimeError(f"{where} is {value!r:.60}; expected {kinds[0].__name__}.")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise LimeError(f"{where} is a number of more than 64 bits.")
    if isinstance(value, str) and not _is_text(value):
        raise LimeError(f"{where} is {value!r:.60}, which is not text: it holds half of a character.")
    return value


def _is_text(value: str) -> bool:
    """Return whether a text can be written as UTF-8; JSON can hold halves of characters, which cannot."""
    return value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value)
