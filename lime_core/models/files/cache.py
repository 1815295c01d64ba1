"""The user's cache folder. Its files can always be made again, so an unusable one is not an error."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Iterable

# Longer than any write takes: older unfinished files were left by a process that died.
_ABANDONED_SECONDS = 3600


def cache_folder() -> Path | None:
    """Return the folder for results that are kept between runs; nothing is created.

    ``$LIMELIGHT_CACHE`` if set, else the platform's own folder: ``%LOCALAPPDATA%`` on Windows, ``~/Library/Caches`` on
    macOS, ``~/.cache`` elsewhere; ``$XDG_CACHE_HOME`` takes precedence over the latter two. None for a user without a
    home folder.
    """
    if given := os.environ.get("LIMELIGHT_CACHE"):
        return Path(given).absolute()
    try:
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
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            file.writelines(parts)
        part.replace(path)
    except OSError:
        return False
    else:
        return True
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def forget(folder: Path, pattern: str, keep: int) -> None:
    """Remove all but the `keep` newest files that match `pattern`, and abandoned unfinished ones."""
    with contextlib.suppress(OSError):
        files = sorted(folder.glob(pattern), key=_age)
        abandoned = [path for path in folder.glob(f".{pattern}.*") if _age(path) > _ABANDONED_SECONDS]
        for path in files[keep:] + abandoned:
            # Another process may have removed it already, or may still be reading it, which Windows does not allow.
            with contextlib.suppress(OSError):
                path.unlink()


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")
