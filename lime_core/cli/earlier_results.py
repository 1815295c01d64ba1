"""File names of a run's results, and which files of an earlier run have to be removed from a folder."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.answers.origin import Provenance

EXPLANATION, ATTRIBUTION, NEIGHBORHOOD, TRUST, METHODS = FILES = (
    "explanation.json",
    "attribution.json",
    "neighborhood.npz",
    "trust.json",
    "methods.json",
)
_MAKERS = {EXPLANATION: "explain", ATTRIBUTION: "explain", TRUST: "trust", METHODS: "methods"}
_LONGEST_SLUG = 80
_ORIGIN = ("model", "weights_sha256", "image_sha256")


def picture_name(rank: int, index: int, class_name: str) -> str:
    """Return the file name of a class's picture, such as ``1-egyptian-cat.png``.

    Parameters
    ----------
    rank : int
        Position of the class among those explained, from 1; it keeps names apart.
    index : int
        Class index, used for a name without any Latin letter or digit.
    class_name : str
        Any text.

    Returns
    -------
    str
        Of ``a-z``, ``0-9``, ``-`` and one dot, at most 100 characters: safe on every file system.
    """
    latin = unicodedata.normalize("NFKD", class_name).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", latin.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    return f"{rank}-{slug or index}.png"


def picture_of_method(method: str, picture: str) -> str:
    """Return the file name of a class's picture by one of several methods, such as ``rise-1-egyptian-cat.png``."""
    return f"{method}-{picture}"


def files_to_replace(folder: Path, command: str, about: Provenance) -> set[str]:
    """Return the names of an earlier run's files that must not stay beside new ones.

    Parameters
    ----------
    folder : Path
        Where they are.
    command : str
        ``explain``, ``trust`` or ``methods``. Earlier files of the same command are always removed.
    about : Provenance
        Model and picture of the new files. Files of the other commands stay if they are about the same.
    """
    stale: set[str] = set()
    for name, maker in _MAKERS.items():
        document = _document(folder / name)
        if document is None:
            continue
        origin = document.get("explanation") if name == TRUST else document
        if maker == command or not _is_about(origin, about):
            stale |= _files_of(name, document)
    return stale


def _files_of(name: str, document: dict[str, Any]) -> set[str]:
    """Return the names of the files that were written with a document, its own among them."""
    if name == TRUST:
        return {name}
    if name == METHODS:
        pictures = (
            picture_of_method(row["method"], picture)
            for row in _rows(document, "methods")
            if isinstance(row.get("method"), str) and re.fullmatch(r"[a-z0-9_]+", row["method"])
            for picture in _pictures(row)
        )
        return {name, *pictures}
    return {name, NEIGHBORHOOD, *_pictures(document)}


def _document(path: Path) -> dict[str, Any] | None:
    """Return the contents of a JSON file: empty if it is damaged, None if there is no file."""
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _is_about(document: Any, about: Provenance) -> bool:
    origin = document.get("provenance") if isinstance(document, dict) else None
    return isinstance(origin, dict) and all(origin.get(name) == getattr(about, name) for name in _ORIGIN)


def _pictures(document: dict[str, Any]) -> set[str]:
    return {
        picture_name(rank, row["index"], row["name"])
        for rank, row in enumerate(_rows(document, "classes"), start=1)
        if isinstance(row.get("name"), str) and isinstance(row.get("index"), int)
    }


def _rows(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return a list of objects in a document; anything else that stands there is an empty object."""
    rows = document.get(name)
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []
