"""The folders that the operator of this server allows visitors to look at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lime_core.audits.storage.audit_folder import ABOUT

FOLDERS_VARIABLE = "LIMELIGHT_FOLDERS"


def allowed_folders(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Return the folders of ``LIMELIGHT_FOLDERS`` by what visitors read: their last names; paths would tell too much.

    The variable holds them as ``PATH`` does, for example ``/data/animals:/data/audits``. Those that do not exist are
    left out.
    """
    given = [Path(text.strip()) for text in environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if text.strip()]
    return _named(path.resolve() for path in given if path.is_dir())


def picture_folders(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Return the allowed folders that are no audits."""
    return {name: path for name, path in allowed_folders(environ).items() if not _is_audit(path)}


def finished_audits(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Return the audits that are allowed folders, or lie directly in one."""
    found = []
    for folder in allowed_folders(environ).values():
        try:
            inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        except OSError:
            inside = []
        found += [path for path in (folder, *inside) if _is_audit(path)]
    return _named(found)


def within_allowed(path: Path, environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether a place lies in an allowed folder, wherever links lead."""
    resolved = path.resolve()
    return any(resolved.is_relative_to(folder) for folder in allowed_folders(environ).values())


def _is_audit(path: Path) -> bool:
    return (path / ABOUT).is_file()


def _named(paths: object) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in dict.fromkeys(paths):  # type: ignore[call-overload]
        name, number = path.name or "folder", 1
        while name in named:
            number += 1
            name = f"{path.name} ({number})"
        named[name] = path
    return named
