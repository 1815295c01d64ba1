"""Class names in a file: text, JSON or CSV, in the encodings that people's editors write."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lime_core.errors import ModelError, in_words
from lime_core.models.names import as_class_names

MOST_BYTES = 16 * 2**20
MOST_NAMES = 200_000
_LONGEST_NAME = 1000  # characters

_NUMBERED = re.compile(r"(\d{1,6})[\s:,;]+(\S.*)", re.ASCII)
_NUMBERS_LEFT_OUT = "The lines of {} begin with their class index; it orders the names and is left out of them."
_ENDINGS = (".txt", ".json", ".csv", ".tsv", ".names", ".labels")
_INDEX_HEADINGS = frozenset({"index", "id", "idx", "class_id", "class_index", "label_id", "number", "no"})
_NAME_HEADINGS = frozenset({"name", "label", "class", "class_name", "classname", "display_name", "title", "category"})


@dataclass(frozen=True, slots=True)
class Labels:
    """Class names, and what there is to say of how they were read.

    Attributes
    ----------
    names : tuple of str
        In the order of the model's outputs.
    notes : tuple of str
        Which reading was taken where there were two.
    """

    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_labels(source: str | os.PathLike[str] | bytes, name: str | None = None) -> tuple[str, ...]:
    """Read class names from a file.

    Parameters
    ----------
    source : str, path or bytes
        The file, or its content: a text with one name a line; JSON with a list of names, ``{"0": "cat"}`` or
        ``{"cat": 0}`` (Keras's `class_indices`); or CSV with a column of names, with or without a column of indices and
        headings. UTF-8, UTF-16 with a byte order mark, or Latin-1.
    name : str, optional
        Name of the file in messages, and for its ending, if `source` is the content.

    Returns
    -------
    tuple of str
        In the order of the model's outputs.

    Raises
    ------
    ModelError
        If the file cannot be read, is larger than 16 MB, or holds no class names.
    """
    return labels_from(source, name).names


def labels_from(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Labels:
    """Read class names from a file as `read_labels` does, and return them with notes."""
    called = name or ("the labels" if isinstance(source, bytes) else Path(source).name)
    content = source if isinstance(source, bytes) else _content(Path(source))
    if len(content) > MOST_BYTES:
        raise ModelError(f"{called} is larger than {MOST_BYTES // 2**20} MB, which no file of class names is.")
    text, notes = _decoded(content, called)
    try:
        names, remarks = _parsed(text, called)
        _check(names)
    except ModelError as error:
        raise ModelError(f"{called} cannot be read as class names: {str(error).rstrip('.')}.") from error
    if not names:
        raise ModelError(f"{called} holds no class names.")
    return Labels(names, notes + remarks)


def as_labels(given: Any) -> Labels:
    """Return class names in any form: a path to a file of `read_labels`, or what `as_class_names` takes.

    Raises
    ------
    ModelError
        As `read_labels` for a path, and as `as_class_names` for anything else.
    """
    if isinstance(given, os.PathLike):
        return labels_from(given)
    if isinstance(given, str) and (given.lower().endswith(_ENDINGS) or _is_file(given)):
        return labels_from(given)
    return Labels(as_class_names(given))


def _is_file(given: str) -> bool:
    try:
        return Path(given).is_file()
    except (OSError, ValueError):
        return False


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise ModelError(f"There is no file of class names {str(path)!r}.")
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ModelError(f"The class names in {str(path)!r} could not be read: {in_words(error)}") from error


def _decoded(content: bytes, called: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file, and a note where its encoding is a guess."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if not wide and b"\0" in content:
        raise ModelError(f"{called} is no text, so it holds no class names: {content[:8]!r} …")
    try:
        return content.decode("utf-16" if wide else "utf-8-sig"), ()
    except UnicodeDecodeError:
        if wide:
            raise ModelError(f"{called} begins as UTF-16 but is damaged; save it as UTF-8.") from None
    note = f"{called} is not UTF-8, so its class names were read as Latin-1; save it as UTF-8 if letters are wrong."
    return content.decode("latin-1"), (note,)


def _parsed(text: str, called: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names in a text, and a note where something was left out."""
    begins, ending = text.lstrip()[:1], Path(called).suffix.lower()
    if ending == ".json" or (begins in ("[", "{") and ending not in (".csv", ".tsv")):
        try:
            return _from_json(text), ()
        except json.JSONDecodeError as error:
            # A text may begin with a bracket as well, unless it is said to be JSON.
            if ending == ".json":
                raise ModelError(f"it is not valid JSON: {error}") from error
        except RecursionError as error:
            raise ModelError("its JSON is nested too deeply") from error
    if ending in (".csv", ".tsv"):
        return _from_table(text, ending), ()
    return _from_lines(text, called)


def _from_json(text: str) -> tuple[str, ...]:
    document = json.loads(text, object_pairs_hook=_without_doubles)
    if not isinstance(document, list | Mapping):
        raise ModelError(f"its JSON is {type(document).__name__}; expected a list of names or an object")
    if isinstance(document, Mapping) and document and all(isinstance(value, list) for value in document.values()):
        # Keras's imagenet_class_index.json: {"0": ["n01440764", "tench"], …}
        document = {key: value[-1] if value else None for key, value in document.items()}
    return as_class_names(document)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dict of a JSON object; of two equal keys Python would silently keep the last."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ModelError("its JSON has the same key twice")
    return made


def _from_lines(text: str, called: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    # Not `splitlines`, which also splits at characters that stand inside names, such as a form feed.
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if "" in lines:
        raise ModelError(f"line {lines.index('') + 1} is empty, so it is unclear whose name is missing")
    numbered = [_NUMBERED.match(line) for line in lines]
    pairs = [(int(match[1]), match[2]) for match in numbered if match is not None]
    if len(lines) > 1 and sorted(index for index, _ in pairs) == list(range(len(lines))):
        # As "0 cat", "1 dog" …: what Teachable Machine and others write.
        return tuple(name for _, name in sorted(pairs)), (_NUMBERS_LEFT_OUT.format(called),)
    return tuple(lines), ()


def _from_table(text: str, ending: str) -> tuple[str, ...]:
    first_line = text.lstrip().split("\n", 1)[0]
    separators = "\t" if ending == ".tsv" else ",;\t"
    separator = max(separators, key=first_line.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise ModelError(f"it is not valid CSV: {error}") from error
    rows = [row for row in rows if any(row)]
    if not rows:
        return ()
    width = len(rows[0])
    uneven = next((number for number, row in enumerate(rows, start=1) if len(row) != width), None)
    if uneven is not None:
        raise ModelError(f"row {uneven} has {len(rows[uneven - 1])} cells where the first has {width}")
    headings = [cell.lower().replace(" ", "_") for cell in rows[0]] if _is_heading(rows[0], rows[1:]) else [""] * width
    body = rows[1:] if any(headings) else rows
    if not body:
        return ()
    index, name = _columns(headings, body)
    if index is None:
        return tuple(row[name] for row in body)
    return as_class_names(_without_doubles([(row[index], row[name]) for row in body]))


def _is_heading(row: list[str], others: list[list[str]]) -> bool:
    """Return whether the first row of a table names its columns."""
    if any(_is_index(cell) for cell in row):
        return False
    known = _INDEX_HEADINGS | _NAME_HEADINGS
    if any(cell.lower().replace(" ", "_") in known for cell in row):
        return True
    return bool(others) and any(all(_is_index(cell) for cell in column) for column in zip(*others, strict=True))


def _columns(headings: list[str], body: list[list[str]]) -> tuple[int | None, int]:
    """Return which column holds the indices, if any, and which the names."""
    width = len(headings)
    numeric = [column for column in range(width) if all(_is_index(row[column]) for row in body)]
    indices = [column for column in numeric if headings[column] in _INDEX_HEADINGS] or numeric
    texts = [column for column in range(width) if column not in numeric]
    names = [column for column in texts if headings[column] in _NAME_HEADINGS] or texts
    if width == 1:
        return None, 0
    if not names and len(indices) == 1:
        names = [column for column in range(width) if column not in indices]
    if len(names) != 1 or len(indices) > 1:
        raise ModelError(
            f"it has {width} columns, and it is unclear which holds the names; keep the columns 'index' and 'name' only"
        )
    return (indices[0] if indices else None), names[0]


def _is_index(cell: str) -> bool:
    return cell.isascii() and cell.isdigit()


def _check(names: tuple[str, ...]) -> None:
    if len(names) > MOST_NAMES:
        raise ModelError(f"it has {len(names):,} names; at most {MOST_NAMES:,} are allowed")
    longest = max(names, key=len, default="")
    if len(longest) > _LONGEST_NAME:
        raise ModelError(f"a name has {len(longest):,} characters ({longest[:40]!r} …); is it a file of class names?")
