"""File names of a run's results, and which files of an earlier run have to be removed from a folder."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from lime_core.answers.origin import Provenance

EXPLANATION, ATTRIBUTION, NEIGHBORHOOD, TRUST = FILES = (
    "explanation.json",
    "attribution.json",
    "neighborhood.npz",
    "trust.json",
)
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


def files_to_replace(folder: Path, command: str, about: Provenance) -> set[str]:
    """Return the names of an earlier run's files that must not stay beside new ones.

    Parameters
    ----------
    folder : Path
        Where they are.
    command : str
        ``explain`` or ``trust``. Earlier files of the same command are always removed.
    about : Provenance
        Model and picture of the new files. Files of the other command stay if they are about the same.
    """
    stale: set[str] = set()
    for name in (EXPLANATION, ATTRIBUTION, TRUST):
        document = _document(folder / name)
        if document is None:
            continue
        maker = "trust" if name == TRUST else "explain"
        origin = document.get("explanation") if name == TRUST else document
        if maker == command or not _is_about(origin, about):
            stale |= {name} if name == TRUST else {name, NEIGHBORHOOD, *_pictures(document)}
    return stale


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
    classes = document.get("classes")
    rows = classes if isinstance(classes, list) else []
    return {
        picture_name(rank, row["index"], row["name"])
        for rank, row in enumerate(rows, start=1)
        if isinstance(row, dict) and isinstance(row.get("name"), str) and isinstance(row.get("index"), int)
    }
