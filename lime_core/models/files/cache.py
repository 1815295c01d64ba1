"""The user's cache folder. Its files can always be made again, so an unusable one is not an error."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from lime_core.models.files.unfinished import age, remove_files, unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable


def cache_folder() -> Path | None:
    """Return the folder for results that are kept between runs; nothing is created.

    ``$LIMELIGHT_CACHE`` if set, else the platform's own folder: ``%LOCALAPPDATA%`` on Windows, ``~/Library/Caches`` on
    macOS, ``~/.cache`` elsewhere; ``$XDG_CACHE_HOME`` takes precedence over the latter two. None for a user without a
    home folder, and for a relative path in a working folder that is gone.
    """
    try:
        if given := os.environ.get("LIMELIGHT_CACHE"):
            return Path(given).absolute()
        return user_cache_path("limelight", appauthor=False, opinion=False)
    except (RuntimeError, OSError):
        return None


def read_cached(path: Path) -> bytes | None:
    """Return a file's content, or None if it cannot be read."""
    try:
        return path.read_bytes()
    except (OSError, MemoryError):
        return None


def write_cached(path: Path, parts: Iterable[bytes]) -> bool:
    """Write a file that appears complete or not at all; return whether it could be written."""
    try:
        with unfinished(path) as part:
            with part.open("xb") as file:
                file.writelines(parts)
            part.replace(path)
    except OSError:
        return False
    return True


def can_be_written(path: Path, size: int) -> bool:
    """Return whether a file of so many bytes could be written, by trying; nothing is left of that."""
    try:
        with unfinished(path) as part:
            part.write_bytes(bytes(size))
    except OSError:
        return False
    return True


def forget(folder: Path, pattern: str, keep: int) -> None:
    """Remove all but the `keep` newest files that match `pattern`."""
    with contextlib.suppress(OSError):
        remove_files(sorted(folder.glob(pattern), key=age)[keep:])
