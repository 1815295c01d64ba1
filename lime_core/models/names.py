"""Names of classes: any common form becomes a tuple of texts, anything else an error that says what is allowed."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Callable, Iterable, KeysView, Mapping, Set
from typing import Any

import numpy as np

from lime_core.errors import ModelError

_HINT = "give a list with one name a class, in the order of the model's outputs, or a dict from index to name"


def as_class_names(names: Any) -> tuple[str, ...]:
    """Return class names as text, in the order of the model's outputs.

    Parameters
    ----------
    names : iterable, mapping or None
        One name a class: a list, tuple, range, NumPy array ``(C,)`` or the like, of texts or numbers. Or a mapping
        from index to name (``{0: "cat"}``, ``{"0": "cat"}``) or from name to index (``{"cat": 0}``, the
        `class_indices` of Keras). None stands for no names.

    Returns
    -------
    tuple of str
        Empty where there are no names.

    Raises
    ------
    ModelError
        For a single text, for a set, which has no order, for a mapping whose indices are not 0..C-1 or that can be
        read both ways, and for names that are neither text nor number.
    """
    if names is None:
        return ()
    if isinstance(names, str | bytes | bytearray):
        raise ModelError(f"Class names are several texts; got the single one {_text(names)!r}: {_HINT}.")
    if isinstance(names, Set) and not isinstance(names, KeysView):
        raise ModelError(f"A set of class names has no order, so it is unclear which name is whose: {_HINT}.")
    if isinstance(names, Mapping):
        return _from_mapping(names)
    if isinstance(names, np.ndarray) and names.ndim != 1:
        raise ModelError(f"Class names in an array must have the shape (classes,); got {names.shape}.")
    if not isinstance(names, Iterable):
        raise ModelError(f"{type(names).__name__} holds no class names: {_HINT}.")
    return tuple(_name(position, name) for position, name in enumerate(names))


def numbered_names(count: int) -> tuple[str, ...]:
    """Return ``class 0``, ``class 1`` ... for a model whose classes have no names."""
    return tuple(f"class {index}" for index in range(count))


def check_count(names: tuple[str, ...], count: int) -> None:
    """Raise `ModelError` unless there is one name for each of `count` outputs."""
    if len(names) != count:
        raise ModelError(
            f"The model has {count} classes, but {len(names)} class names were given: give one name for each of its "
            "outputs, in their order."
        )


def _from_mapping(names: Mapping[Any, Any]) -> tuple[str, ...]:
    readings, problems = [], []
    by_index, by_name = list(names.items()), [(value, key) for key, value in names.items()]
    for pairs in (by_index, by_name):
        try:
            readings.append(_ordered(pairs))
        except ModelError as error:
            problems.append(error)
    if not readings:
        # Report the reading that was meant: index → name if all keys are indices, name → index otherwise.
        raise problems[0 if all(_index(key) is not None for key in names) else 1]
    if len(set(readings)) > 1:
        raise ModelError(
            f"These class names can be read both as index → name and as name → index: {_HINT} that is not a number."
        )
    return readings[0]


def _ordered(pairs: list[tuple[Any, Any]]) -> tuple[str, ...]:
    indices = [_index(index) for index, _ in pairs]
    if any(index is None for index in indices):
        raise ModelError(f"A dict of class names must give indices 0, 1, 2 … to names, or names to indices: {_HINT}.")
    given = [index for index in indices if index is not None]
    twice = [index for index, count in Counter(given).items() if count > 1]
    if twice:
        raise ModelError(f"Two class names have the index {min(twice)}; each class has one index of its own.")
    missing = sorted(set(range(len(given))) - set(given))
    if missing:
        raise ModelError(
            f"The indices of {len(given)} class names must be 0..{len(given) - 1}; {missing[0]} is missing, but "
            f"{max(given)} is given."
        )
    by_index = dict(zip(given, (name for _, name in pairs), strict=True))
    return tuple(_name(index, by_index[index]) for index in range(len(given)))


def _index(value: Any) -> int | None:
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0:
        return int(value)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return int(value)
    return None


def _name(position: int, name: Any) -> str:
    if isinstance(name, str | bytes | numbers.Number | np.generic):
        return _text(name)
    raise ModelError(f"The name of class {position} must be a text or a number; got {type(name).__name__}.")


def _text(name: Any) -> str:
    convert: Callable[[Any], str] = _decoded if isinstance(name, bytes | bytearray) else str
    # Invalid Unicode, such as half a surrogate pair, could not be written to a file later.
    return convert(name).encode("utf-8", "replace").decode("utf-8")


def _decoded(name: bytes | bytearray) -> str:
    return bytes(name).decode("utf-8", "replace")
